/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads blocks and marks through a window, or straight into the caller's buffer. */
#include "media/cartridge/cartridge.h"

#include "emu/base/error.h"
#include "media/crc32c.h"

#include <errno.h>
#include <string.h>

enum { SCRATCH_SIZE = 64 * 1024 };

MediumResult cartridge_corrupt(Cartridge *c, uint64_t object)
{
    if (!c->failed) {
        g_clear_error(&c->error);
        g_set_error(&c->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: object %" G_GUINT64_FORMAT " of partition %u is damaged", c->path, object,
                    c->partition);
    }
    return MEDIUM_CORRUPT;
}

/* Bytes of the data stream, some of which may still be gathered. */
static int read_data(Cartridge *c, uint64_t offset, uint8_t *to, size_t length)
{
    const Gather *g = &c->gather;

    if (g->data_length > 0 && offset >= g->data_start) {
        memcpy(to, g->data + (offset - g->data_start), length);
        return 0;
    }
    return store_read(&c->store, c->partition, STREAM_DATA, offset, to, length);
}

/* The start value of the CRC of a block's data. */
static uint32_t read_data_crc(Cartridge *c, const ObjectEntry *entry)
{
    return object_data_crc(cartridge_binding(c), c->partition, entry);
}

static bool read_is_own_data(Cartridge *c, const ObjectEntry *entry, uint32_t crc)
{
    return (crc ^ cartridge_binding(c)->id) == entry->data_crc;
}

/*
 * Reads a whole block. Bytes that do not fit in `buffer` go to the scratch buffer. `*crc` covers
 * all of it.
 */
static int read_large(Cartridge *c, const ObjectEntry *entry, uint8_t *buffer, size_t capacity,
                      uint32_t *crc)
{
    size_t done = MIN(capacity, entry->stored);
    int error = read_data(c, entry->before.bytes, buffer, done);

    *crc = crc32c(*crc, buffer, done);
    while (error == 0 && done < entry->stored) {
        size_t part = MIN((size_t)SCRATCH_SIZE, entry->stored - done);

        if (!c->scratch) {
            c->scratch = g_malloc(SCRATCH_SIZE);
        }
        error = read_data(c, entry->before.bytes + done, c->scratch, part);
        *crc = crc32c(*crc, c->scratch, part);
        done += part;
    }
    return error;
}

/* Reads a small block through the window, which moves to the block. */
static int read_small(Cartridge *c, const ObjectEntry *entry, bool forward, const uint8_t **bytes)
{
    uint64_t start = entry->before.bytes, end = start + entry->stored;
    const Gather *g = &c->gather;

    if (g->data_length > 0 && start >= g->data_start) {
        *bytes = g->data + (start - g->data_start);
        return 0;
    }
    if (start < c->window_start || end > c->window_start + c->window_length) {
        uint64_t limit = g->data_length > 0 ? g->data_start : cartridge_end(c)->bytes;
        uint64_t from = forward ? start : end > WINDOW_SIZE ? end - WINDOW_SIZE : 0;
        size_t length;
        int error;

        if (end > limit) {
            return -EBADMSG; /* no valid entry describes data that is only partly gathered */
        }
        length = (size_t)MIN(WINDOW_SIZE, limit - from);
        c->window_length = 0;
        error = store_read(&c->store, c->partition, STREAM_DATA, from, c->window, length);
        if (error < 0) {
            return error;
        }
        c->window_start = from;
        c->window_length = length;
    }
    *bytes = c->window + (start - c->window_start);
    return 0;
}

static MediumResult read_compressed(Cartridge *c, const ObjectEntry *entry, uint8_t *buffer,
                                    size_t capacity, size_t *length)
{
    uint8_t *room;
    int error;

    c->codec = c->codec ? c->codec : codec_new();
    room = codec_room(c->codec, entry->stored);
    error = read_data(c, entry->before.bytes, room, entry->stored);
    if (error < 0) {
        return cartridge_host_error(c, error, "cannot read");
    }
    if (!read_is_own_data(c, entry, crc32c(read_data_crc(c, entry), room, entry->stored)) ||
        !codec_expand(c->codec, entry->stored, buffer, capacity, entry->length)) {
        return cartridge_corrupt(c, entry->before.object);
    }
    *length = entry->length;
    return MEDIUM_OK;
}

/* True if some of this data lies in a missing chunk. */
static bool read_is_lost(Cartridge *c, uint64_t offset, uint64_t length)
{
    const Gather *g = &c->gather;
    uint64_t end = g->data_length > 0 ? MIN(offset + length, g->data_start) : offset + length;

    while (offset < end) {
        uint64_t there = store_hole_end(&c->store, c->partition, STREAM_DATA, offset);

        if (there != offset) {
            return true;
        }
        offset = ((offset >> c->store.chunk_shift) + 1) << c->store.chunk_shift;
    }
    return false;
}

/* OK if the block is in `buffer`. After CORRUPT `buffer` holds nothing that may be shown. */
static MediumResult read_block(Cartridge *c, const ObjectEntry *entry, bool forward,
                               uint8_t *buffer, size_t capacity, size_t *length)
{
    uint32_t crc = read_data_crc(c, entry);
    int error;

    if (entry->before.bytes + entry->stored > cartridge_end(c)->bytes ||
        read_is_lost(c, entry->before.bytes, entry->stored)) {
        return cartridge_corrupt(c, entry->before.object);
    }
    if (capacity == 0) {
        *length = entry->length;
        return MEDIUM_OK;
    }
    if (entry->encoding == ENCODING_ZSTD) {
        return read_compressed(c, entry, buffer, capacity, length);
    }
    if (entry->stored < SMALL_BLOCK) {
        const uint8_t *bytes = NULL;

        error = read_small(c, entry, forward, &bytes);
        if (error == 0) {
            crc = crc32c(crc, bytes, entry->stored);
            memcpy(buffer, bytes, MIN(capacity, entry->stored));
        }
    } else {
        error = read_large(c, entry, buffer, capacity, &crc);
    }
    if (error < 0 && error != -EBADMSG) {
        return cartridge_host_error(c, error, "cannot read");
    }
    if (error < 0 || !read_is_own_data(c, entry, crc)) {
        return cartridge_corrupt(c, entry->before.object);
    }
    *length = entry->length;
    return MEDIUM_OK;
}

/* Moves the head to a place where perhaps only the object number is known. */
MediumResult cartridge_move_head(Cartridge *c, uint64_t object)
{
    Place place;
    MediumResult result = cartridge_place(c, object, &place);

    if (result != MEDIUM_HOST_ERROR) {
        c->head = place;
        c->head_guessed = result == MEDIUM_CORRUPT;
    }
    return result;
}

static MediumResult read_object(Cartridge *c, uint64_t object, bool forward, uint8_t *buffer,
                                size_t capacity, size_t *length)
{
    uint64_t to = forward ? object + 1 : object;
    MediumResult result;
    ObjectEntry entry;

    switch (cartridge_entry(c, object, &entry)) {
    case ENTRY_HOST_ERROR:
        return MEDIUM_HOST_ERROR;
    case ENTRY_DAMAGED:
        return cartridge_move_head(c, to) == MEDIUM_HOST_ERROR ? MEDIUM_HOST_ERROR
                                                               : cartridge_corrupt(c, object);
    case ENTRY_GOOD:
    default:
        break;
    }
    switch (entry.type) {
    case OBJECT_FILEMARK:
        result = MEDIUM_FILEMARK;
        break;
    case OBJECT_SETMARK:
        result = MEDIUM_SETMARK;
        break;
    case OBJECT_BLOCK:
    default:
        result = read_block(c, &entry, forward, buffer, capacity, length);
        break;
    }
    c->superblock.usage.read += *length;
    c->superblock.usage.stored_read += *length > 0 ? entry.stored : 0;
    if (result != MEDIUM_HOST_ERROR) {
        c->head = forward ? object_entry_after(&entry) : entry.before;
        c->head_guessed = false;
    }
    return result;
}

uint64_t cartridge_skip_lost(TapeMedium *m)
{
    Cartridge *c = cartridge(m);
    uint64_t from = c->head.object, to = cartridge_after_lost(c, from);

    return to > from && cartridge_move_head(c, to) != MEDIUM_HOST_ERROR ? to - from : 0;
}

MediumResult cartridge_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    Cartridge *c = cartridge(m);

    if (c->head.object == cartridge_end(c)->object) {
        return MEDIUM_EOD;
    }
    return read_object(c, c->head.object, true, buffer, capacity, length);
}

/* True for data that is gathered or in the window. Small blocks are read a window at a time. */
bool cartridge_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data)
{
    Cartridge *c = cartridge(m);
    uint64_t end = c->gather.data_length > 0 ? c->gather.data_start : cartridge_end(c)->bytes;
    uint64_t window_end = c->window_start + c->window_length, from = c->head.bytes;

    if (c->head.object == cartridge_end(c)->object) {
        return true;
    }
    if (!cartridge_fetch_entry(c, c->head.object, done, data)) {
        return false;
    }
    if (from >= c->window_start && from < window_end) {
        bytes -= MIN(bytes, window_end - from);
        from = window_end;
    } else if (bytes < SMALL_BLOCK) {
        bytes = WINDOW_SIZE;
    }
    return from >= end || store_fetch(&c->store, c->partition, STREAM_DATA, from,
                                      MIN(bytes, end - from), c->executor, done, data);
}

MediumResult cartridge_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    Cartridge *c = cartridge(m);

    if (c->head.object == 0) {
        return MEDIUM_BOP;
    }
    return read_object(c, c->head.object - 1, false, buffer, capacity, length);
}
