/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/codec.h"

#include <string.h>
#include <zstd.h>

/*
 * Level of compression, faster than the real drives, because a tape drive never waits for its
 * compression.
 */
enum { LEVEL = 1 };

struct Codec {
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *expander;
    GByteArray *stored, *whole;
};

Codec *codec_new(void)
{
    Codec *codec = g_new0(Codec, 1);

    codec->compressor = ZSTD_createCCtx();
    codec->expander = ZSTD_createDCtx();
    codec->stored = g_byte_array_new();
    codec->whole = g_byte_array_new();
    g_assert(codec->compressor && codec->expander);
    return codec;
}

void codec_free(Codec *codec)
{
    if (codec) {
        ZSTD_freeCCtx(codec->compressor);
        ZSTD_freeDCtx(codec->expander);
        g_byte_array_unref(codec->stored);
        g_byte_array_unref(codec->whole);
        g_free(codec);
    }
}

const uint8_t *codec_compress(Codec *codec, const uint8_t *data, uint32_t length, uint32_t *stored)
{
    size_t n;

    g_byte_array_set_size(codec->stored, length);
    n = ZSTD_compressCCtx(codec->compressor, codec->stored->data, length, data, length, LEVEL);
    if (ZSTD_isError(n) || n >= length) {
        return NULL;
    }
    *stored = (uint32_t)n;
    return codec->stored->data;
}

uint8_t *codec_room(Codec *codec, uint32_t stored)
{
    g_byte_array_set_size(codec->stored, stored);
    return codec->stored->data;
}

bool codec_expand(Codec *codec, uint32_t stored, uint8_t *buffer, size_t capacity, uint32_t length)
{
    uint8_t *to = buffer;

    if (capacity < length) {
        g_byte_array_set_size(codec->whole, length);
        to = codec->whole->data;
    }
    if (ZSTD_decompressDCtx(codec->expander, to, length, codec->stored->data, stored) != length) {
        return false;
    }
    if (capacity < length) {
        memcpy(buffer, to, capacity);
    }
    return true;
}
