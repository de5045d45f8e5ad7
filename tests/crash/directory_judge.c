/*
 * crash_directory DIRECTORY: says what policyd's directory holds, a record a
 * line, its audit records that stored has not confirmed yet last.  Exit 2: it
 * cannot be read; what is damaged in it stands in the log, on standard error.
 */
#include <stdio.h>

#include "policy/directory.h"

static void
say_records(const struct directory *d)
{
	for (size_t i = 0; i < directory_domain_count(d); i++) {
		const struct domain_record *r = directory_domain_at(d, i);

		printf("domain %.*s %d\n", SLICE_ARG(r->name), r->is_default);
	}
	for (size_t i = 0; i < directory_account_count(d); i++) {
		const struct account_record *r = directory_account_at(d, i);
		struct slice nick = r->nick_count > 0 ? r->nicks[0] : SLICE("-");

		printf("account %u %.*s %.*s\n", r->id, SLICE_ARG(r->login), SLICE_ARG(nick));
	}
	for (size_t i = 0; i < directory_alias_count(d); i++) {
		const struct alias_record *r = directory_alias_at(d, i);

		printf("alias %.*s %u\n", SLICE_ARG(r->address), r->accounts[0]);
	}
	for (size_t i = 0; i < directory_fetch_count(d); i++) {
		const struct fetch_record *r = directory_fetch_at(d, i);

		printf("fetch %u %.*s %.*s\n", r->id, SLICE_ARG(r->name), SLICE_ARG(r->secret));
	}
	for (size_t i = 0; i < directory_route_count(d); i++) {
		const struct route_record *r = directory_route_at(d, i);

		printf("route %u %.*s %.*s\n", r->id, SLICE_ARG(r->name), SLICE_ARG(r->host));
	}
}

int
main(int argc, char **argv)
{
	struct problem why = { 0 };
	struct pending_audit_record audit;
	struct directory *d = NULL;
	uint64_t number = 0;

	if (argc != 2)
		return 2;
	if (directory_open(argv[1], &d, &why) != STATUS_OK) {
		fprintf(stderr, "crash_directory: %s\n", why.text);
		return 2;
	}
	say_records(d);
	while (directory_pending(d, number, &number, &audit))
		printf("audit %llu %.*s %.*s\n", (unsigned long long)number, SLICE_ARG(audit.kind),
		    SLICE_ARG(audit.subject));
	directory_close(&d);
	return 0;
}
