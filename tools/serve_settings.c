#include "tools/serve_settings.h"

#include "tools/instance.h"

const char *const listen_names[LISTEN_COUNT] = {
	"smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s",
};
const uint16_t listen_ports[LISTEN_COUNT] = { 25, 587, 465, 143, 993, 110, 995 };

#define LISTEN(i, name, what)                                                                     \
	{                                                                                         \
		"listen", name, SETTING_TEXT,                                                     \
		    offsetof(struct serve_settings, listen) + (i) * sizeof(char *), "", 0, 0,     \
		    "addresses for " what ", comma-separated: 0.0.0.0:25, [::]:25"                \
	}

static const struct setting rows[] = {
	{ "serve", "domain", SETTING_TEXT, offsetof(struct serve_settings, domain), "localhost", 0,
	    0, "the company's first mail domain; names in the certificate come from it" },
	{ "serve", "digests", SETTING_U32, offsetof(struct serve_settings, counts.digests), "2", 1,
	    16, "processes that read incoming mail" },
	{ "serve", "imap_fronts", SETTING_U32, offsetof(struct serve_settings, counts.imap_fronts),
	    "1", 1, 16, "processes that greet IMAP clients and carry their TLS" },
	LISTEN(0, "smtp", "mail from outside and from the LAN"),
	LISTEN(1, "submission", "mail from clients, STARTTLS"),
	LISTEN(2, "submissions", "mail from clients, TLS"),
	LISTEN(3, "imap", "IMAP, STARTTLS"),
	LISTEN(4, "imaps", "IMAP, TLS"),
	LISTEN(5, "pop3", "POP3, STLS"),
	LISTEN(6, "pop3s", "POP3, TLS"),
	{ "imap", "workers", SETTING_U32, offsetof(struct serve_settings, counts.imap_workers), "2",
	    1, 16, NULL },
	{ "pop3", "workers", SETTING_U32, offsetof(struct serve_settings, counts.pop3_workers), "1",
	    1, 16, NULL },
};

enum status
serve_settings_load(struct serve_settings *out, struct problem *why)
{
	*out = (struct serve_settings){ 0 };
	return settings_load(INSTANCE_CONF, rows, ARRAY_LEN(rows), out, why);
}

void
serve_settings_free(struct serve_settings *s)
{
	settings_free(rows, ARRAY_LEN(rows), s);
}

const struct setting *
serve_settings_rows(size_t *count)
{
	*count = ARRAY_LEN(rows);
	return rows;
}
