#include <stddef.h>

#include "store/segment.h"
#include "store/stored.h"

const struct setting stored_settings_rows[] = {
	{ "store", "segment", SETTING_SIZE, offsetof(struct stored_settings, segment), "64m",
	    SEGMENT_SIZE_MIN, UINT64_C(1) << 30,
	    "Size of the files that hold message texts.  One is written ahead." },
	{ "store", "floor", SETTING_SIZE, offsetof(struct stored_settings, floor), "256m",
	    0, UINT64_C(1) << 50,
	    "With less free disk space than this no mail is taken in; reading and deleting go on." },
	{ "store", "ballast", SETTING_SIZE, offsetof(struct stored_settings, ballast), "16m",
	    0, UINT64_C(1) << 40,
	    "Room that is kept so that messages can be removed on a full disk; 0: none." },
	{ "store", "budget", SETTING_SIZE, offsetof(struct stored_settings, budget), "512m",
	    1024 * 1024, UINT64_C(1) << 40,
	    "Bytes of messages that may wait to be written at the same time." },
	{ "store", "upkeep", SETTING_DURATION, offsetof(struct stored_settings, upkeep_s), "1h",
	    1, 86400,
	    "How often stored looks for what can be purged, sealed and made smaller." },
	{ "store", "journal_days", SETTING_U32, offsetof(struct stored_settings, journal_days), "60",
	    0, 36500,
	    "Rows of the change journal that are older are moved to segments, compressed.  A client "
	    "that was away longer is told more than it needs." },
	{ "store", "compact_at", SETTING_U32, offsetof(struct stored_settings, compact_at), "50",
	    1, 100,
	    "Per cent of a segment that must belong to texts that are gone before what is left of it "
	    "is written again and its file deleted." },
	{ "store", "compact_grace", SETTING_DURATION,
	    offsetof(struct stored_settings, compact_grace_s), "1h", 0, 30 * 86400,
	    "How long the file of a segment that nothing refers to stays for who still reads it." },
};
const size_t stored_settings_count = ARRAY_LEN(stored_settings_rows);
