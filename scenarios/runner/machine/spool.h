/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of a program in a guest, which may be of any length. It goes to a file as it comes,
 * and only the first bytes of it are kept.
 */
#ifndef USBTAPE_SCENARIOS_SPOOL_H
#define USBTAPE_SCENARIOS_SPOOL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Of one stream of one step, and of any other answer of an agent. */
#define SPOOL_MOST (64u * 1024 * 1024)

typedef struct Spool Spool;

/* Keeps at most `most` bytes in the file `fd`, empty, which it takes over; -1: in memory. */
Spool *spool_new(int fd, uint64_t most);
void spool_free(Spool *spool);

void spool_add(Spool *spool, const void *bytes, size_t length);

/* What was kept, with a NUL behind it; borrowed until something is added. */
const char *spool_text(Spool *spool);
/* Bytes that were added. */
uint64_t spool_total(const Spool *spool);
/* Fewer were kept. */
bool spool_is_cut(const Spool *spool);
/* The errno of the first write or read of the file that failed; 0: none. */
int spool_error(const Spool *spool);

#endif
