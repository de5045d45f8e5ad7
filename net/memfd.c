#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/ipc.h"

#define SEALS_NEEDED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

enum status
memfd_new(int *fd, struct problem *why)
{
	int made = memfd_create("tradepost", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (made < 0) {
		problem_set_errno(why, errno, "cannot make a memory file");
		return errno == EMFILE || errno == ENFILE ? STATUS_BUSY : STATUS_IO;
	}
	*fd = made;
	return STATUS_OK;
}

enum status
memfd_seal(int fd, struct problem *why)
{
	if (fcntl(fd, F_ADD_SEALS, SEALS_NEEDED | F_SEAL_SEAL) == 0)
		return STATUS_OK;
	problem_set_errno(why, errno, "cannot seal a memory file");
	return STATUS_IO;
}

enum status
memfd_sealed_check(int fd, uint64_t size_bytes, struct problem *why)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED) {
		problem_set(why, "the descriptor is no sealed memory file");
		return STATUS_DENIED;
	}
	if (fstat(fd, &st) != 0 || st.st_size < 0 || (uint64_t)st.st_size != size_bytes) {
		problem_set(why, "the memory file is not as long as was said");
		return STATUS_DENIED;
	}
	return STATUS_OK;
}

enum status
memfd_map(int fd, uint64_t size_bytes, struct slice *map, struct problem *why)
{
	void *ptr;

	if (size_bytes == 0) {
		*map = SLICE("");
		return STATUS_OK;
	}
	/* Private: shared, a file sealed against writing is refused before Linux 6.7. */
	ptr = mmap(NULL, (size_t)size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (ptr == MAP_FAILED) {
		problem_set_errno(why, errno, "cannot map a memory file");
		return STATUS_IO;
	}
	*map = slice_make(ptr, (size_t)size_bytes);
	return STATUS_OK;
}

void
memfd_unmap(struct slice *map)
{
	if (map->len > 0)
		munmap((void *)(uintptr_t)map->ptr, map->len);
	*map = SLICE("");
}
