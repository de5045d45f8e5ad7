/*
 * command.h -- the commands of SMTP: which exist, where each is legal.
 */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include "base/slice.h"
#include "base/status.h"
#include "smtpd/reply.h"

struct smtp_session;

/* The resting taker: one command line. */
enum status command_take(struct smtp_session *s);

/* For takers of lines: this one is too long.  Its rest is thrown away, then comes the refusal. */
void command_skip_line(struct smtp_session *s, size_t used);

/*
 * Handlers.  args: what stands behind the verb, without blanks at its ends.
 * Each gives its answer; on anything but success it has changed nothing.
 */
enum smtp_answer cmd_auth(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_bdat(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_data(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_ehlo(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_expn(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_helo(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_help(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_mail(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_noop(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_quit(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_rcpt(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_rset(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_starttls(struct smtp_session *s, struct slice args);
enum smtp_answer cmd_vrfy(struct smtp_session *s, struct slice args);

#endif
