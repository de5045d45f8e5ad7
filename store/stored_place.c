#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/stored.h"

#define STORED_GROUP "tradepost-store"	/* workers, who read the store */

static const struct {
	const char *path, *parent;
} directories[] = { { STORE_PATH, ".." }, { STORE_PATH "/segments", STORE_PATH } };

/* Give path and the files in it to another owner: a store made by root before there was a user. */
static enum status
place_give(const char *path, uid_t uid, gid_t gid, struct problem *why)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat sb;
	int rc = dir == NULL ? -1 : fchown(dirfd(dir), uid, gid);

	/* Set-group-id: files made in it belong to the group of those who read the store. */
	if (rc == 0)
		rc = fchmod(dirfd(dir), 02750);
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		rc = fstatat(dirfd(dir), entry->d_name, &sb, AT_SYMLINK_NOFOLLOW);
		if (rc == 0 && S_ISREG(sb.st_mode) && sb.st_uid != uid)
			rc = fchownat(dirfd(dir), entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW);
	}
	if (rc != 0)
		problem_set_errno(why, errno, "%s", path);
	if (dir != NULL)
		closedir(dir);
	return rc == 0 ? STATUS_OK : STATUS_DENIED;
}

/* The directory that holds what was made: its name is to outlive a power cut. */
static enum status
place_sync(const char *parent, struct problem *why)
{
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (rc != 0)
		problem_set_errno(why, errno, "syncing %s", parent);
	if (fd >= 0)
		close(fd);
	return rc == 0 ? STATUS_OK : STATUS_IO;
}

/*
 * Make a directory, and give it to the user we are going to be.  The sandbox
 * opens what is below the store's directory and makes none itself.
 */
static enum status
place_make(const char *path, struct problem *why)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam(STORED_USER) : NULL;
	const struct group *readers = pw == NULL ? NULL : getgrnam(STORED_GROUP);

	if (mkdir(path, 0750) != 0 && errno != EEXIST) {
		problem_set_errno(why, errno, "%s", path);
		return errno == EACCES ? STATUS_DENIED : STATUS_IO;
	}
	if (pw == NULL)
		return STATUS_OK;
	return place_give(path, pw->pw_uid, readers != NULL ? readers->gr_gid : pw->pw_gid, why);
}

enum status
stored_make_place(struct problem *why)
{
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(directories); i++) {
		st = place_make(directories[i].path, why);
		if (st == STATUS_OK)
			st = place_sync(directories[i].parent, why);
	}
	return st;
}
