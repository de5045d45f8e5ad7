#include "smtpd/relay_settings.h"

#define FIELD(name) offsetof(struct relay_settings, name)

const struct setting relay_settings_table[] = {
	{ "relay", "hostname", SETTING_TEXT, FIELD(hostname), "", 0, 0,
	    "Name that other servers are told; it should be the one that this machine's outside "
	    "address leads to. Empty: the hostname of [smtp], else the company's domain." },
	{ "smtp", "hostname", SETTING_TEXT, FIELD(smtp_hostname), "", 0, 0, NULL },
	{ "serve", "domain", SETTING_TEXT, FIELD(domain), "", 0, 0, NULL },
	{ "relay", "concurrent", SETTING_U32, FIELD(concurrent), "20", 1, 500,
	    "Connections to other servers at one time." },
	{ "relay", "per_destination", SETTING_U32, FIELD(per_destination), "5", 1, 100,
	    "Connections to one smarthost, or for one domain, at one time." },
	{ "relay", "per_connection", SETTING_U32, FIELD(per_connection), "100", 1, 10000,
	    "Messages that are sent over one connection." },
	{ "relay", "idle", SETTING_DURATION, FIELD(idle_s), "5s", 0, 300,
	    "How long a connection is kept for the next message." },
	{ "relay", "patience", SETTING_DURATION, FIELD(patience_s), "10m", 1, 3600,
	    "The longest wait for any answer of another server; RFC 5321 section 4.5.3.2 asks "
	    "for ten minutes after the text and for less elsewhere." },
	{ "relay", "retry_first", SETTING_DURATION, FIELD(retry_first_s), "5m", 1, 86400,
	    "When mail is tried again that could not be sent; the next pauses grow to 2, 4, 8, 12, "
	    "24 and 48 times that." },
	{ "relay", "retry_max", SETTING_DURATION, FIELD(retry_max_s), "4h", 1, 86400,
	    "The longest of these pauses." },
	{ "relay", "delay_notice", SETTING_DURATION, FIELD(delay_notice_s), "4h", 0, 2592000,
	    "The author is told once of mail that waits this long; 0: never." },
	{ "relay", "expire", SETTING_DURATION, FIELD(expire_s), "5d", 1, 2592000,
	    "Mail that could not be sent for this long goes back to its author, once it was tried "
	    "for an hour." },
	{ "relay", "mx_port", SETTING_U32, FIELD(mx_port), "25", 1, 65535,
	    "Port of mail exchangers; another one than 25 is for tests." },
	{ "relay", "mx_local", SETTING_BOOL, FIELD(mx_local), "no", 0, 0,
	    "Send to mail exchangers that are addresses of this machine, which otherwise is a loop; "
	    "for tests." },
	{ "dns", "server", SETTING_TEXT, FIELD(dns_server), "", 0, 0,
	    "DNS server for outgoing mail, like 192.0.2.53:53. Empty: those of "
	    "/etc/resolv.conf." },
};

const size_t relay_settings_count = ARRAY_LEN(relay_settings_table);
