#include "smtpd/relay_reply.h"

#include <string.h>

#include "wire/smtp_reply.h"

void
relay_clean(struct slice text, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len && n + 1 < size; i++) {
		char c = text.ptr[i];

		out[n++] = c == '\t' ? ' ' : c >= ' ' && c < 127 ? c : '?';
	}
	out[n] = '\0';
}

void
relay_reply_reset(struct relay_reply *r)
{
	*r = (struct relay_reply){ 0 };
}

static void
add_text(struct relay_reply *r, struct slice text)
{
	size_t n = strlen(r->text);

	text = slice_trim(text);
	if (text.len == 0)
		return;
	if (n > 0 && n + 1 < sizeof(r->text))
		r->text[n++] = ' ';
	relay_clean(text, r->text + n, sizeof(r->text) - n);
}

enum status
relay_reply_add(struct relay_reply *r, struct slice line)
{
	struct smtp_reply_line parsed;
	enum status st = smtp_reply_parse(line, &parsed);

	if (st != STATUS_OK)
		return st;
	if (r->lines > 0 && parsed.code != r->code)
		return STATUS_SYNTAX;
	if (r->lines == RELAY_LINES_MAX)
		return STATUS_LIMIT;
	r->lines++;
	r->code = parsed.code;
	if (r->enhanced[0] == '\0')
		relay_clean(parsed.enhanced, r->enhanced, sizeof(r->enhanced));
	add_text(r, parsed.text);
	r->is_complete = parsed.place == SMTP_REPLY_LAST;
	return r->is_complete ? STATUS_OK : STATUS_PENDING;
}

static const struct {
	const char *name;
	enum relay_verdict on_refusal;	/* what 5xx means */
	uint16_t go_on;			/* the code of yes; 0: all of 2xx */
	const char *enhanced[2];	/* where the server gave none, for 4xx and 5xx */
} phases[RELAY_PHASE_COUNT] = {
	[RELAY_CONNECT] = { "connecting", RELAY_LATER, 220, { "4.4.1", "4.4.1" } },
	[RELAY_HELLO] = { "EHLO", RELAY_LATER, 0, { "4.4.1", "4.4.1" } },
	[RELAY_TLS] = { "STARTTLS", RELAY_LATER, 220, { "4.7.4", "4.7.4" } },
	[RELAY_AUTH] = { "AUTH", RELAY_LATER, 0, { "4.7.0", "4.7.8" } },
	[RELAY_SENDER] = { "MAIL", RELAY_FAILED, 0, { "4.3.0", "5.1.8" } },
	[RELAY_RECIPIENT] = { "RCPT", RELAY_FAILED, 0, { "4.2.0", "5.1.0" } },
	[RELAY_DATA] = { "DATA", RELAY_FAILED, 354, { "4.3.0", "5.3.0" } },
	[RELAY_TEXT] = { "the text", RELAY_FAILED, 0, { "4.3.0", "5.6.0" } },
};

/* Where a code means something else than its class in that phase; enhanced: a prefix. */
static const struct {
	enum relay_phase phase;
	uint16_t code;
	const char *enhanced;
	enum relay_verdict verdict;
	const char *instead;	/* enhanced code where the server gave none; NULL: the phase's */
} exceptions[] = {
	/* RFC 7504: this host never takes mail. */
	{ RELAY_CONNECT, 521, "", RELAY_FAILED, "5.3.2" },
	/* A route that wants AUTH, or a wrong password: the administrator can mend it. */
	{ RELAY_SENDER, 530, "", RELAY_LATER, "4.7.0" },
	{ RELAY_SENDER, 535, "", RELAY_LATER, "4.7.8" },
	{ RELAY_SENDER, 538, "", RELAY_LATER, "4.7.11" },
	{ RELAY_SENDER, 552, "", RELAY_FAILED, "5.3.4" },
	{ RELAY_SENDER, 555, "", RELAY_FAILED, "5.5.4" },
	{ RELAY_RECIPIENT, 530, "", RELAY_LATER, "4.7.0" },
	/* RFC 5321 s.4.5.3.1.10: old servers say 552 for "too many recipients". */
	{ RELAY_RECIPIENT, 552, "5.2", RELAY_FAILED, NULL },
	{ RELAY_RECIPIENT, 552, "5.3", RELAY_FAILED, NULL },
	{ RELAY_RECIPIENT, 552, "", RELAY_LATER, "4.5.3" },
	{ RELAY_RECIPIENT, 556, "", RELAY_FAILED, "5.1.10" },
	{ RELAY_TEXT, 552, "", RELAY_FAILED, "5.3.4" },
};

static void
set_enhanced(struct relay_result *out, const char *text)
{
	relay_clean(slice_from_cstr(text), out->enhanced, sizeof(out->enhanced));
}

/* The text as people read it: code, enhanced code, words. */
static void
set_text(struct relay_result *out, enum relay_phase phase, const struct relay_reply *r)
{
	struct buf text = buf_init(2 * RELAY_TEXT_MAX);

	buf_append_u64(&text, r->code);
	if (r->enhanced[0] != '\0')
		buf_printf(&text, " %s", r->enhanced);
	if (r->text[0] != '\0')
		buf_printf(&text, " %s", r->text);
	if (text.len > RELAY_TEXT_MAX - 32)
		buf_truncate(&text, RELAY_TEXT_MAX - 32);
	buf_printf(&text, " (in answer to %s)", phases[phase].name);
	relay_clean(buf_slice(&text), out->text, sizeof(out->text));
	buf_clear(&text);
}

static bool
is_exception(enum relay_phase phase, const struct relay_reply *r, struct relay_result *out)
{
	for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
		if (exceptions[i].phase != phase || exceptions[i].code != r->code ||
		    !slice_starts(slice_from_cstr(r->enhanced),
		    slice_from_cstr(exceptions[i].enhanced)))
			continue;
		out->verdict = exceptions[i].verdict;
		if (exceptions[i].instead != NULL && r->enhanced[0] == '\0')
			set_enhanced(out, exceptions[i].instead);
		return true;
	}
	return false;
}

struct relay_result
relay_judge(enum relay_phase phase, const struct relay_reply *r)
{
	struct relay_result out = { .verdict = RELAY_LATER, .code = r->code };
	unsigned class = r->code / 100;

	set_text(&out, phase, r);
	if (phases[phase].go_on == 0 ? class == 2 : r->code == phases[phase].go_on) {
		out.verdict = RELAY_SENT;
		set_enhanced(&out, r->enhanced);
		return out;
	}
	if (class < 4) {
		set_enhanced(&out, "4.5.0");	/* a yes to something else */
		return out;
	}
	set_enhanced(&out, r->enhanced[0] != '\0' ? r->enhanced
	    : phases[phase].enhanced[class == 5]);
	if (!is_exception(phase, r, &out) && class == 5)
		out.verdict = phases[phase].on_refusal;
	if (class == 5 && out.verdict == RELAY_LATER)
		out.enhanced[0] = '4';
	return out;
}

struct relay_result
relay_result_make(const char *enhanced, struct slice text)
{
	struct relay_result out = {
		.verdict = enhanced[0] == '5' ? RELAY_FAILED : RELAY_LATER,
	};

	set_enhanced(&out, enhanced);
	relay_clean(text, out.text, sizeof(out.text));
	return out;
}
