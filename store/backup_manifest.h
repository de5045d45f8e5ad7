/*
 * backup_manifest.h -- what one backup consists of, as lines of text:
 *
 *   tradepost-backup 1
 *   taken SECONDS
 *   store ID                       16 hexadecimal digits
 *   change NUMBER                  last change that it holds
 *   rows TABLE COUNT               some tables, for comparing
 *   file MODE BYTES PATH           mode octal, path below the instance; then for each 256 KiB of it
 *   chunk SHA-256
 *   segment NUMBER FILE BYTES SHA-256 INODE CHANGED
 *   end SHA-256                    of all lines before
 *
 * INODE and CHANGED are those of the store's file: while they stay, so do its bytes.
 */
#ifndef STORE_BACKUP_MANIFEST_H
#define STORE_BACKUP_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

#define BACKUP_NAME_LEN 16		/* 20261124T143005Z */
#define BACKUP_CHUNK (256u * 1024)
#define BACKUP_FILE_MAX 24		/* bytes of a segment file's name */
#define BACKUP_PATH_MAX 240
#define BACKUP_MANIFEST_MAX (UINT32_C(512) * 1024 * 1024)
/* Tables whose records are counted. */
enum backup_row {
	BACKUP_ACCOUNTS,
	BACKUP_MAILBOXES,
	BACKUP_MESSAGES,
	BACKUP_TEXTS,
	BACKUP_ARCHIVE,
	BACKUP_QUEUE,
	BACKUP_ROWS
};

/* Their names, and enum store_table. */
extern const struct backup_table {
	const char *name;
	unsigned table;
} backup_tables[BACKUP_ROWS];

struct backup_chunk {
	uint8_t sha256[SHA256_LEN];
};

struct backup_file {
	char path[BACKUP_PATH_MAX + 1];
	uint32_t mode;
	uint64_t size_bytes;
	size_t first_chunk, chunk_count;
};

struct backup_segment {
	uint32_t number;
	char file[BACKUP_FILE_MAX + 1];
	uint64_t size_bytes;
	uint8_t sha256[SHA256_LEN];
	uint64_t inode, changed_ns;
};

struct backup_manifest {
	char name[BACKUP_NAME_LEN + 1];	/* not in the lines: the file's */
	uint64_t taken_at, store, change;
	uint64_t rows[BACKUP_ROWS];
	struct backup_file *files;
	struct backup_chunk *chunks;
	struct backup_segment *segments;	/* ascending by number */
	size_t file_count, chunk_count, segment_count;
};

void backup_manifest_clear(struct backup_manifest *m);
/* A file of so many bytes; its chunks are added behind it. */
struct backup_file *backup_manifest_add_file(struct backup_manifest *m, const char *path,
    uint32_t mode, uint64_t size_bytes);
void backup_manifest_add_chunk(struct backup_manifest *m, const uint8_t sha256[SHA256_LEN]);
void backup_manifest_add_segment(struct backup_manifest *m, const struct backup_segment *s);
/* NULL: there is none of that number. */
const struct backup_segment *backup_manifest_segment(const struct backup_manifest *m,
    uint32_t number);
/* Bytes of all that it names, as they are in an instance. */
uint64_t backup_manifest_size(const struct backup_manifest *m);
/* Bytes of chunk i of a file. */
size_t backup_chunk_size(const struct backup_file *f, size_t i);

/* LIMIT: too large. */
MUST_USE enum status backup_manifest_encode(const struct backup_manifest *m, struct buf *out);
/* CORRUPT.  Given, all but the name. */
MUST_USE enum status backup_manifest_decode(struct slice text, struct backup_manifest *out);
/* "20261124T143005Z" */
void backup_name_make(uint64_t at_s, char out[BACKUP_NAME_LEN + 1]);
bool backup_name_check(struct slice name);
/* A segment's file name; copy 0 has the plain one. */
void backup_segment_name(uint32_t number, unsigned copy, char out[BACKUP_FILE_MAX + 1]);
/* A path below an instance that a backup may name: relative, no "..", nothing odd in it. */
bool backup_path_check(struct slice path);

#endif
