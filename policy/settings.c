#include "policy/settings.h"

#include "base/slice.h"

#define FIELD(name) offsetof(struct policy_settings, name)

const struct setting policy_setting_rows[] = {
	{ "policy", "bytes_in_flight", SETTING_SIZE, FIELD(bytes_in_flight), "512m",
	    UINT64_C(1) << 20, UINT64_C(1) << 40,
	    "Message texts that may be under way at once; above it senders are told 452, try later." },
	{ "policy", "auth_threads", SETTING_U32, FIELD(auth_threads), "0", 0, 64,
	    "Threads that hash passwords; 0: as many as there are processors." },
	{ "policy", "auth_queue", SETTING_U32, FIELD(auth_queue), "256", 1, 100000,
	    "Logins that may wait for such a thread; above it they fail for the moment." },
};

const size_t policy_setting_count = ARRAY_LEN(policy_setting_rows);
