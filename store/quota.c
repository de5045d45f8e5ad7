#include "store/quota.h"

/* Percent of the quota that mailboxes may go beyond it. */
static const uint8_t beyond[MAILBOX_ROLE_COUNT] = {
	[MAILBOX_DRAFTS] = 10,
	[MAILBOX_SENT] = 10,
	[MAILBOX_TRASH] = 100,
};

/* So many percent of it; a quota is far from the end of 64 bits, but sums may not be. */
static uint64_t
percent_of(uint64_t quota, unsigned percent)
{
	return quota / 100 * percent + quota % 100 * percent / 100;
}

bool
quota_is_full(const struct account_row *a)
{
	return a->quota_bytes != 0 && a->bytes >= a->quota_bytes;
}

enum status
quota_check(const struct account_row *a, uint8_t role, uint64_t more, struct problem *why)
{
	uint64_t quota = a->quota_bytes;

	if (quota == 0 || (a->bytes <= quota && more <= quota - a->bytes))
		return STATUS_OK;
	if (beyond[role] > 0 && (a->bytes < quota ||
	    a->bytes - quota < percent_of(quota, beyond[role])))
		return STATUS_OK;
	problem_set(why, "the mailbox is full: %llu of %llu bytes are used",
	    (unsigned long long)a->bytes, (unsigned long long)quota);
	return STATUS_FULL;
}

bool
quota_is_crossed(const struct account_row *a, uint64_t bytes_before)
{
	uint64_t line = percent_of(a->quota_bytes, QUOTA_WARN_PERCENT);

	return a->quota_bytes != 0 && bytes_before < line && a->bytes >= line;
}
