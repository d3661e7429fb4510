/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compresses blocks as a drive does. Each block is independent and is stored compressed only if
 * that is shorter.
 */
#ifndef USBTAPE_MEDIA_CODEC_H
#define USBTAPE_MEDIA_CODEC_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Codec Codec;

Codec *codec_new(void);
void codec_free(Codec *codec);

/*
 * NULL if compression does not shorten the block. Otherwise borrowed until the next call, with
 * `*stored` bytes.
 */
const uint8_t *codec_compress(Codec *codec, const uint8_t *data, uint32_t length, uint32_t *stored);

/* A buffer for the stored bytes of a block. Any call but codec_expand() invalidates it. */
uint8_t *codec_room(Codec *codec, uint32_t stored);
/*
 * Expands the bytes in that buffer, whose length must be `length`. The first min(capacity, length)
 * bytes go to `buffer`. False if the bytes are not a compressed block of that length.
 */
bool codec_expand(Codec *codec, uint32_t stored, uint8_t *buffer, size_t capacity, uint32_t length);

#endif
