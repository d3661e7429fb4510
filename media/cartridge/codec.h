/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks, compressed as a drive does it: each on its own, and only if it gets shorter. */
#ifndef USBTAPE_MEDIA_CODEC_H
#define USBTAPE_MEDIA_CODEC_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Codec Codec;

Codec *codec_new(void);
void codec_free(Codec *codec);

/* NULL: it does not get shorter. Otherwise borrowed until the next call; `*stored` bytes. */
const uint8_t *codec_compress(Codec *codec, const uint8_t *data, uint32_t length, uint32_t *stored);

/* Room for the stored bytes of a block. Borrowed until the next call but codec_expand(). */
uint8_t *codec_room(Codec *codec, uint32_t stored);
/*
 * Expands the bytes in that room, whose length must be `length`; the first min(capacity, length) go
 * to `buffer`. False: they are not such bytes.
 */
bool codec_expand(Codec *codec, uint32_t stored, uint8_t *buffer, size_t capacity, uint32_t length);

#endif
