/*
 * job.h -- one run over one outside mailbox: dial, log in, list, collect what
 * we do not have, remove what may go, say goodbye, and tell policyd.
 *
 * A message is removed outside only after policyd said that it is on disk here;
 * so a run may break at any byte, and the next one goes on.
 */
#ifndef FETCHD_JOB_H
#define FETCHD_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

struct account;
struct fetch_settings;
struct job;
struct loop;
struct policy_client;
struct table;

/* What the process gives all its jobs. */
struct job_host {
	struct loop *loop;
	struct policy_client *policy;
	const struct fetch_settings *settings;
	struct slice hostname;
	struct slice instance;	/* absolute path of the instance's folder, "/" behind it */
};

/* What is remembered of a mailbox from run to run; the job adds to the tables. */
struct job_memory {
	struct table *skipped;	/* ids that broke a connection: tried last */
	/*
	 * Ids for whose people there was no room -> uint64_t, mem_new(): until when they are left
	 * alone, so that a thin line does not carry them again and again.
	 */
	struct table *full;
	bool is_asked;		/* somebody waits for this run: it tries those, too */
};

/*
 * Takes the account.  ended is called once, from the loop, after the final
 * report, unless job_free() comes first; the job is still to be freed.
 */
struct job *job_start(const struct job_host *host, struct account *a,
    const struct job_memory *memory,
    void (*ended)(void *ctx, uint32_t fetch, enum status st), void *ctx);
/* Ends the connection at once; what is on its way to policyd is carried out all the same. */
void job_free(struct job **j);

#endif
