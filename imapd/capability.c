#include "imapd/capability.h"

#define BASE "CAPABILITY IMAP4rev1 LITERAL+ SASL-IR "
#define LOGINS "AUTH=PLAIN AUTH=LOGIN "
#define REST "ID ENABLE IDLE NAMESPACE CHILDREN UNSELECT UIDPLUS MOVE SPECIAL-USE XLIST CONDSTORE"

struct slice
capability_text(enum capability_stage stage)
{
	switch (stage) {
	case CAPABILITY_CLEAR:
		return SLICE(BASE "STARTTLS LOGINDISABLED " REST);
	case CAPABILITY_CLEAR_LOGIN:
		return SLICE(BASE "STARTTLS " LOGINS REST);
	case CAPABILITY_SECURE:
		break;
	}
	return SLICE(BASE LOGINS REST);
}
