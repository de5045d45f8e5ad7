/*
 * mailadm archive: which commands there are, and the head of its chain.
 */
#include <stdio.h>

#include "base/buf.h"
#include "store/archive_verify.h"
#include "tools/archive.h"
#include "tools/instance.h"
#include "tools/print.h"

enum status
archive_open(const struct invocation *in, struct store **out, struct problem *why)
{
	enum status st = instance_enter(in->dir, why);

	return st == STATUS_OK ? store_open("../store", ENV_READ, out, why) : st;
}

enum status
archive_cmd_head(const struct invocation *in, struct problem *why)
{
	struct buf hash = buf_init(2 * SHA256_LEN);
	struct archive_head head;
	struct store *s;
	json_t *row;
	enum status st;

	if (in->argc > 0) {
		problem_set(why, "archive head takes nothing");
		return STATUS_SYNTAX;
	}
	st = archive_open(in, &s, why);
	if (st != STATUS_OK)
		return st;
	st = archive_head(s, &head, why);
	store_close(&s);
	if (st != STATUS_OK)
		return st;
	buf_append_hex(&hash, slice_make(head.hash, sizeof(head.hash)));
	if (in->is_json) {
		row = json_object();
		json_object_set_new(row, "entry", json_integer((json_int_t)head.entry));
		print_set(row, "hash", buf_slice(&hash));
		print_json(row);
		json_decref(row);
	} else {
		printf("%llu %.*s\n", (unsigned long long)head.entry, SLICE_ARG(buf_slice(&hash)));
	}
	buf_clear(&hash);
	return STATUS_OK;
}

#define FILTERS(recipient)                                                                        \
	"[--from WORDS] [" recipient " WORDS] [--person LOGIN] [--subject WORDS] "                  \
	"[--direction in|out|internal] [--since TIME] [--until TIME] [--limit N]"

const struct command archive_commands[] = {
	{ "archive", "search", FILTERS("--to"),
	    "messages that came, left or stayed inside, newest first", archive_cmd_search },
	{ "archive", "show", "ENTRY [--raw]",
	    "one of them: all its recipients, header, audit, where copies are; or its text",
	    archive_cmd_show },
	{ "archive", "export",
	    "(ENTRY... | " FILTERS("--recipient") ") --to DIR|FILE.mbox [--format eml|mbox]",
	    "messages as files; none is written over", archive_cmd_export },
	{ "archive", "head", "",
	    "number and hash of the archive's last entry, to be kept elsewhere",
	    archive_cmd_head },
	{ "archive", "verify",
	    "[--texts] [--from-entry N --expect-head HASH] [--heads FILE] [--key FILE]",
	    "prove that no entry of the archive was altered or removed", archive_cmd_verify },
	{ 0 },
};
