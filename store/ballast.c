#include "store/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct ballast {
	int dir;
	uint64_t bytes, floor_bytes;
	pthread_mutex_t lock;	/* guards the file and what follows */
	bool is_there, is_out, is_given_up;
};

struct ballast *
ballast_new(const char *path, uint64_t bytes, uint64_t floor_bytes)
{
	struct ballast *b = mem_new(struct ballast);

	b->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b->bytes = bytes;
	b->floor_bytes = floor_bytes;
	pthread_mutex_init(&b->lock, NULL);
	if (bytes == 0)
		(void)unlinkat(b->dir, BALLAST_FILE, 0);
	return b;
}

void
ballast_free(struct ballast **bp)
{
	struct ballast *b = *bp;

	if (b == NULL)
		return;
	*bp = NULL;
	if (b->dir >= 0)
		close(b->dir);
	pthread_mutex_destroy(&b->lock);
	mem_free(b);
}

static bool
has_room(const struct ballast *b)
{
	struct statvfs fs;

	return fstatvfs(b->dir, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize >= b->floor_bytes + b->bytes;
}

/* Make the file, or what is missing of it.  0, or what went wrong. */
static int
ballast_make(const struct ballast *b)
{
	int fd = openat(b->dir, BALLAST_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat sb;
	int rc;

	if (fd < 0)
		return errno;
	rc = fstat(fd, &sb) != 0 ? errno : 0;
	if (rc == 0 && (uint64_t)sb.st_size > b->bytes && ftruncate(fd, (off_t)b->bytes) != 0)
		rc = errno;
	/* What there is of it takes room already. */
	if (rc == 0 && (uint64_t)sb.st_blocks * 512 < b->bytes)
		rc = has_room(b) ? posix_fallocate(fd, 0, (off_t)b->bytes) : ENOSPC;
	close(fd);
	if (rc != 0)
		(void)unlinkat(b->dir, BALLAST_FILE, 0);
	return rc;
}

void
ballast_tend(struct ballast *b)
{
	struct problem why = { "" };
	int rc;

	pthread_mutex_lock(&b->lock);
	if (b->bytes > 0 && !b->is_there && !b->is_given_up) {
		rc = ballast_make(b);
		b->is_there = rc == 0;
		/* A disk that is no better for waiting: without it all goes on as before. */
		b->is_given_up = rc != 0 && rc != ENOSPC && rc != EDQUOT;
		if (b->is_out && b->is_there)
			log_event(LOG_INFO, "store.ballast.made", NULL, "why",
			    "there is room again");
		b->is_out = b->is_out && !b->is_there && !b->is_given_up;
		if (b->is_given_up) {
			problem_set_errno(&why, rc, "%s", BALLAST_FILE);
			log_event(LOG_WARN, "store.ballast.not_made", NULL, "why", why.text);
		}
	}
	pthread_mutex_unlock(&b->lock);
}

bool
ballast_release(struct ballast *b)
{
	bool was_there;

	pthread_mutex_lock(&b->lock);
	was_there = b->is_there;
	b->is_there = false;
	b->is_out |= was_there;
	if (was_there)
		(void)unlinkat(b->dir, BALLAST_FILE, 0);
	pthread_mutex_unlock(&b->lock);
	if (was_there)
		log_event(LOG_WARN, "store.ballast.released", NULL, "why",
		    "the disk is full and messages are being removed");
	return was_there;
}

bool
ballast_is_out(struct ballast *b)
{
	bool is_out;

	pthread_mutex_lock(&b->lock);
	is_out = b->is_out;
	pthread_mutex_unlock(&b->lock);
	return is_out;
}
