/*
 * subject.h -- the base subject of RFC 5256 s.2.1, by which SORT and THREAD
 * compare.  Private to the digest.
 */
#ifndef STORE_SUBJECT_H
#define STORE_SUBJECT_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * The base subject within decoded, which is one line of UTF-8 with single blanks.
 * The Chinese words that Outlook and Foxmail write for Re and Fw count as those.
 */
struct slice subject_base(struct slice decoded);

#endif
