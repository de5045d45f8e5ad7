#include "tools/audit_look.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "store/audit.h"
#include "store/plan.h"
#include "store/protocol.h"
#include "tools/store_call.h"

enum status
audit_look(const struct invocation *in, const char *kind, struct slice subject,
    struct slice detail, struct problem *why)
{
	const struct passwd *user = getpwuid(getuid());
	struct buf text = buf_init(AUDIT_DETAIL_MAX), b = buf_init(2 * AUDIT_DETAIL_MAX);
	struct problem once = { "" };
	enum status st;

	if (user != NULL)
		buf_printf(&text, "by %s on this machine\n", user->pw_name);
	else
		buf_printf(&text, "by uid %u on this machine\n", (unsigned)getuid());
	buf_append(&text, slice_sub(detail, 0, AUDIT_DETAIL_MAX - text.len));
	audit_row_put(&(struct audit_row){ .kind = slice_from_cstr(kind), .actor = SLICE("admin"),
	    .subject = subject, .detail = buf_slice(&text) }, &b);
	st = store_call(in, STORE_AUDIT_PUT, buf_slice(&b), NULL, NULL, &once);
	buf_clear(&text);
	buf_clear(&b);
	if (st == STATUS_BUSY) {
		fprintf(stderr, "mailadm: this is not in the audit: the instance is not served\n");
		return STATUS_OK;
	}
	if (st != STATUS_OK)
		problem_set(why, "the audit cannot be written: %s", once.text);
	return st;
}
