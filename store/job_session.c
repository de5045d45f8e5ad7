#include "store/account.h"
#include "store/job.h"

/* STORE_SESSION: somebody logged in; their folders are there from now on. */
enum status
session_run(struct job *j, struct change *c, struct problem *why)
{
	struct account_row a;

	return account_need(c, j->grant.account, &a, why);
}
