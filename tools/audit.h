/*
 * audit.h -- what the files of mailadm audit share.
 */
#ifndef TOOLS_AUDIT_H
#define TOOLS_AUDIT_H

#include "tools/command.h"

command_run audit_cmd_changes;

#endif
