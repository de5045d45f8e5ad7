#include "smtpd/settings.h"

#define FIELD(name) offsetof(struct smtp_settings, name)
#define GIB (1024ull * 1024 * 1024)

const struct setting smtp_settings_table[] = {
	{ "smtp", "hostname", SETTING_TEXT, FIELD(hostname), "", 0, 0,
	    "Name this server gives itself in its greeting and in Received lines; empty: mail. and the "
	    "company's domain." },
	{ "serve", "domain", SETTING_TEXT, FIELD(domain), "", 0, 0, NULL },
	{ "smtp", "tls_cert", SETTING_TEXT, FIELD(tls_cert), "../tls/cert.pem", 0, 0,
	    "Certificate chain, PEM; relative to run/." },
	{ "smtp", "tls_key", SETTING_TEXT, FIELD(tls_key), "../tls/key.pem", 0, 0,
	    "Its private key, PEM; relative to run/." },
	{ "smtp", "tls_min", SETTING_TEXT, FIELD(tls_min), "1.2", 0, 0,
	    "Oldest TLS version that is spoken: 1.2, or 1.0 for programs on Windows XP and 7." },
	{ "smtp", "message_max", SETTING_SIZE, FIELD(message_max), "50m", 64 * 1024, GIB,
	    "Largest message that is taken." },
	{ "smtp", "in_flight", SETTING_SIZE, FIELD(in_flight), "512m", 1024 * 1024, 64 * GIB,
	    "Bytes of all messages being received at one time; above it senders are told to come "
	    "back later (452)." },
	{ "smtp", "recipients_max", SETTING_U32, FIELD(recipients_max), "1000", 100, 1000,
	    "Recipients of one message." },
	{ "smtp", "connections_max", SETTING_U32, FIELD(connections_max), "1000", 1, 20000,
	    "Connections to the port smtp at one time." },
	{ "smtp", "login_places", SETTING_U32, FIELD(login_places), "500", 1, 20000,
	    "Connections to submission and submissions that have not logged in yet." },
	{ "smtp", "address_max", SETTING_U32, FIELD(address_max), "50", 1, 20000,
	    "How many of each of these may come from one address (or IPv6 network of 64 bits)." },
	{ "smtp", "account_max", SETTING_U32, FIELD(account_max), "50", 1, 10000,
	    "Connections that one account may be logged in on." },
	{ "smtp", "banner_wait_ms", SETTING_U32, FIELD(banner_wait_ms), "20", 0, 30000,
	    "Milliseconds before the greeting on port 25; who talks in that time is no mail "
	    "server and is refused." },
	{ "smtp", "command_patience", SETTING_DURATION, FIELD(command_patience_s), "5m", 1, 3600,
	    "How long a client may take for one whole command (RFC 5321 section 4.5.3.2 asks for "
	    "five minutes); half a minute when three quarters of the places are taken." },
	{ "smtp", "login_deadline", SETTING_DURATION, FIELD(login_deadline_s), "3m", 1, 3600,
	    "How long a client of submission and submissions may take until it is logged in." },
	{ "smtp", "lull", SETTING_DURATION, FIELD(lull_s), "30m", 1, 86400,
	    "How long a session may go on without a message being accepted." },
	{ "smtp", "data_deadline", SETTING_DURATION, FIELD(data_deadline_s), "2h", 10, 86400,
	    "How long a client may take for one whole message." },
	{ "smtp", "data_grace", SETTING_DURATION, FIELD(data_grace_s), "5m", 1, 3600,
	    "The time over which the rate of a message is looked at: in each such time data_rate has "
	    "to be reached, or the session ends." },
	{ "smtp", "data_rate", SETTING_SIZE, FIELD(data_rate), "1k", 1, 1024 * 1024,
	    "Bytes a second that a message has to come with." },
	{ "smtp", "auth_old_form", SETTING_BOOL, FIELD(auth_old_form), "yes", 0, 0,
	    "Announce AUTH=PLAIN LOGIN as well, for Outlook Express and its kin." },
	{ "smtp", "receipts_outside", SETTING_BOOL, FIELD(receipts_outside), "yes", 0, 0,
	    "Offer other mail servers on port 25 that their senders are told when mail of theirs was "
	    "delivered (DSN); our own people are always offered that." },
};

const size_t smtp_settings_count = ARRAY_LEN(smtp_settings_table);
