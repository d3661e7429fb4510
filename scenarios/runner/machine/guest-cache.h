/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of built guests and of their saved states: its lock, and what is removed from it.
 *
 * Owns: scratch directories, the rules by which a build or a state goes. Does not own: how a guest
 * is built (subjects/linux/build-guest), how a state is made (guest.h).
 *
 * A build is in use from guest_cache_use() until its descriptor is closed, and its last use is the
 * time of its file `complete`. The last use of a state is the time of its file.
 */
#ifndef USBTAPE_SCENARIOS_GUEST_CACHE_H
#define USBTAPE_SCENARIOS_GUEST_CACHE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Builds of a guest that are kept, if each was used in the last day. */
#define GUEST_CACHE_BUILDS 3
/* Saved states of a guest that are kept. One run needs one for each size of memory. */
#define GUEST_CACHE_STATES 6

/* $USBTAPE_CACHE, or usbtape in the user's cache directory. Free with g_free. */
char *guest_cache_directory(void);

/* One runner at a time changes the saved states. The builders have a lock of their own. Returns a
 * descriptor to close, or -1. */
int guest_cache_lock(GError **error);
/* A new directory, for as long as the lock is held. NULL: an error. Free with g_free. */
char *guest_cache_scratch(const char *what, GError **error);

/* Marks a build as used now, and as in use while the result is open. -1: it cannot be marked. */
int guest_cache_use(const char *directory);
/*
 * Removes builds of the guest `name`, at `now` (seconds since 1970), and what killed builders left.
 * It keeps a build that is in use or that a file *-last names, and the GUEST_CACHE_BUILDS used last
 * if that was in the last day. Nothing is removed while a builder works.
 */
void guest_cache_prune(const char *cache, const char *name, int64_t now);
/* Keeps the GUEST_CACHE_STATES states that were used last, of the guest that `state` is of. States
 * that no one used for a month go, whatever their guest. Under guest_cache_lock(). */
void guest_cache_prune_states(const char *state, int64_t now);

#endif
