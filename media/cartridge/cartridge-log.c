/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/cartridge.h"

#include "emu/base/error.h"
#include "media/cartridge/superblock-epochs.h"
#include "media/crc32c.h"

#include <errno.h>
#include <string.h>

MediumResult cartridge_host_error(Cartridge *c, int error, const char *doing)
{
    if (c->failed) {
        return MEDIUM_HOST_ERROR; /* the first reason stays */
    }
    g_clear_error(&c->error);
    g_set_error(&c->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s: %s", c->path, doing,
                g_strerror(-error));
    return MEDIUM_HOST_ERROR;
}

/*
 * After a failed sync the kernel may have dropped pages and marked them clean, so the file is no
 * longer trusted.
 */
static MediumResult log_sync_failed(Cartridge *c, int error)
{
    cartridge_host_error(c, error, "cannot sync, so nothing more is written");
    c->failed = true;
    return MEDIUM_HOST_ERROR;
}

/* ── superblock and attributes ── */

int cartridge_write_superblock(Cartridge *c)
{
    uint8_t bytes[SUPERBLOCK_MAX];
    int slot = c->slot == c->durable_slot ? 1 - c->slot : c->slot;
    size_t length;
    int error;

    if (c->superblock.sequence >= SEQUENCE_MAX) {
        return -EOVERFLOW;
    }
    c->superblock.sequence++;
    length = superblock_encode(&c->superblock, bytes);
    error = host_file_write(c->file, bytes, length, (uint64_t)slot * SUPERBLOCK_SLOT_SIZE);
    if (error == 0) {
        c->slot =
            slot; /* a lost superblock is harmless unless it is urgent, so this is not dirty */
    }
    return error;
}

/* The number (1 or 2) and the offset of the area that the superblock does not name. */
static uint32_t log_next_area(const Cartridge *c, uint64_t *offset)
{
    uint32_t area = c->superblock.attribute_area == 1 ? 2 : 1;

    *offset = ATTRIBUTE_AREA + (uint64_t)(area - 1) * ATTRIBUTE_AREA_SIZE;
    return area;
}

int cartridge_reserve_attributes(Cartridge *c, size_t length)
{
    uint64_t offset;
    int error;

    log_next_area(c, &offset);
    error = c->file->ops->reserve(c->file, offset, length);
    return error == -EOPNOTSUPP || error == -ENOSYS ? 0 : error;
}

/*
 * Writes to the area that the current superblock does not name. The next superblock names it. The
 * following sync makes that superblock durable, and opening also syncs. So the area in use is never
 * overwritten.
 */
int cartridge_write_attributes(Cartridge *c)
{
    g_autoptr(GBytes) packed = attribute_set_pack(c->attributes);
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(packed, &length);
    uint64_t offset;
    uint32_t area = log_next_area(c, &offset);
    int error = length > 0 ? host_file_write(c->file, bytes, length, offset) : 0;

    if (error == 0) {
        c->superblock.attribute_area = area;
        c->superblock.attribute_length = (uint32_t)length;
        c->superblock.attribute_crc = crc32c(0, bytes, length);
        c->attributes_dirty = false;
        c->superblock_urgent = true;
        c->dirty = true;
    }
    return error;
}

/* ── gathering ── */

static int log_flush_data(Cartridge *c, const uint8_t *data, size_t length)
{
    Gather *g = &c->gather;
    struct iovec iov[] = { { g->data, g->data_length }, { (void *)data, length } };
    int error = store_write(&c->store, c->partition, STREAM_DATA, g->data_start, iov, 2);

    c->dirty = true;
    if (error == 0) {
        g->data_start += g->data_length + length;
        g->data_length = 0;
    }
    return error;
}

static int log_flush_entries(Cartridge *c)
{
    Gather *g = &c->gather;
    struct iovec iov = { g->entries, (size_t)g->n * OBJECT_ENTRY };
    int error;

    if (g->n == 0) {
        return 0;
    }
    error = store_write(&c->store, c->partition, STREAM_TABLE, g->first * OBJECT_ENTRY, &iov, 1);
    c->dirty = true;
    if (error == 0) {
        g->first += g->n;
        g->n = 0;
        g->bytes = 0;
        cartridge_forget_table(c);
    }
    return error;
}

MediumResult cartridge_flush(Cartridge *c)
{
    int error = c->gather.data_length > 0 ? log_flush_data(c, NULL, 0) : 0;

    if (error == 0) {
        error = log_flush_entries(c);
    }
    return error < 0 ? cartridge_host_error(c, error, "cannot write") : MEDIUM_OK;
}

/* A stream with gathered bytes, and the end of the disk space that is reserved for it. */
typedef struct Room {
    StreamKind kind;
    uint64_t *end;
} Room;

/* Reserves disk space up to `end` of the stream, from `from` on. */
static int log_reserve(Cartridge *c, Room room, uint64_t from, uint64_t end)
{
    int error;

    if (end <= *room.end) {
        return 0;
    }
    from = MAX(from, *room.end);
    error = store_reserve(&c->store, c->partition, room.kind, from, end - from);
    *room.end = error == 0 ? end : *room.end;
    return error;
}

/*
 * Reserves ahead to save a system call per object. The range stays within a chunk, so no chunk is
 * taken before it is needed.
 */
static void log_reserve_ahead(Cartridge *c, Room room, uint64_t length)
{
    uint64_t from = *room.end;

    length = MIN(length, -from & ((G_GUINT64_CONSTANT(1) << c->store.chunk_shift) - 1));
    log_reserve(c, room, from, from + length); /* on failure the next object tries again */
}

/* Reserves disk space for one more entry and for `gathered` more bytes. */
static int log_reserve_entry(Cartridge *c, uint32_t gathered)
{
    Gather *g = &c->gather;
    Room entries = { STREAM_TABLE, &g->entries_room }, data = { STREAM_DATA, &g->data_room };
    uint64_t entry = (g->first + g->n) * OBJECT_ENTRY, byte = g->data_start + g->data_length;
    bool more_entries = entry + OBJECT_ENTRY > *entries.end;
    bool more_data = gathered > 0 && byte + gathered > *data.end;
    int error = log_reserve(c, entries, entry, entry + OBJECT_ENTRY);

    if (error == 0 && more_data) {
        error = log_reserve(c, data, byte, byte + gathered);
    }
    if (error == 0 && more_entries) {
        log_reserve_ahead(c, entries, ENTRIES_AHEAD);
    }
    if (error == 0 && more_data) {
        log_reserve_ahead(c, data, MIN((uint64_t)DATA_AHEAD, cartridge_left(c)));
    }
    return error;
}

static int log_append_data(Cartridge *c, const uint8_t *data, uint32_t length)
{
    Gather *g = &c->gather;
    int error = 0;

    if (length >= SMALL_BLOCK) {
        return log_flush_data(c, data, length);
    }
    if (g->data_length + length > GATHER_SIZE) {
        error = log_flush_data(c, NULL, 0);
    }
    if (error == 0) {
        memcpy(g->data + g->data_length, data, length);
        g->data_length += length;
    }
    return error;
}

/* ── checkpoints ── */

static void log_checkpoint_work(void *data)
{
    Cartridge *c = data;

    c->checkpoint.error = c->file->ops->sync(c->file);
}

static void log_checkpoint_done(void *data)
{
    Cartridge *c = data;
    Checkpoint *checkpoint = &c->checkpoint;
    PartitionRecord *record = &c->superblock.partitions[checkpoint->partition];

    checkpoint->running = false;
    if (c->orphaned) {
        cartridge_dispose(c);
        return;
    }
    if (checkpoint->error < 0) {
        log_sync_failed(c, checkpoint->error);
        return;
    }
    if (c->superblock.sequence == checkpoint->sequence) {
        c->durable_slot = c->slot;
    }
    /* a running sync writes a superblock itself, and the slot must not change meanwhile */
    if (c->syncing || c->failed || c->superblock.generation != checkpoint->generation ||
        record->epoch != checkpoint->epoch || record->durable.object >= checkpoint->place.object) {
        return;
    }
    record->durable = checkpoint->place;
    record->link = checkpoint->link;
    cartridge_write_superblock(c); /* on failure the old durable place stays valid */
}

/* The host has all written data. */
static void log_start_checkpoint(Cartridge *c)
{
    Checkpoint *checkpoint = &c->checkpoint;

    checkpoint->bytes = 0;
    checkpoint->running = true;
    checkpoint->place = *cartridge_end(c);
    checkpoint->link = c->link[c->partition];
    checkpoint->partition = c->partition;
    checkpoint->epoch = c->superblock.partitions[c->partition].epoch;
    checkpoint->generation = c->superblock.generation;
    checkpoint->sequence = c->superblock.sequence;
    executor_run(c->executor, log_checkpoint_work, log_checkpoint_done, c);
}

/* The stored form of a block. Borrowed. */
static const uint8_t *encode(Cartridge *c, const uint8_t *data, ObjectEntry *entry)
{
    const uint8_t *shorter = NULL;

    if (c->compress && c->superblock.geometry.compression) {
        c->codec = c->codec ? c->codec : codec_new();
        shorter = codec_compress(c->codec, data, entry->length, &entry->stored);
    }
    entry->encoding = shorter ? ENCODING_ZSTD : ENCODING_PLAIN;
    data = shorter ? shorter : data;
    entry->data_crc =
        crc32c(object_data_crc(cartridge_binding(c), c->partition, entry), data, entry->stored) ^
        cartridge_binding(c)->id;
    return data;
}

MediumResult cartridge_append(Cartridge *c, ObjectType type, const uint8_t *data, uint32_t length)
{
    Gather *g = &c->gather;
    ObjectEntry entry = { .type = type,
                          .epoch = c->superblock.partitions[c->partition].epoch,
                          .length = length,
                          .stored = length,
                          .link = c->link[c->partition],
                          .before = c->head };
    int error;

    if (!g->data) { /* reading needs none of it */
        g->data = g_malloc(GATHER_SIZE);
        g->entries = g_malloc(ENTRIES_MAX * OBJECT_ENTRY);
    }
    if (type == OBJECT_BLOCK) {
        data = encode(c, data, &entry);
    }
    if (cartridge_left(c) < (type == OBJECT_BLOCK ? entry.stored : MEDIUM_MARK_SIZE)) {
        return MEDIUM_END_OF_PARTITION;
    }
    if (g->n == ENTRIES_MAX || g->bytes >= g->limit) {
        MediumResult result = cartridge_flush(c);

        if (result != MEDIUM_OK) {
            return result;
        }
        if (c->checkpoint.bytes >= c->checkpoint.interval && !c->checkpoint.running) {
            log_start_checkpoint(c);
            if (c->failed) {
                return MEDIUM_HOST_ERROR;
            }
        }
    }
    error = log_reserve_entry(c, entry.stored < SMALL_BLOCK ? entry.stored : 0);
    if (error == 0 && entry.stored > 0) {
        error = log_append_data(c, data, entry.stored);
    }
    if (error < 0) {
        return cartridge_host_error(c, error, "cannot write");
    }
    object_entry_encode(&entry, cartridge_binding(c), c->partition,
                        g->entries + (size_t)g->n * OBJECT_ENTRY);
    g->n++;
    g->bytes += entry.stored;
    c->checkpoint.bytes += entry.stored + OBJECT_ENTRY;
    c->superblock.usage.written += length;
    c->superblock.usage.stored_written += entry.stored;
    c->dirty = true;
    c->window_length = 0;
    c->head = object_entry_after(&entry);
    *cartridge_end(c) = c->head;
    c->link[c->partition] = entry.crc;
    return MEDIUM_OK;
}

/* ── syncing ── */

static void log_note_slot_durable(Cartridge *c)
{
    c->dirty = false;
    c->durable_slot = c->slot;
}

int cartridge_sync_superblock(Cartridge *c)
{
    int error = c->file->ops->sync(c->file);

    if (error == 0) {
        log_note_slot_durable(c);
    }
    return error;
}

/* After a sync of everything written, the superblock may name all of it as durable. */
static int log_note_durable(Cartridge *c)
{
    uint32_t i;

    c->checkpoint.bytes = 0;
    log_note_slot_durable(c);
    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        c->superblock.partitions[i].durable = c->end[i];
        c->superblock.partitions[i].link = c->link[i];
    }
    return cartridge_write_superblock(c);
}

/* Writes everything that the sync needs to the host. */
static MediumResult log_prepare_sync(Cartridge *c)
{
    MediumResult result = cartridge_flush(c);
    int error = result == MEDIUM_OK && c->attributes_dirty ? cartridge_write_attributes(c) : 0;

    if (c->failed) {
        return MEDIUM_HOST_ERROR;
    }
    return error < 0 ? cartridge_host_error(c, error, "cannot write") : result;
}

MediumResult cartridge_sync_now(Cartridge *c)
{
    MediumResult result = log_prepare_sync(c);
    int error;

    if (result != MEDIUM_OK || !c->dirty) {
        return result;
    }
    error = c->file->ops->sync(c->file);
    if (error == 0) {
        error = log_note_durable(c);
    }
    if (error == 0 && c->superblock_urgent) {
        error = c->file->ops->sync(c->file);
        if (error == 0) {
            c->superblock_urgent = false;
            log_note_slot_durable(c);
        }
    }
    return error < 0 ? log_sync_failed(c, error) : MEDIUM_OK;
}

static void log_sync_work(void *data)
{
    Cartridge *c = data;

    c->sync_error = c->file->ops->sync(c->file);
}

static void log_sync_end(Cartridge *c, MediumResult result)
{
    c->syncing = false;
    c->sync_done(c->sync_data, result);
}

static void log_second_sync_done(void *data)
{
    Cartridge *c = data;

    if (c->sync_error < 0 || c->failed) {
        log_sync_end(c, log_sync_failed(c, c->sync_error < 0 ? c->sync_error : -EIO));
        return;
    }
    c->superblock_urgent = false;
    log_note_slot_durable(c);
    log_sync_end(c, MEDIUM_OK);
}

static void log_first_sync_done(void *data)
{
    Cartridge *c = data;
    int error = c->sync_error < 0 ? c->sync_error : c->failed ? -EIO : log_note_durable(c);

    if (error < 0) {
        log_sync_end(c, log_sync_failed(c, error));
    } else if (c->superblock_urgent) {
        executor_run(c->executor, log_sync_work, log_second_sync_done, c);
    } else {
        log_sync_end(c, MEDIUM_OK);
    }
}

void cartridge_sync(TapeMedium *m, MediumSyncDone done, void *data)
{
    Cartridge *c = cartridge(m);
    MediumResult result;

    g_assert(!c->syncing);
    result = c->read_only ? MEDIUM_OK : log_prepare_sync(c);
    if (result != MEDIUM_OK || c->read_only || !c->dirty) {
        done(data, result);
        return;
    }
    c->syncing = true;
    c->sync_done = done;
    c->sync_data = data;
    executor_run(c->executor, log_sync_work, log_first_sync_done, c);
}

/* ── truncating ── */

MediumResult cartridge_commit_superblock(Cartridge *c)
{
    int error = cartridge_write_superblock(c);

    if (error == 0) {
        error = c->file->ops->sync(c->file);
    }
    if (error < 0) {
        return log_sync_failed(c, error);
    }
    c->superblock_urgent = false;
    log_note_slot_durable(c);
    return MEDIUM_OK;
}

/* Makes everything before the head durable, then the head the end. */
static MediumResult log_commit_cut(Cartridge *c, uint32_t link)
{
    PartitionRecord *record = &c->superblock.partitions[c->partition];
    MediumResult result =
        record->epoch < EPOCH_MAX ? cartridge_sync_now(c) : MEDIUM_UNSUPPORTED; /* none is left */

    if (result == MEDIUM_OK) {
        superblock_begin_epoch(&c->superblock, c->partition, c->head.object);
        record->durable = c->head;
        record->link = link;
        result = cartridge_commit_superblock(c);
    }
    return result;
}

MediumResult cartridge_cut(Cartridge *c)
{
    Gather gathered = c->gather;
    Place end = *cartridge_end(c);
    uint32_t end_link = c->link[c->partition], link;
    bool unwanted = gathered.n > 0 && c->head.object <= gathered.first;
    MediumResult result;

    if (cartridge_link(c, c->head.object, &link) == ENTRY_HOST_ERROR) {
        return MEDIUM_HOST_ERROR;
    }
    if (unwanted) {
        /* gathered data lies beyond the cut and need not reach the file, which may be full */
        c->gather.n = 0;
        c->gather.bytes = 0;
        c->gather.data_length = 0;
        *cartridge_end(c) = c->head;
        c->link[c->partition] = link;
    }
    result = log_commit_cut(c, link);
    if (result != MEDIUM_OK) {
        if (unwanted) {
            c->gather = gathered;
            *cartridge_end(c) = end;
            c->link[c->partition] = end_link;
        }
        return result;
    }
    *cartridge_end(c) = c->head;
    c->link[c->partition] = link;
    c->begun[c->partition] = true;
    cartridge_aim_gather(c);
    return MEDIUM_OK;
}

void cartridge_aim_gather(Cartridge *c)
{
    g_assert(c->gather.n == 0 && c->gather.data_length == 0);
    c->gather.first = cartridge_end(c)->object;
    c->gather.data_start = cartridge_end(c)->bytes;
    c->gather.entries_room = c->gather.first * OBJECT_ENTRY;
    c->gather.data_room = c->gather.data_start;
    cartridge_forget_table(c);
    c->window_length = 0;
}
