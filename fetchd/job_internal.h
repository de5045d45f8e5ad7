/*
 * job_internal.h -- the steps of a job, shared by the files that take them.
 */
#ifndef FETCHD_JOB_INTERNAL_H
#define FETCHD_JOB_INTERNAL_H

#include "base/id.h"
#include "base/problem.h"
#include "fetchd/account.h"
#include "fetchd/intake.h"
#include "fetchd/job.h"
#include "fetchd/listing.h"
#include "fetchd/pop3_client.h"
#include "fetchd/settings.h"
#include "policy/client.h"

#define IN(step) (1u << (step))

enum job_step {
	JOB_DIAL,	/* a connection, and TLS where it comes first */
	JOB_GREETING,
	JOB_CAPA,	/* what the server can do; once more after STLS */
	JOB_STLS,
	JOB_SECRET,	/* policyd is asked for the password */
	JOB_LOGIN,
	JOB_UIDL,
	JOB_LIST,
	JOB_KNOWN,	/* policyd says what of it we have */
	JOB_COLLECT,
	JOB_REMOVING,	/* policyd is told what may go, before the server is */
	JOB_REMOVE,
	JOB_QUIT,
	JOB_REMOVED,	/* policyd is told what is gone */
	JOB_KEEP,	/* policyd is told what is still outside */
	JOB_OVER,
	JOB_STEP_COUNT
};

struct job {
	const struct job_host *host;
	struct account *account;
	struct job_memory memory;
	void (*ended)(void *ctx, uint32_t fetch, enum status st);
	void *ctx;
	char sid[ID_SID_LEN + 1];
	enum job_step step;
	struct timer *later;		/* the next step, from the loop */
	enum job_step next;

	struct dial *dial;
	struct pop3_client *client;
	struct tls_context *tls;
	unsigned capa;			/* POP3_CAPA_* */
	struct buf secret;
	uint32_t policy_call;		/* 0: none */

	struct listing listing;
	uint32_t asked;			/* entries policyd was asked or told about */
	uint32_t returned;		/* entries that the server had said are gone */
	uint32_t *wanted;
	uint32_t wanted_count, wanted_at;
	struct intake intake;
	char mid[ID_SID_LEN + 1];
	uint64_t received_at;
	int text;			/* sealed, with policyd; -1 */
	uint32_t remove_at;
	uint64_t reported_ms;

	struct policy_fetch_report report;
	struct problem why;		/* what the report says */
};

/* The only writer of the step. */
void job_enter(struct job *j, enum job_step next);
/* The run ends here, with this for the administrator. */
void job_fail(struct job *j, enum status st, const struct problem *why);
/* The same with words of ours. */
void job_fail_text(struct job *j, enum status st, const char *text);
/* One message stays outside; the run goes on. */
void job_miss(struct job *j, const struct listed *e, enum status st, const struct problem *why);
/* Tell policyd how far we are; not more than every two seconds. */
void job_progress(struct job *j);
/* Ask for a status line. */
void job_ask(struct job *j, struct slice command,
    void (*done)(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why));
/*
 * True when an answer is "+OK".  Otherwise the job has failed with what, and
 * what the server said.
 */
bool job_check(struct job *j, const char *what, enum status st, const struct pop3_reply *reply,
    const struct problem *why);

/* What each step does first: run by job_enter(), from the loop. */
void job_dial(struct job *j);
void job_greeting(struct job *j);
void job_capa(struct job *j);
void job_stls(struct job *j);
void job_secret(struct job *j);
void job_login(struct job *j);
void job_uidl(struct job *j);
void job_list(struct job *j);
void job_known(struct job *j);
void job_collect(struct job *j);
void job_removing(struct job *j);
void job_remove(struct job *j);
void job_quit(struct job *j);
void job_removed(struct job *j);
void job_keep(struct job *j);
void job_over(struct job *j);

#endif
