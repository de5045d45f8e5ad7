/*
 * dump_digest FILE... -- for each file, its lines made to end in CRLF, one
 * untagged FETCH response with ENVELOPE, BODYSTRUCTURE and BODY, as a server
 * would send it, for a parser that knows nothing of our code.
 */
#include <stdio.h>

#include "base/buf.h"
#include "store/digest.h"

#define TEXT_MAX (64 * 1024 * 1024)

static int
read_file(const char *path, struct buf *out)
{
	char chunk[65536];
	char before = '\0';
	size_t n, i;
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return -1;
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		for (i = 0; i < n; i++) {
			if (chunk[i] == '\n' && before != '\r')
				(void)buf_append_byte(out, '\r');
			(void)buf_append_byte(out, chunk[i]);
			before = chunk[i];
		}
	}
	(void)fclose(file);
	return buf_status(out) == STATUS_OK ? 0 : -1;
}

static int
dump(const char *path, unsigned number)
{
	struct buf text = buf_init(TEXT_MAX);
	struct buf record = buf_init(DIGEST_RECORD_MAX);
	struct buf body = buf_init(DIGEST_RECORD_MAX);
	struct digest d;

	if (read_file(path, &text) != 0)
		return -1;
	digest_compute(buf_slice(&text), &record);
	digest_body_form(buf_slice(&text), &body);
	if (digest_decode(buf_slice(&record), &d) != STATUS_OK)
		return -1;
	(void)printf("* %u FETCH (ENVELOPE ", number);
	(void)fwrite(d.envelope.ptr, 1, d.envelope.len, stdout);
	(void)printf(" BODYSTRUCTURE ");
	(void)fwrite(d.structure.ptr, 1, d.structure.len, stdout);
	(void)printf(" BODY ");
	(void)fwrite(body.ptr, 1, body.len, stdout);
	(void)printf(")\r\n");
	buf_clear(&text);
	buf_clear(&record);
	buf_clear(&body);
	return 0;
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (dump(argv[i], (unsigned)i) != 0) {
			(void)fprintf(stderr, "%s: cannot be read or digested\n", argv[i]);
			return 1;
		}
	}
	return 0;
}
