/*
 * fetcher.h -- keeps the list of outside mailboxes that policyd has, and a job
 * for each that is due.
 */
#ifndef FETCHD_FETCHER_H
#define FETCHD_FETCHER_H

#include "base/slice.h"

struct fetch_settings;
struct fetcher;
struct loop;

/* hostname: ours.  instance: absolute path of its folder with "/" behind it, or empty. */
struct fetcher *fetcher_new(struct loop *l, const struct fetch_settings *settings,
    struct slice hostname, struct slice instance);
/* Connections end at once. */
void fetcher_free(struct fetcher **f);

#endif
