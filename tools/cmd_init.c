/*
 * mailadm init: a new instance in a directory, with settings, certificates,
 * a first domain and the administrator's account.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/mem.h"
#include "policy/bootstrap.h"
#include "tools/certificate.h"
#include "tools/command.h"
#include "tools/endpoints.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/serve_settings.h"
#include "tools/users.h"

#define HIGH_PORTS 10000	/* what an instance without root adds to the standard ports */

struct init_options {
	const char *domain;
	bool has_auto_ports;
};

static enum status
read_options(const struct invocation *in, struct init_options *out, struct problem *why)
{
	*out = (struct init_options){ 0 };
	for (int i = 0; i < in->argc; i += 2) {
		const char *value = i + 1 < in->argc ? in->argv[i + 1] : "";

		if (strcmp(in->argv[i], "--domain") == 0 && value[0] != '\0') {
			out->domain = value;
		} else if (strcmp(in->argv[i], "--ports") == 0 &&
		    (strcmp(value, "auto") == 0 || strcmp(value, "standard") == 0)) {
			out->has_auto_ports = strcmp(value, "auto") == 0;
		} else {
			problem_set(why, "init takes --domain DOMAIN and --ports auto|standard");
			return STATUS_SYNTAX;
		}
	}
	if (out->domain == NULL) {
		problem_set(why, "name the company's mail domain: init --domain acme.example");
		return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

/* Free ports, each once. */
static enum status
choose_ports(unsigned ports[LISTEN_COUNT], struct problem *why)
{
	for (size_t i = 0; i < LISTEN_COUNT; i++) {
		bool is_taken = true;

		while (is_taken) {
			enum status st = free_port(&ports[i], why);

			if (st != STATUS_OK)
				return st;
			is_taken = false;
			for (size_t k = 0; k < i; k++)
				is_taken |= ports[k] == ports[i];
		}
	}
	return STATUS_OK;
}

static enum status
write_settings(const struct init_options *o, struct problem *why)
{
	struct buf out = buf_init(16384);
	unsigned ports[LISTEN_COUNT];
	unsigned add = geteuid() == 0 ? 0 : HIGH_PORTS;
	enum status st = STATUS_OK;

	buf_printf(&out, "# Settings of this instance.  mailadm check reads them for mistakes;\n"
			 "# every setting with its default is in tradepost.conf(5).\n\n"
			 "[serve]\ndomain = %s\n\n[listen]\n", o->domain);
	if (o->has_auto_ports)
		st = choose_ports(ports, why);
	for (size_t i = 0; i < LISTEN_COUNT && st == STATUS_OK; i++) {
		if (o->has_auto_ports)
			buf_printf(&out, "%s = 127.0.0.1:%u\n", listen_names[i], ports[i]);
		else
			buf_printf(&out, "%s = 0.0.0.0:%u, [::]:%u\n", listen_names[i],
			    listen_ports[i] + add, listen_ports[i] + add);
	}
	if (st == STATUS_OK)
		st = file_write(INSTANCE_CONF, 0600, buf_slice(&out), why);
	buf_clear(&out);
	return st;
}

/* 20 letters and digits that cannot be mistaken for one another: 98 bits. */
static void
make_password(struct buf *out)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	uint8_t random[64];

	id_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random) && out->len < 20; i++)
		if (random[i] < 248)	/* 8 x 31: every letter equally likely */
			buf_append_byte(out, letters[random[i] % 31]);
	mem_wipe(random, sizeof(random));
}

static void
print_admin(const struct invocation *in, struct slice login, struct slice password)
{
	json_t *row;

	if (!in->is_json) {
		printf("admin %.*s %.*s\n", SLICE_ARG(login), SLICE_ARG(password));
		return;
	}
	row = json_object();
	print_set(row, "admin", login);
	print_set(row, "password", password);
	print_json(row);
	json_decref(row);
}

enum status
cmd_init(const struct invocation *in, struct problem *why)
{
	struct init_options o;
	struct buf login = buf_init(300), password = buf_init(64);
	enum status st = read_options(in, &o, why);

	if (st == STATUS_OK && geteuid() == 0)
		st = users_make(why);
	if (st == STATUS_OK)
		st = instance_make(in->dir, why);
	if (st != STATUS_OK)
		return st;
	buf_printf(&login, "admin@%s", o.domain);
	make_password(&password);
	st = certificate_make(slice_from_cstr(o.domain), why);
	if (st == STATUS_OK)
		st = bootstrap_directory("../policy", slice_from_cstr(o.domain), buf_slice(&login),
		    buf_slice(&password), why);
	/* The settings come last: with them the directory is an instance. */
	if (st == STATUS_OK)
		st = write_settings(&o, why);
	if (st == STATUS_OK)
		print_admin(in, buf_slice(&login), buf_slice(&password));
	buf_clear(&login);
	buf_wipe(&password);
	return st;
}
