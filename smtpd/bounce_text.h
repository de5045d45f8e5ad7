/*
 * bounce_text.h -- reasons for which mail does not arrive, in words, by
 * enhanced status codes (RFC 3463).
 */
#ifndef SMTPD_BOUNCE_TEXT_H
#define SMTPD_BOUNCE_TEXT_H

struct bounce_reason {
	const char *code;	/* subject and detail, "1.1"; or subject alone, "1." */
	const char *what_zh, *do_zh;
	const char *what_en, *do_en;
};

/* The row for an enhanced code such as "5.1.1"; there is one for every code. */
const struct bounce_reason *bounce_reason(const char *enhanced);

#endif
