/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/memory_disk.h"

#include <errno.h>
#include <string.h>

enum { PAGE = 4096, SECTOR = 512 };

typedef enum EventType {
    EVENT_WRITE,
    EVENT_PUNCH,
    EVENT_RESERVE, /* the file grows */
    EVENT_TRUNCATE,
    EVENT_SYNC
} EventType;

typedef struct Event {
    EventType type;
    uint64_t offset, length; /* truncate: the new size is `offset` */
    uint8_t *data;           /* of a write */
    int step;
} Event;

struct MemoryDisk {
    GHashTable *pages; /* number → PAGE bytes; absent pages are zeroes */
    uint64_t size;
    GHashTable *first_pages; /* when the log was begun; NULL: none */
    uint64_t first_size;
    GArray *events;
    int step;
    int fail_in, fail_error;
    bool failing, fail_forever, failed;
    guint pages_max;
    bool promises; /* any room */
};

typedef struct DiskFile {
    HostFile base;
    MemoryDisk *disk;
} DiskFile;

static void event_clear(gpointer data)
{
    g_free(((Event *)data)->data);
}

static GHashTable *copy_pages(GHashTable *pages)
{
    GHashTable *copy = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer number, page;

    if (pages) {
        g_hash_table_iter_init(&iter, pages);
        while (g_hash_table_iter_next(&iter, &number, &page)) {
            g_hash_table_insert(copy, g_memdup2(number, sizeof(gint64)), g_memdup2(page, PAGE));
        }
    }
    return copy;
}

MemoryDisk *memory_disk_new(void)
{
    MemoryDisk *disk = g_new0(MemoryDisk, 1);

    disk->pages = copy_pages(NULL);
    disk->events = g_array_new(FALSE, FALSE, sizeof(Event));
    g_array_set_clear_func(disk->events, event_clear);
    disk->pages_max = G_MAXUINT;
    return disk;
}

void memory_disk_free(MemoryDisk *disk)
{
    if (disk) {
        g_hash_table_unref(disk->pages);
        g_clear_pointer(&disk->first_pages, g_hash_table_unref);
        g_array_unref(disk->events);
        g_free(disk);
    }
}

/* ── bytes ── */

static uint8_t *page_at(const MemoryDisk *disk, uint64_t number)
{
    gint64 key = (gint64)number;

    return g_hash_table_lookup(disk->pages, &key);
}

static uint8_t *make_page(MemoryDisk *disk, uint64_t number)
{
    gint64 key = (gint64)number;
    uint8_t *page = page_at(disk, number);

    if (!page && g_hash_table_size(disk->pages) < disk->pages_max) {
        page = g_malloc0(PAGE);
        g_hash_table_insert(disk->pages, g_memdup2(&key, sizeof key), page);
    }
    return page;
}

/* Writes, or writes zeroes; returns how many bytes found room. */
static uint64_t put(MemoryDisk *disk, uint64_t offset, const uint8_t *data, uint64_t length)
{
    uint64_t done = 0;

    while (done < length) {
        uint64_t at = offset + done, within = at % PAGE, part = MIN(PAGE - within, length - done);
        uint8_t *page = data ? make_page(disk, at / PAGE) : page_at(disk, at / PAGE);

        if (data && !page) {
            break;
        }
        if (data) {
            memcpy(page + within, data + done, part);
            disk->size = MAX(disk->size, at + part);
        } else if (page) {
            memset(page + within, 0, part);
        }
        done += part;
    }
    return done;
}

static gboolean beyond(gpointer key, gpointer value, gpointer size)
{
    return (uint64_t) * (gint64 *)key * PAGE >= *(uint64_t *)size;
}

static void set_size(MemoryDisk *disk, uint64_t size)
{
    if (size < disk->size) {
        g_hash_table_foreach_remove(disk->pages, beyond, &size);
        put(disk, size, NULL, (PAGE - size % PAGE) % PAGE);
    }
    disk->size = size;
}

/* ── the file ── */

static MemoryDisk *disk_of(HostFile *file)
{
    return ((DiskFile *)file)->disk;
}

static bool should_fail(MemoryDisk *disk)
{
    if (!disk->failing || disk->fail_in-- > 0) {
        return false;
    }
    disk->failed = true;
    disk->failing = disk->fail_forever;
    disk->fail_in = 0;
    return true;
}

static void note(MemoryDisk *disk, EventType type, uint64_t offset, uint64_t length,
                 const uint8_t *data)
{
    Event event = { type, offset, length, data ? g_memdup2(data, length) : NULL, disk->step };

    g_array_append_val(disk->events, event);
}

static ssize_t disk_read(HostFile *file, void *buffer, size_t length, uint64_t offset)
{
    MemoryDisk *disk = disk_of(file);
    size_t done = 0;

    if (should_fail(disk)) {
        return -disk->fail_error;
    }
    length = offset < disk->size ? MIN(length, disk->size - offset) : 0;
    while (done < length) {
        uint64_t at = offset + done, within = at % PAGE;
        size_t part = MIN(PAGE - within, length - done);
        const uint8_t *page = page_at(disk, at / PAGE);

        if (page) {
            memcpy((uint8_t *)buffer + done, page + within, part);
        } else {
            memset((uint8_t *)buffer + done, 0, part);
        }
        done += part;
    }
    return (ssize_t)length;
}

static ssize_t disk_write(HostFile *file, const struct iovec *iov, int n, uint64_t offset)
{
    MemoryDisk *disk = disk_of(file);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint64_t done;
    int i;

    for (i = 0; i < n; i++) {
        g_byte_array_append(bytes, iov[i].iov_base, (guint)iov[i].iov_len);
    }
    if (should_fail(disk)) {
        done = put(disk, offset, bytes->data, bytes->len / 2);
        note(disk, EVENT_WRITE, offset, done, bytes->data);
        return -disk->fail_error;
    }
    done = put(disk, offset, bytes->data, bytes->len);
    note(disk, EVENT_WRITE, offset, done, bytes->data);
    return done == 0 && bytes->len > 0 ? -ENOSPC : (ssize_t)done;
}

static int disk_sync(HostFile *file)
{
    MemoryDisk *disk = disk_of(file);

    if (should_fail(disk)) {
        return -disk->fail_error;
    }
    note(disk, EVENT_SYNC, 0, 0, NULL);
    return 0;
}

static int disk_truncate(HostFile *file, uint64_t size)
{
    MemoryDisk *disk = disk_of(file);

    if (should_fail(disk)) {
        return -disk->fail_error;
    }
    set_size(disk, size);
    note(disk, EVENT_TRUNCATE, size, 0, NULL);
    return 0;
}

static int disk_punch(HostFile *file, uint64_t offset, uint64_t length)
{
    MemoryDisk *disk = disk_of(file);

    if (should_fail(disk)) {
        return -disk->fail_error;
    }
    put(disk, offset, NULL, length);
    note(disk, EVENT_PUNCH, offset, length, NULL);
    return 0;
}

/* As many file systems do, it keeps what it got when the disk fills up on the way. */
static int disk_reserve(HostFile *file, uint64_t offset, uint64_t length)
{
    MemoryDisk *disk = disk_of(file);
    uint64_t page;

    if (should_fail(disk)) {
        return -disk->fail_error;
    }
    for (page = offset / PAGE; page * PAGE < offset + length && !disk->promises; page++) {
        /* cppcheck-suppress leakReturnValNotUsed ; the page is the disk's */
        if (disk->pages_max < G_MAXUINT && !make_page(disk, page)) {
            return -ENOSPC;
        }
    }
    set_size(disk, MAX(disk->size, offset + length));
    note(disk, EVENT_RESERVE, offset, length, NULL);
    return 0;
}

static int64_t disk_size(HostFile *file)
{
    return (int64_t)disk_of(file)->size;
}

HostFile *memory_disk_open(MemoryDisk *disk)
{
    static const HostFileOps ops = { disk_read,  disk_write,   disk_sync, disk_truncate,
                                     disk_punch, disk_reserve, disk_size, host_file_release };
    DiskFile *file = g_new(DiskFile, 1);

    *file = (DiskFile){ { &ops }, disk };
    return &file->base;
}

/* ── cutting ── */

void memory_disk_set_step(MemoryDisk *disk, int step)
{
    disk->step = step;
}

int memory_disk_events(const MemoryDisk *disk)
{
    return (int)disk->events->len;
}

int memory_disk_step(const MemoryDisk *disk, int event)
{
    return g_array_index(disk->events, Event, event).step;
}

static void apply(MemoryDisk *disk, const Event *event)
{
    switch (event->type) {
    case EVENT_WRITE:
        put(disk, event->offset, event->data, event->length);
        break;
    case EVENT_PUNCH:
        put(disk, event->offset, NULL, event->length);
        break;
    case EVENT_RESERVE:
        set_size(disk, MAX(disk->size, event->offset + event->length));
        break;
    case EVENT_TRUNCATE:
        set_size(disk, event->offset);
        break;
    case EVENT_SYNC:
    default:
        break;
    }
}

/* Each sector that the event touches reaches the platter or does not. */
static void apply_some_sectors(MemoryDisk *disk, const Event *event, GRand *rand)
{
    uint64_t done = 0;

    if (event->type != EVENT_WRITE && event->type != EVENT_PUNCH) {
        if (g_rand_boolean(rand)) {
            apply(disk, event);
        }
        return;
    }
    while (done < event->length) {
        uint64_t at = event->offset + done;
        uint64_t part = MIN(SECTOR - at % SECTOR, event->length - done);

        if (g_rand_boolean(rand)) {
            put(disk, at, event->data ? event->data + done : NULL, part);
        }
        done += part;
    }
}

MemoryDisk *memory_disk_cut(const MemoryDisk *disk, int event, CutMode mode, GRand *rand)
{
    MemoryDisk *cut = memory_disk_new();
    int synced = -1, i;

    if (disk->first_pages) {
        g_hash_table_unref(cut->pages);
        cut->pages = copy_pages(disk->first_pages);
        cut->size = disk->first_size;
    }
    for (i = 0; i < event; i++) {
        if (g_array_index(disk->events, Event, i).type == EVENT_SYNC) {
            synced = i;
        }
    }
    for (i = 0; i < event; i++) {
        const Event *e = &g_array_index(disk->events, Event, i);

        if (mode == CUT_POWER && i > synced) {
            /* half of the time as it was, so that not every cut is a ruin */
            if (g_rand_int_range(rand, 0, 3) == 0) {
                apply(cut, e);
            } else {
                apply_some_sectors(cut, e, rand);
            }
        } else {
            apply(cut, e);
        }
    }
    if (mode == CUT_KILLED_TORN && event < (int)disk->events->len) {
        Event torn = g_array_index(disk->events, Event, event);

        if (torn.type == EVENT_WRITE && torn.length > 1) {
            torn.length = (uint64_t)g_rand_int_range(rand, 1, (gint32)torn.length);
            apply(cut, &torn);
        }
    }
    return cut;
}

void memory_disk_settle(MemoryDisk *disk)
{
    g_clear_pointer(&disk->first_pages, g_hash_table_unref);
    disk->first_pages = copy_pages(disk->pages);
    disk->first_size = disk->size;
    g_array_set_size(disk->events, 0);
}

/* ── failing ── */

void memory_disk_fail(MemoryDisk *disk, int n, int error, bool forever)
{
    disk->failing = error != 0;
    disk->fail_in = n;
    disk->fail_error = error;
    disk->fail_forever = forever;
    disk->failed = false;
}

bool memory_disk_failed(const MemoryDisk *disk)
{
    return disk->failed;
}

void memory_disk_promise(MemoryDisk *disk, bool anything)
{
    disk->promises = anything;
}

void memory_disk_limit_pages(MemoryDisk *disk, guint pages)
{
    disk->pages_max = pages == G_MAXUINT ? pages : g_hash_table_size(disk->pages) + pages;
}
