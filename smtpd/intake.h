/*
 * intake.h -- what DATA and BDAT have in common: a text begins, and is given up.
 */
#ifndef SMTPD_INTAKE_H
#define SMTPD_INTAKE_H

#include <stdbool.h>

#include "base/status.h"

struct smtp_session;

/* Give s->tx its text, our own header lines in front.  IO: logged. */
MUST_USE enum status intake_begin(struct smtp_session *s);
/* The text is refused already, and so much more came that reading on to its end is pointless. */
bool intake_is_hopeless(const struct smtp_session *s);

#endif
