#include "net/tls.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/testing_certificate.h"
#include "net/testing_side.h"

#define BIG (3 * 1024 * 1024)
#define KEY_SIZE 80

struct world {
	struct loop *loop;
	struct tls_context *server_context;
	struct tls_context *client_context;	/* trusts the server's certificate */
	struct side server;
	struct side client;
};

static int
setup(void **state)
{
	struct world *w = mem_new(struct world);
	int fds[2];

	w->loop = loop_new();
	CHECK_STATUS(tls_server_new("cert.pem", "key.pem", TLS_FLOOR_1_2, SLICE(""),
	    &w->server_context, NULL), STATUS_OK);
	CHECK_STATUS(tls_client_new("cert.pem", &w->client_context, NULL), STATUS_OK);
	testing_pair(fds);
	side_open(&w->server, w->loop, fds[0]);
	side_open(&w->client, w->loop, fds[1]);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	side_clear(&w->server);
	side_clear(&w->client);
	tls_context_free(&w->server_context);
	tls_context_free(&w->client_context);
	loop_free(&w->loop);
	mem_free(w);
	return 0;
}

static void
shake(struct world *w, const char *name)
{
	conn_start_tls(w->server.conn, w->server_context, NULL);
	conn_start_tls(w->client.conn, w->client_context, name);
	testing_until(w->loop, &w->client.secure, 1);
	testing_until(w->loop, &w->server.secure, 1);
}

static void
a_handshake_makes_both_sides_secure(void **state)
{
	struct world *w = *state;

	conn_start_tls(w->server.conn, w->server_context, NULL);
	conn_write(w->server.conn, SLICE("220 hello\r\n"));	/* waits for the handshake */
	conn_start_tls(w->client.conn, w->client_context, "mail.test");
	CHECK(!conn_is_secure(w->server.conn));
	assert_string_equal(conn_tls_text(w->server.conn), "");
	testing_until(w->loop, &w->client.got.len, 11);
	CHECK_SLICE(buf_slice(&w->client.got), "220 hello\r\n");
	CHECK(conn_is_secure(w->server.conn) && conn_is_secure(w->client.conn));
	CHECK(strncmp(conn_tls_text(w->client.conn), "TLSv1.3 TLS_", 12) == 0);
}

static void
much_comes_through_both_ways_at_once(void **state)
{
	struct world *w = *state;
	char *text = mem_zeroed(BIG, 1);

	for (size_t i = 0; i < BIG; i++)
		text[i] = (char)(i * 13 + i / 1000);
	shake(w, "mail.test");
	w->server.habit = SIDE_ECHOES;
	conn_write(w->client.conn, slice_make(text, 10));
	for (size_t at = 10; at < BIG; at += 100001)
		conn_write(w->client.conn, slice_sub(slice_make(text, BIG), at, 100001));
	testing_until(w->loop, &w->client.got.len, BIG);
	CHECK(memcmp(w->client.got.ptr, text, BIG) == 0);
	CHECK(w->client.drained > 0);
	mem_free(text);
}

static void
input_that_waits_in_tls_is_not_forgotten(void **state)
{
	struct world *w = *state;

	shake(w, "mail.test");
	conn_set_input_max(w->server.conn, 4);
	w->server.habit = SIDE_TAKES_NOTHING;
	conn_write(w->client.conn, SLICE("twelve bytes"));
	testing_until(w->loop, &w->server.inputs, 1);
	testing_turn(w->loop, 5);
	CHECK_SLICE(conn_input(w->server.conn), "twel");
	w->server.habit = SIDE_TAKES_ALL;
	conn_consume(w->server.conn, 4);
	testing_until(w->loop, &w->server.got.len, 8);
	CHECK_SLICE(buf_slice(&w->server.got), "ve bytes");
}

static void
what_came_in_clear_is_dropped_and_what_was_queued_is_sent(void **state)
{
	struct world *w = *state;
	char *text = mem_zeroed(BIG, 1);

	w->server.habit = SIDE_TAKES_NOTHING;
	conn_write(w->client.conn, SLICE("STARTTLS\r\nMAIL FROM:<injected>\r\n"));
	testing_until(w->loop, &w->server.inputs, 1);
	conn_write(w->server.conn, slice_make(text, BIG));
	conn_write(w->server.conn, SLICE("220 go\r\n"));
	conn_start_tls(w->server.conn, w->server_context, NULL);
	CHECK_U64(conn_input(w->server.conn).len, 0);
	conn_write(w->server.conn, SLICE("secret"));
	testing_until(w->loop, &w->client.got.len, BIG + 8);
	conn_start_tls(w->client.conn, w->client_context, "mail.test");
	testing_until(w->loop, &w->client.got.len, BIG + 14);
	CHECK_U64(w->server.secure, 1);
	CHECK_SLICE(slice_skip(buf_slice(&w->client.got), BIG), "220 go\r\nsecret");
	CHECK_U64(conn_input(w->server.conn).len, 0);
	mem_free(text);
}

static void
the_wrong_name_or_authority_fails_the_handshake(void **state)
{
	static const struct {
		bool has_ca;
		const char *name;
		bool is_good;
	} rows[] = {
		{ true, "mail.test", true },
		{ true, "127.0.0.1", true },
		{ true, "邮件.test", true },
		{ true, "xn--5nq051n.test", true },
		{ true, "邮.test", false },
		{ true, "\xff.test", false },
		{ true, "other.test", false },
		{ true, "127.0.0.2", false },
		{ false, "mail.test", false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_context *context;
		int fds[2];

		side_clear(&w->server);
		side_clear(&w->client);
		w->client.secure = w->client.ended = 0;
		testing_pair(fds);
		side_open(&w->server, w->loop, fds[0]);
		side_open(&w->client, w->loop, fds[1]);
		CHECK_STATUS(tls_client_new(rows[i].has_ca ? "cert.pem" : NULL, &context, NULL),
		    STATUS_OK);
		conn_start_tls(w->server.conn, w->server_context, NULL);
		conn_start_tls(w->client.conn, context, rows[i].name);
		tls_context_free(&context);
		testing_until(w->loop, rows[i].is_good ? &w->client.secure : &w->client.ended, 1);
		if (!rows[i].is_good) {
			CHECK(w->client.end == CONN_TLS_FAILED);
			CHECK(strstr(conn_problem(w->client.conn), "certificate") != NULL);
		}
	}
}

static void
an_unchecked_client_takes_any_certificate(void **state)
{
	struct world *w = *state;

	tls_context_free(&w->client_context);
	CHECK_STATUS(tls_client_new_unchecked(&w->client_context, NULL), STATUS_OK);
	shake(w, "whatever.test");
}

static void
noise_instead_of_a_handshake_fails(void **state)
{
	struct world *w = *state;

	conn_start_tls(w->server.conn, w->server_context, NULL);
	conn_write(w->client.conn, SLICE("EHLO i.do.not.speak.tls\r\n"));
	testing_until(w->loop, &w->server.ended, 1);
	CHECK(w->server.end == CONN_TLS_FAILED);
	CHECK(conn_problem(w->server.conn)[0] != '\0');
}

static void
finishing_within_a_silent_handshake_waits_for_nobody(void **state)
{
	struct world *w = *state;
	struct side silent = { 0 };
	int fds[2];

	testing_pair(fds);
	side_open(&silent, w->loop, fds[0]);
	conn_start_tls(silent.conn, w->server_context, NULL);
	testing_turn(w->loop, 2);
	conn_finish(&silent.conn);
	testing_turn(w->loop, 2);
	CHECK(send(fds[1], "x", 1, MSG_NOSIGNAL) < 0);
	side_clear(&silent);
	close(fds[1]);
}

static void
a_goodbye_is_an_end_and_a_cut_is_a_failure(void **state)
{
	struct world *w = *state;
	int fds[2], fd;

	shake(w, "mail.test");
	conn_write(w->client.conn, SLICE("last words"));
	conn_finish(&w->client.conn);
	testing_until(w->loop, &w->server.ended, 1);
	CHECK(w->server.end == CONN_EOF);
	CHECK_SLICE(buf_slice(&w->server.got), "last words");
	side_clear(&w->server);

	/* The same through a relay that dies in the middle. */
	testing_pair(fds);
	w->server = (struct side){ 0 };
	side_open(&w->server, w->loop, fds[0]);
	fd = dup(fds[1]);
	side_open(&w->client, w->loop, fds[1]);
	w->client.secure = 0;
	shake(w, "mail.test");
	CHECK(shutdown(fd, SHUT_RDWR) == 0);
	close(fd);
	testing_until(w->loop, &w->server.ended, 1);
	CHECK(w->server.end == CONN_RESET);
}

static void
a_conn_may_be_closed_when_it_becomes_secure(void **state)
{
	struct world *w = *state;

	w->server.closes = CLOSE_ON_SECURE;
	shake(w, "mail.test");
	CHECK(w->server.conn == NULL);
	testing_until(w->loop, &w->client.ended, 1);
}

static void
bad_files_are_told_apart(void **state)
{
	struct tls_context *t = NULL;
	struct problem why = { 0 };
	FILE *f = fopen("bad.pem", "w");

	(void)state;
	CHECK(f != NULL);
	fputs("-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	CHECK_STATUS(tls_server_new("absent.pem", "key.pem", TLS_FLOOR_1_2, SLICE(""), &t, &why),
	    STATUS_ABSENT);
	CHECK(strstr(why.text, "absent.pem") != NULL);
	CHECK_STATUS(tls_server_new("cert.pem", "absent.pem", TLS_FLOOR_1_2, SLICE(""), &t, &why),
	    STATUS_ABSENT);
	CHECK_STATUS(tls_server_new("bad.pem", "key.pem", TLS_FLOOR_1_2, SLICE(""), &t, &why),
	    STATUS_CORRUPT);
	CHECK_STATUS(tls_server_new("cert.pem", "cert.pem", TLS_FLOOR_1_2, SLICE(""), &t, &why),
	    STATUS_CORRUPT);
	CHECK_STATUS(tls_server_new("cert.pem", "key.pem", TLS_FLOOR_1_2, SLICE("short"), &t, &why),
	    STATUS_CORRUPT);
	CHECK_STATUS(tls_client_new("absent.pem", &t, &why), STATUS_ABSENT);
	CHECK_STATUS(tls_client_new("bad.pem", &t, &why), STATUS_CORRUPT);
	CHECK(t == NULL);
	unlink("bad.pem");
}

/* One connection of a plain OpenSSL client; *session is offered and replaced.  The version. */
static int
visit(struct world *w, struct tls_context *server, int version, SSL_SESSION **session,
    bool *is_resumed)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	struct side s = { .habit = SIDE_ECHOES };
	char text[2];
	int fds[2], got = 0, rc = 0;

	testing_pair(fds);
	side_open(&s, w->loop, fds[0]);
	conn_start_tls(s.conn, server, NULL);
	SSL_set_min_proto_version(ssl, version);
	SSL_set_max_proto_version(ssl, version);
	SSL_set_security_level(ssl, 0);
	SSL_set_fd(ssl, fds[1]);
	if (*session != NULL)
		SSL_set_session(ssl, *session);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 1000 && rc != 1 && s.ended == 0; i++) {
		rc = SSL_connect(ssl);
		testing_turn(w->loop, 1);
	}
	if (rc == 1 && SSL_write(ssl, "x", 1) == 1) {
		for (int i = 0; i < 1000 && got != 1; i++) {	/* the ticket comes before */
			got = SSL_read(ssl, text, sizeof(text));
			testing_turn(w->loop, 1);
		}
		SSL_SESSION_free(*session);
		*session = SSL_get1_session(ssl);
		*is_resumed = SSL_session_reused(ssl) == 1;
	}
	SSL_shutdown(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fds[1]);
	side_clear(&s);
	return rc == 1 ? version : 0;
}

static void
sessions_resume_at_any_front_that_has_the_ticket_key(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct world *w = *state;
	struct tls_context *fronts[2];
	char key[KEY_SIZE];

	memset(key, 7, sizeof(key));
	for (size_t i = 0; i < 2; i++)
		CHECK_STATUS(tls_server_new("cert.pem", "key.pem", TLS_FLOOR_1_2,
		    slice_make(key, sizeof(key)), &fronts[i], NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		SSL_SESSION *session = NULL;
		bool is_resumed = true;

		CHECK(visit(w, fronts[0], versions[i], &session, &is_resumed) == versions[i]);
		CHECK(!is_resumed);
		CHECK(visit(w, fronts[1], versions[i], &session, &is_resumed) == versions[i]);
		CHECK(is_resumed);
		SSL_SESSION_free(session);
	}
	for (size_t i = 0; i < 2; i++)
		tls_context_free(&fronts[i]);
}

static void
old_versions_need_the_low_floor(void **state)
{
	struct world *w = *state;
	struct tls_context *low;
	SSL_SESSION *session = NULL;
	bool is_resumed;

	CHECK_STATUS(tls_server_new("cert.pem", "key.pem", TLS_FLOOR_1_0, SLICE(""), &low, NULL),
	    STATUS_OK);
	CHECK(visit(w, w->server_context, TLS1_VERSION, &session, &is_resumed) == 0);
	CHECK(visit(w, low, TLS1_VERSION, &session, &is_resumed) == TLS1_VERSION);
	SSL_SESSION_free(session);
	tls_context_free(&low);
}

static void
who_offers_http_is_no_mail_client(void **state)
{
	static const struct {
		struct slice offer;
		bool is_good;
	} rows[] = {
		{ { "\x04imap\x04pop3", 10 }, true },
		{ { "\x04smtp", 5 }, true },
		{ { "\x08http/1.1", 9 }, false },
		{ { "\x04imap\x02h2\x08http/1.1", 17 }, false },
		{ { "\x08http/1.0", 9 }, false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SSL_CTX *context = SSL_CTX_new(TLS_client_method());
		SSL *ssl = SSL_new(context);
		struct side s = { 0 };
		int fds[2];

		testing_pair(fds);
		side_open(&s, w->loop, fds[0]);
		conn_start_tls(s.conn, w->server_context, NULL);
		SSL_set_fd(ssl, fds[1]);
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
		CHECK(SSL_set_alpn_protos(ssl, (const unsigned char *)rows[i].offer.ptr,
		    (unsigned)rows[i].offer.len) == 0);
		for (int n = 0; n < 1000 && s.secure == 0 && s.ended == 0; n++) {
			(void)SSL_connect(ssl);
			testing_turn(w->loop, 1);
		}
		CHECK_U64(s.secure, rows[i].is_good);
		SSL_free(ssl);
		SSL_CTX_free(context);
		close(fds[1]);
		side_clear(&s);
	}
}

/* A client that has nothing to say but that its key is a new one, as often as the socket takes it. */
static void
flood_with_key_updates(struct world *w, int fd, SSL *ssl)
{
	int rc = 0;

	SSL_set_min_proto_version(ssl, TLS1_3_VERSION);
	SSL_set_fd(ssl, fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 1000 && rc != 1; i++) {
		rc = SSL_connect(ssl);
		testing_turn(w->loop, 1);
	}
	while (rc == 1)
		rc = SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 ?
		    SSL_do_handshake(ssl) : 0;
	CHECK(SSL_get_error(ssl, rc) == SSL_ERROR_WANT_WRITE);
}

static void
a_flood_of_key_updates_leaves_others_their_turn(void **state)
{
	struct world *w = *state;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	struct side s = { 0 };
	int fds[2], left = 0;

	testing_pair(fds);
	side_open(&s, w->loop, fds[0]);
	conn_start_tls(s.conn, w->server_context, NULL);
	flood_with_key_updates(w, fds[1], ssl);
	testing_turn(w->loop, 0);
	CHECK(ioctl(fds[0], FIONREAD, &left) == 0 && left > 0);
	for (int i = 0; i < 1000 && left > 0; i++) {
		testing_turn(w->loop, 0);
		CHECK(ioctl(fds[0], FIONREAD, &left) == 0);
	}
	CHECK(left == 0 && s.ended == 0);
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fds[1]);
	side_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_handshake_makes_both_sides_secure),
		T(much_comes_through_both_ways_at_once),
		T(input_that_waits_in_tls_is_not_forgotten),
		T(what_came_in_clear_is_dropped_and_what_was_queued_is_sent),
		T(the_wrong_name_or_authority_fails_the_handshake),
		T(an_unchecked_client_takes_any_certificate),
		T(noise_instead_of_a_handshake_fails),
		T(finishing_within_a_silent_handshake_waits_for_nobody),
		T(a_goodbye_is_an_end_and_a_cut_is_a_failure),
		T(a_conn_may_be_closed_when_it_becomes_secure),
		T(sessions_resume_at_any_front_that_has_the_ticket_key),
		T(old_versions_need_the_low_floor),
		T(who_offers_http_is_no_mail_client),
		T(a_flood_of_key_updates_leaves_others_their_turn),
#undef T
		cmocka_unit_test(bad_files_are_told_apart),
	};
	char folder[] = "/tmp/tradepost-tls-XXXXXX";
	int failed;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return 1;
	testing_certificate();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink("cert.pem");
	unlink("key.pem");
	rmdir(folder);
	return failed;
}
