#include "imapd/settings.h"

#include "base/settings.h"
#include "store/text.h"

#define FIELD(name) offsetof(struct imap_settings, name)

const struct setting imap_setting_rows[] = {
	{ "imap", "workers", SETTING_U32, FIELD(workers), "2", 1, 16,
	    "how many worker processes share the logged-in sessions" },
	{ "imap", "clear_login", SETTING_BOOL, FIELD(clear_login), "no", 0, 0,
	    "let clients log in without TLS; passwords then cross the network readable" },
	{ "imap", "message_max", SETTING_SIZE, FIELD(message_max), "50m", 1024, TEXT_SIZE_MAX,
	    "largest message that APPEND takes" },
	{ "imap", "append_budget", SETTING_SIZE, FIELD(append_budget), "512m", 1024 * 1024,
	    UINT64_C(1) << 40, "bytes of messages being appended at one time, in one worker" },
	{ "imap", "user_connections", SETTING_U32, FIELD(user_connections), "50", 1, 10000,
	    "sessions that one account may have at a time" },
	{ "imap", "connections", SETTING_U32, FIELD(connections), "1000", 1, 100000,
	    "connections that have not logged in yet, in one front" },
	{ "imap", "peer_connections", SETTING_U32, FIELD(peer_connections), "50", 1, 100000,
	    "how many of these may come from one address (or IPv6 network of 64 bits)" },
	{ "imap", "heartbeat", SETTING_DURATION, FIELD(heartbeat_s), "2m", 5, 86400,
	    "an idling client that heard nothing for so long is told that we are here" },
	{ "imap", "patience", SETTING_DURATION, FIELD(patience_s), "30m", 60, 86400,
	    "silence after which a session is closed; one in IDLE never is" },
	{ "imap", "command_deadline", SETTING_DURATION, FIELD(command_deadline_s), "10m", 1, 86400,
	    "how long a client may take for one whole line of a command, after its login" },
	{ "imap", "legacy_tls", SETTING_BOOL, FIELD(legacy_tls), "no", 0, 0,
	    "take TLS 1.0 and 1.1 too, for Outlook on Windows 7" },
};
const size_t imap_setting_count = sizeof(imap_setting_rows) / sizeof(imap_setting_rows[0]);
