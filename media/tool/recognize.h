/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tape file holds, told by the first bytes of its first block. */
#ifndef USBTAPE_MEDIA_RECOGNIZE_H
#define USBTAPE_MEDIA_RECOGNIZE_H

#include <stddef.h>
#include <stdint.h>

enum { RECOGNIZE_LENGTH = 1024 }; /* more is not looked at */

/* A static name, such as "tar (POSIX)"; NULL: nothing that is known. */
const char *medium_recognize(const uint8_t *head, size_t length);

#endif
