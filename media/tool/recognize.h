/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognizes the contents of a tape file by the first bytes of its first block. */
#ifndef USBTAPE_MEDIA_RECOGNIZE_H
#define USBTAPE_MEDIA_RECOGNIZE_H

#include <stddef.h>
#include <stdint.h>

enum { RECOGNIZE_LENGTH = 1024 }; /* later bytes are ignored */

/* A static name, such as "tar (POSIX)", or NULL if unknown. */
const char *medium_recognize(const uint8_t *head, size_t length);

#endif
