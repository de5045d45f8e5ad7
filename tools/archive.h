/*
 * archive.h -- what the files of mailadm archive share.  They read the store
 * by themselves, as a worker does, whether the instance is served or not.
 */
#ifndef TOOLS_ARCHIVE_H
#define TOOLS_ARCHIVE_H

#include "store/store.h"
#include "tools/command.h"

/* Enter the instance and open its store; store_close(). */
MUST_USE enum status archive_open(const struct invocation *in, struct store **out,
    struct problem *why);

command_run archive_cmd_head, archive_cmd_verify;

#endif
