/*
 * programs.h -- where the daemons' programs lie: beside mailadm when it runs
 * from a build, else in the place they were installed to.
 */
#ifndef TOOLS_PROGRAMS_H
#define TOOLS_PROGRAMS_H

#define PROGRAMS_DIR_MAX 4096

/* Absolute path, without a slash at the end. */
void programs_dir(char out[PROGRAMS_DIR_MAX]);

#endif
