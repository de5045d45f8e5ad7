#include "smtpd/reply.h"

#include "base/mem.h"

#define MISTAKE REPLY_IS_MISTAKE
#define CLOSES REPLY_CLOSES

static const struct reply_row rows[ANSWER_COUNT] = {
	[ANSWER_OK] = { 250, "2.0.0", "OK", 0 },
	[ANSWER_SENDER_OK] = { 250, "2.1.0", "Sender OK", 0 },
	[ANSWER_RECIPIENT_OK] = { 250, "2.1.5", "Recipient OK", 0 },
	[ANSWER_RESET_OK] = { 250, "2.0.0", "Forgotten", 0 },
	[ANSWER_BYE] = { 221, "2.0.0", "Goodbye", CLOSES },
	[ANSWER_GO_ON] = { 354, "", "Send the message, end with a line with a dot alone", 0 },
	[ANSWER_TLS_READY] = { 220, "2.0.0", "Ready to start TLS", 0 },
	[ANSWER_AUTH_OK] = { 235, "2.7.0", "Logged in", 0 },
	[ANSWER_CANNOT_VERIFY] = { 252, "2.1.5", "Cannot say, but will take mail and try", 0 },
	[ANSWER_HELP] = { 214, "2.0.0",
	    "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS AUTH", 0 },

	[ANSWER_UNKNOWN] = { 500, "5.5.1", "No such command", MISTAKE },
	[ANSWER_LINE_TOO_LONG] = { 500, "5.5.2", "The line is too long", MISTAKE },
	[ANSWER_BARE_LINE_END] = { 500, "5.5.2", "A line has to end in CR LF", MISTAKE },
	[ANSWER_CONTROL] = { 501, "5.5.2", "The line holds bytes that are no text", MISTAKE },
	[ANSWER_BAD_ARGUMENT] = { 501, "5.5.4", "The argument makes no sense", MISTAKE },
	[ANSWER_NO_ARGUMENT_WANTED] = { 501, "5.5.4", "This command has no argument", MISTAKE },
	[ANSWER_BAD_NAME] = { 501, "5.5.4", "Not a name a machine can have", MISTAKE },
	[ANSWER_BAD_SENDER] = { 501, "5.1.7", "The sender address makes no sense", MISTAKE },
	[ANSWER_BAD_RECIPIENT] = { 501, "5.1.3", "The recipient address makes no sense", MISTAKE },
	[ANSWER_BAD_PARAMETER] = { 501, "5.5.4", "A parameter makes no sense", MISTAKE },
	[ANSWER_UNKNOWN_PARAMETER] = { 555, "5.5.4", "A parameter is not known here", MISTAKE },
	[ANSWER_NEEDS_UTF8] = { 553, "5.6.7", "The address needs the SMTPUTF8 parameter",
	    MISTAKE },
	[ANSWER_BAD_CHUNK] = { 501, "5.5.4", "The size of the chunk makes no sense",
	    MISTAKE | CLOSES },
	[ANSWER_NOT_DONE] = { 502, "5.5.1", "This server does not do that", MISTAKE },
	[ANSWER_ORDER] = { 503, "5.5.1", "Not now", MISTAKE },
	[ANSWER_HELLO_FIRST] = { 503, "5.5.1", "Say EHLO first", MISTAKE },
	[ANSWER_SENDER_FIRST] = { 503, "5.5.1", "Say MAIL first", MISTAKE },
	[ANSWER_RECIPIENT_FIRST] = { 503, "5.5.1", "No recipient was taken yet", MISTAKE },
	[ANSWER_SENDER_TWICE] = { 503, "5.5.1", "There is a sender already", MISTAKE },
	[ANSWER_CHUNK_TROUBLE] = { 503, "5.5.1", "No message is open for this chunk", MISTAKE },
	[ANSWER_TLS_ALREADY] = { 503, "5.5.1", "TLS is on already", MISTAKE },
	[ANSWER_TLS_IN_MAIL] = { 503, "5.5.1", "Not while a message is open", MISTAKE },
	[ANSWER_TLS_NONE] = { 454, "4.7.0", "TLS is not available now", 0 },
	[ANSWER_TLS_FIRST] = { 530, "5.7.0", "Say STARTTLS first: turn on TLS in your mail program",
	    MISTAKE },
	[ANSWER_LOGIN_FIRST] = { 530, "5.7.0",
	    "Log in first: turn on authentication for outgoing mail in your mail program",
	    MISTAKE },
	[ANSWER_AUTH_NEEDS_TLS] = { 538, "5.7.11", "Passwords are taken over TLS only", MISTAKE },
	[ANSWER_AUTH_ALREADY] = { 503, "5.5.1", "You are logged in already", MISTAKE },
	[ANSWER_AUTH_IN_MAIL] = { 503, "5.5.1", "Not while a message is open", MISTAKE },
	[ANSWER_AUTH_ELSEWHERE] = { 502, "5.5.1", "Log in on the submission ports, 465 or 587",
	    MISTAKE },
	[ANSWER_AUTH_MECHANISM] = { 504, "5.5.4", "Use PLAIN or LOGIN", MISTAKE },
	[ANSWER_AUTH_CANCELLED] = { 501, "5.7.0", "Login given up", MISTAKE },
	[ANSWER_AUTH_BASE64] = { 501, "5.5.2", "Not valid base64", MISTAKE },
	[ANSWER_AUTH_LONG] = { 500, "5.5.6", "The login message is too long", MISTAKE },
	[ANSWER_AUTH_DENIED] = { 535, "5.7.8", "Wrong name or password", MISTAKE },
	[ANSWER_AUTH_TOO_OFTEN] = { 421, "4.7.0", "Too many failed logins, try again later",
	    CLOSES },
	[ANSWER_AUTH_LATER] = { 454, "4.7.0", "Login is not possible for the moment", 0 },

	[ANSWER_TOO_BIG] = { 552, "5.3.4", "POLICY-SIZE the message is too large for this server",
	    0 },
	[ANSWER_TOO_MUCH_IN_FLIGHT] = { 452, "4.3.1", "Too much mail at once, try again later",
	    0 },
	[ANSWER_TOO_MANY_RECIPIENTS] = { 452, "4.5.3", "Too many recipients in one message", 0 },
	[ANSWER_BARE_IN_TEXT] = { 550, "5.6.11", "The message has line ends other than CR LF",
	    CLOSES },
	[ANSWER_NUL_IN_TEXT] = { 550, "5.6.0", "The message holds NUL bytes", 0 },
	[ANSWER_NUL_FROM_OUTSIDE] = { 550, "5.6.0", "The message holds NUL bytes", CLOSES },
	[ANSWER_TOO_BIG_BY_FAR] = { 552, "5.3.4",
	    "POLICY-SIZE the message is too large for this server", CLOSES },
	[ANSWER_LATER] = { 451, "4.3.0", "Not possible for the moment, try again later", 0 },

	[ANSWER_TALKED_EARLY] = { 554, "5.5.0", "You spoke before the greeting", CLOSES },
	[ANSWER_TOO_MANY_ERRORS] = { 421, "4.7.0", "Too many mistakes", CLOSES },
	[ANSWER_TOO_LONG_A_LINE] = { 421, "4.7.0", "The line does not end", CLOSES },
	[ANSWER_TOO_MANY_CONNECTIONS] = { 421, "4.3.2", "Too many connections, try again later",
	    CLOSES },
	[ANSWER_TOO_MANY_SESSIONS] = { 421, "4.7.0",
	    "Too many connections of this account, try again later", CLOSES },
	[ANSWER_TIME_OUT] = { 421, "4.4.2", "Nothing came for too long", CLOSES },
	[ANSWER_LOGGED_OUT] = { 421, "4.7.0", "Your login has ended: the account was changed",
	    CLOSES },
	[ANSWER_CLOSING] = { 421, "4.3.2", "The server is being stopped, try again later",
	    CLOSES },
};

const struct reply_row *
reply_row(enum smtp_answer answer)
{
	ASSERT(answer < ANSWER_COUNT && rows[answer].code != 0);
	return &rows[answer];
}
