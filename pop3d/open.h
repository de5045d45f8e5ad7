/*
 * open.h -- from a handover to POP3_TRANSACTION: folders made where there are
 * none yet, the snapshot taken, "+OK" said.
 */
#ifndef POP3D_OPEN_H
#define POP3D_OPEN_H

struct handover;
struct pop3_host;

/* Takes fd. */
void open_session(struct pop3_host *h, int fd, const struct handover *from);

#endif
