#include "policy/settings.h"

#include "base/slice.h"
#include "policy/record.h"

#define FIELD(name) offsetof(struct policy_settings, name)

const struct setting policy_setting_rows[] = {
	{ "policy", "bytes_in_flight", SETTING_SIZE, FIELD(bytes_in_flight), "512m",
	    UINT64_C(1) << 20, UINT64_C(1) << 40,
	    "Message texts that may be under way at once; above it senders are told 452, try later." },
	{ "policy", "auth_threads", SETTING_U32, FIELD(auth_threads), "0", 0, 64,
	    "Threads that hash passwords; 0: as many as there are processors." },
	{ "policy", "auth_queue", SETTING_U32, FIELD(auth_queue), "256", 1, 100000,
	    "Logins that may wait for such a thread; above it they fail for the moment." },
	{ "policy", "lan", SETTING_TEXT, FIELD(lan), "", 0, 0,
	    "Hosts that may send on port 25 without a login, to inside and outside, printers and the "
	    "company's own programs: addresses and ranges, as \"192.168.1.7, 10.0.0.0/8, "
	    "fd00::/8\".  To the outside their sender has to be an address of the company." },
	{ "policy", "sent_copy", SETTING_BOOL, FIELD(sent_copy), "yes", 0, 0,
	    "File what people send in their Sent Items, whatever their mail program does." },
	{ "policy", "quota", SETTING_SIZE, FIELD(quota), "0", 0, QUOTA_MAX,
	    "How many bytes of mail a person may have, where mailadm user set --quota says nothing "
	    "else; 0: as many as there is room for." },
	{ "policy", "trash_days", SETTING_U32, FIELD(trash_days), "365", 0,
	    TRASH_DAYS_MAX,
	    "For how many days what a person removed can be brought back by an administrator, where "
	    "mailadm user set --trash-days says nothing else; 0: for ever." },
	{ "policy", "head_every", SETTING_DURATION, FIELD(head_every_s), "1h", 1, 86400,
	    "How often the head of the archive is signed, and written to policy/archive-heads.log." },
};

const size_t policy_setting_count = ARRAY_LEN(policy_setting_rows);
