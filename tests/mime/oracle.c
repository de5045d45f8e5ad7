/*
 * oracle FILE... -- read each file, its lines made to end in CRLF, with our
 * parser and with GMime, and print for every file where they see different
 * parts: the path, then what each of the two sees first, separated by tabs.
 * A part is its depth, type and, for a leaf, the SHA-256 of its decoded body.
 */
#include <gmime/gmime.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/hash.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/part.h"

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

static void
put_lower(struct slice s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		(void)buf_append_byte(out, ascii_lower(s.ptr[i]));
}

static void
put_leaf(struct slice body, struct buf *out)
{
	uint8_t hash[SHA256_LEN];

	sha256_of(body, hash);
	(void)buf_printf(out, " %zu ", body.len);
	(void)buf_append_hex(out, slice_make(hash, 6));
}

/* Our line for one part: "depth type/subtype [size hash]". */
static void
put_ours(struct slice text, const struct part *p, struct buf *out)
{
	struct header_field f = { 0 };
	struct param_list type;

	(void)header_find(slice_sub(text, p->header_at, p->header_len), SLICE("content-type"), &f);
	param_list_parse(f.value, &type);
	(void)buf_printf(out, "%u ", p->depth);
	if (p->kind == PART_MESSAGE) {
		(void)buf_append(out, SLICE("message"));
	} else if (p->kind == PART_MULTIPART) {
		(void)buf_append(out, SLICE("multipart/"));
		put_lower(type.subtype, out);
	} else {
		struct buf body = buf_init(TEXT_MAX);

		put_lower(type.type.len > 0 ? type.type : SLICE("text"), out);
		(void)buf_append_byte(out, '/');
		put_lower(type.type.len > 0 ? type.subtype : SLICE("plain"), out);
		(void)encoding_decode((enum encoding)p->encoding,
		    slice_sub(text, p->body_at, p->body_len), &body);
		put_leaf(buf_slice(&body), out);
		buf_clear(&body);
	}
	(void)buf_append_byte(out, '\n');
	param_list_clear(&type);
}

static void
list_ours(struct slice text, struct buf *out)
{
	struct part_tree tree;
	uint32_t i;

	part_scan(text, &tree);
	for (i = 0; i < tree.count; i++)
		put_ours(text, &tree.parts[i], out);
	part_tree_clear(&tree);
}

static void
put_gmime_leaf(GMimePart *part, struct buf *out)
{
	GMimeStream *stream = g_mime_stream_mem_new();
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GByteArray *bytes;

	if (content != NULL)
		(void)g_mime_data_wrapper_write_to_stream(content, stream);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	put_leaf(slice_make(bytes->data, bytes->len), out);
	g_object_unref(stream);
}

struct waiting {
	GMimeObject *object;
	unsigned depth;
};

/* The children of an object go to the front of the list of waiting ones. */
static void
push_children(GArray *stack, GMimeObject *object, unsigned depth)
{
	int i;

	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);

		for (i = g_mime_multipart_get_count(multipart) - 1; i >= 0; i--) {
			struct waiting w = { g_mime_multipart_get_part(multipart, i), depth + 1 };

			g_array_append_val(stack, w);
		}
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		struct waiting w = { NULL, depth + 1 };

		if (message != NULL)
			w.object = g_mime_message_get_mime_part(message);
		if (w.object != NULL)
			g_array_append_val(stack, w);
	}
}

static void
put_gmime(GMimeObject *object, unsigned depth, struct buf *out)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);

	(void)buf_printf(out, "%u ", depth);
	if (GMIME_IS_MESSAGE_PART(object)) {
		(void)buf_append(out, SLICE("message"));
	} else {
		put_lower(slice_from_cstr(g_mime_content_type_get_media_type(type)), out);
		(void)buf_append_byte(out, '/');
		put_lower(slice_from_cstr(g_mime_content_type_get_media_subtype(type)), out);
		if (GMIME_IS_PART(object))
			put_gmime_leaf(GMIME_PART(object), out);
	}
	(void)buf_append_byte(out, '\n');
}

static void
list_gmime(struct slice text, struct buf *out)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text.ptr, text.len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	GArray *stack = g_array_new(FALSE, FALSE, sizeof(struct waiting));
	struct waiting w = { NULL, 0 };

	if (message != NULL)
		w.object = g_mime_message_get_mime_part(message);
	if (w.object != NULL)
		g_array_append_val(stack, w);
	while (stack->len > 0) {
		w = g_array_index(stack, struct waiting, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		put_gmime(w.object, w.depth, out);
		push_children(stack, w.object, w.depth);
	}
	g_array_free(stack, TRUE);
	if (message != NULL)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
}

/* Print the first lines in which the two lists differ; nothing when they are equal. */
static void
compare(const char *path, struct slice ours, struct slice theirs)
{
	struct slice a = { NULL, 0 };
	struct slice b = { NULL, 0 };

	while ((ours.len > 0 || theirs.len > 0) && slice_equal(a, b)) {
		a = slice_take_until(&ours, '\n');
		b = slice_take_until(&theirs, '\n');
	}
	if (!slice_equal(a, b))
		(void)printf("%s\t%.*s\t%.*s\n", path, SLICE_ARG(a), SLICE_ARG(b));
}

int
main(int argc, char **argv)
{
	int i;

	g_mime_init();
	for (i = 1; i < argc; i++) {
		struct buf text = buf_init(TEXT_MAX);
		struct buf ours = buf_init(TEXT_MAX);
		struct buf theirs = buf_init(TEXT_MAX);

		if (read_file(argv[i], &text) != 0) {
			(void)fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
		list_ours(buf_slice(&text), &ours);
		list_gmime(buf_slice(&text), &theirs);
		compare(argv[i], buf_slice(&ours), buf_slice(&theirs));
		buf_clear(&text);
		buf_clear(&ours);
		buf_clear(&theirs);
	}
	return 0;
}
