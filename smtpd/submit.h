/*
 * submit.h -- a whole message on its way to policyd.  It outlives its session:
 * what policyd has begun is finished, and the log says what came of it.
 */
#ifndef SMTPD_SUBMIT_H
#define SMTPD_SUBMIT_H

#include "smtpd/reply.h"

struct smtp_server;
struct smtp_session;
struct smtp_submission;

/*
 * The text of s->tx has ended.  Gives the answer when the text is refused, the
 * session being reset already; else PENDING: policyd has it and will answer.
 */
enum smtp_answer submit_text(struct smtp_session *s);
/* The client is gone; the answer will only be logged. */
void submission_forget_session(struct smtp_submission *sub);
/* Give up waiting for all of them, for the end of the process. */
void submissions_free(struct smtp_server *server);

#endif
