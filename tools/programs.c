#include "tools/programs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
programs_dir(char out[PROGRAMS_DIR_MAX])
{
	char probe[PROGRAMS_DIR_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", out, PROGRAMS_DIR_MAX - 1);
	char *slash;

	if (n > 0) {
		out[n] = '\0';
		slash = strrchr(out, '/');
		if (slash != NULL)
			*slash = '\0';
		snprintf(probe, sizeof(probe), "%s/stored", out);
		if (access(probe, X_OK) == 0)
			return;
	}
	snprintf(out, PROGRAMS_DIR_MAX, "%s", TRADEPOST_LIBEXEC);
}
