/*
 * log.h -- one event, one line, key=value, on standard error.
 * Every value is quoted and escaped where needed, long ones are cut, so that
 * a peer cannot forge a line.  Never logged: secrets, message text.
 *
 *	struct log_line l;
 *	log_begin(&l, LOG_INFO, "smtp.rcpt.refused", session->sid);
 *	log_slice(&l, "to", recipient);
 *	log_u64(&l, "code", 550);
 *	log_end(&l);
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

#define LOG_LINE_MAX 2048
#define LOG_VALUE_MAX 256

struct log_line {
	enum log_level level;
	bool is_cut;	/* a field found no room; log_end() says so with cut=yes */
	size_t len;
	char text[LOG_LINE_MAX];
};

/* Name of this program ("smtpd"), printed on each line; and the quietest level shown. */
void log_open(const char *program, enum log_level level);
enum log_level log_level_get(void);

/* event: "area.object.what", past tense.  sid: session id, or NULL. */
void log_begin(struct log_line *l, enum log_level level, const char *event, const char *sid);
void log_slice(struct log_line *l, const char *key, struct slice value);
void log_cstr(struct log_line *l, const char *key, const char *value);
void log_u64(struct log_line *l, const char *key, uint64_t value);
void log_status(struct log_line *l, enum status st, const struct problem *why);	/* status= why= */
void log_end(struct log_line *l);

/* An event without facts but one: log_event(LOG_WARN, "x.y.z", sid, "why", text). */
void log_event(enum log_level level, const char *event, const char *sid, const char *key,
    const char *value);

#endif
