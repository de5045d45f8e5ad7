/*
 * backup_place.h -- what backup*.c share: an open place, its chunks and its
 * files.  Private to them.
 */
#ifndef STORE_BACKUP_PLACE_H
#define STORE_BACKUP_PLACE_H

#include <sys/types.h>

#include "base/buf.h"
#include "store/backup.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;
struct table;

struct backup_place {
	int fd, lock_fd, backups_fd, chunks_fd, segments_fd;
	struct ZSTD_CCtx_s *compressor;
	struct ZSTD_DCtx_s *decompressor;
	char *plain, *packed;	/* one chunk each */
	size_t packed_max;
	uint64_t new_bytes;	/* written here since it was opened */
};

/* Read or write all of len bytes at a place.  CORRUPT the file ends; BUSY the disk is full; IO. */
MUST_USE enum status file_get(int fd, uint64_t at, char *out, size_t len, struct problem *why);
MUST_USE enum status file_put(int fd, uint64_t at, struct slice bytes, struct problem *why);
/* What went wrong at path, by errno: BUSY when the disk is full. */
enum status file_errno(int err, const char *path, struct problem *why);
/* fsync(), and the kernel forgets what was written: it is the disk that is read next. */
MUST_USE enum status file_sync(int fd, const char *path, struct problem *why);
/* A directory's names are on disk. */
MUST_USE enum status directory_sync_at(int dir, const char *path, struct problem *why);

/* Path of a chunk below chunks/: "ab/abcd...". */
#define CHUNK_PATH_LEN (3 + 2 * SHA256_LEN)
void chunk_path(const uint8_t sha256[SHA256_LEN], char out[CHUNK_PATH_LEN + 1]);
/* Keep these bytes (at most BACKUP_CHUNK), written, synced and read back where they are new. */
MUST_USE enum status chunk_put(struct backup_place *p, struct slice bytes,
    uint8_t sha256[SHA256_LEN], struct problem *why);
/* *out is borrowed until the next chunk.  CORRUPT: it is missing, or other bytes. */
MUST_USE enum status chunk_get(struct backup_place *p, const uint8_t sha256[SHA256_LEN],
    size_t size, struct slice *out, struct problem *why);

/* SHA-256 of the first len bytes of a file.  CORRUPT: it is shorter. */
MUST_USE enum status file_hash(int fd, uint64_t len, uint8_t out[SHA256_LEN],
    struct problem *why);

/* A manifest by its name.  CORRUPT names it; ABSENT. */
MUST_USE enum status backup_manifest_read(struct backup_place *p, const char *name,
    struct backup_manifest *out, struct problem *why);
/* Put it in place: on disk, read back. */
MUST_USE enum status backup_manifest_write(struct backup_place *p,
    const struct backup_manifest *m, struct problem *why);

/* All that manifests say of the place's files together. */
struct backup_needs {
	struct table *chunks;	/* hash -> anything */
	struct table *segments;	/* file name -> struct backup_need */
};
struct backup_need {
	uint64_t size_bytes;
};
struct backup_needs backup_needs_new(void);
void backup_needs_clear(struct backup_needs *n);
void backup_needs_add(struct backup_needs *n, const struct backup_manifest *m);
/* Bytes of a segment file that backups need; 0: none does. */
uint64_t backup_needs_of(const struct backup_needs *n, const char *file);

/* Copy one segment of a store, or its beginning, into the place.  s: number, size_bytes, inode and
 * changed_ns are given, the rest is filled in. */
MUST_USE enum status backup_segment_put(struct backup_place *p, int from,
    const struct backup_needs *needs, struct backup_segment *s, struct problem *why);

#endif
