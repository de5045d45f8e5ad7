/*
 * parse.h -- arguments that several commands share.
 */
#ifndef IMAPD_PARSE_H
#define IMAPD_PARSE_H

#include "base/buf.h"
#include "imapd/session.h"
#include "store/uidset.h"
#include "wire/imap_token.h"

/*
 * SP and a mailbox name.  *out is reset and holds it as UTF-8 (imapd/names.h).
 * SYNTAX; DENIED when the bytes are a string but no possible name: sets the refusal.
 */
MUST_USE enum status parse_mailbox(struct imap_session *s, struct imap_reader *args,
    struct buf *out);

/* SP and a set: numbers, or UIDs in the UID form.  *out: initialised; UIDs of the view. */
MUST_USE enum status parse_set(struct imap_session *s, struct imap_reader *args,
    struct uidset *out);

struct parsed_flags {
	uint64_t system;	/* FLAG_* bits */
	struct buf keywords;	/* separated by SP */
	unsigned count;		/* of keywords */
};

/* An empty one.  Release with parsed_flags_clear(). */
struct parsed_flags parsed_flags_init(void);
void parsed_flags_clear(struct parsed_flags *f);
/*
 * "(\Seen $label1)", or with bare lists allowed "\Seen $label1".  \Recent and
 * backslash flags that nobody knows are passed over.
 * SYNTAX   LIMIT too many or too long keywords
 */
enum flag_list_form { FLAG_LIST_PARENTHESES, FLAG_LIST_BARE };
MUST_USE enum status parse_flags(struct imap_reader *args, enum flag_list_form form,
    struct parsed_flags *out);

/* Nothing but blanks is left: OK, else SYNTAX. */
MUST_USE enum status parse_end(const struct imap_reader *args);

#endif
