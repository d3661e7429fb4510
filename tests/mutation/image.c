/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mutation/image.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

struct Image {
    uint64_t size;
    GHashTable *pages; /* page number to PAGE bytes */
};

static const uint8_t zeroes[PAGE];

static uint8_t *page_of(const Image *image, uint64_t number)
{
    return g_hash_table_lookup(image->pages, GSIZE_TO_POINTER(number));
}

static Image *image_new(uint64_t size)
{
    Image *image = g_new0(Image, 1);

    image->size = size;
    image->pages = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return image;
}

void image_free(Image *image)
{
    if (image) {
        g_hash_table_unref(image->pages);
        g_free(image);
    }
}

static void put_page(Image *image, uint64_t number, const uint8_t *bytes)
{
    g_hash_table_insert(image->pages, GSIZE_TO_POINTER(number), g_memdup2(bytes, PAGE));
}

Image *image_load(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t data = 0, hole;
    struct stat st;
    Image *image;

    g_assert(fd >= 0 && fstat(fd, &st) == 0);
    image = image_new((uint64_t)st.st_size);
    while ((data = lseek(fd, data, SEEK_DATA)) >= 0) {
        hole = lseek(fd, data, SEEK_HOLE);
        for (data -= data % PAGE; data < hole; data += PAGE) {
            uint8_t bytes[PAGE] = { 0 };

            g_assert(pread(fd, bytes, PAGE, data) > 0);
            if (memcmp(bytes, zeroes, PAGE) != 0) {
                put_page(image, (uint64_t)data / PAGE, bytes);
            }
        }
        data = hole;
    }
    close(fd);
    return image;
}

Image *image_copy(const Image *image)
{
    Image *copy = image_new(image->size);
    GHashTableIter iter;
    gpointer number, bytes;

    g_hash_table_iter_init(&iter, image->pages);
    while (g_hash_table_iter_next(&iter, &number, &bytes)) {
        put_page(copy, GPOINTER_TO_SIZE(number), bytes);
    }
    return copy;
}

uint64_t image_size(const Image *image)
{
    return image->size;
}

void image_truncate(Image *image, uint64_t size)
{
    GHashTableIter iter;
    gpointer number, bytes;

    g_assert(size <= image->size);
    image->size = size;
    g_hash_table_iter_init(&iter, image->pages);
    while (g_hash_table_iter_next(&iter, &number, &bytes)) {
        uint64_t start = GPOINTER_TO_SIZE(number) * (uint64_t)PAGE;

        if (start >= size) {
            g_hash_table_iter_remove(&iter);
        } else if (start + PAGE > size) {
            memset((uint8_t *)bytes + (size - start), 0, start + PAGE - size);
        }
    }
}

void image_read(const Image *image, uint64_t offset, void *bytes, size_t length)
{
    uint8_t *to = bytes;

    while (length > 0) {
        size_t skip = offset % PAGE, part = MIN(length, PAGE - skip);
        const uint8_t *page = page_of(image, offset / PAGE);

        memcpy(to, page ? page + skip : zeroes, part);
        to += part;
        offset += part;
        length -= part;
    }
}

void image_write(Image *image, uint64_t offset, const void *bytes, size_t length)
{
    const uint8_t *from = bytes;

    length = offset >= image->size ? 0 : MIN(length, image->size - offset);
    while (length > 0) {
        size_t skip = offset % PAGE, part = MIN(length, PAGE - skip);

        if (!page_of(image, offset / PAGE)) {
            put_page(image, offset / PAGE, zeroes);
        }
        memcpy(page_of(image, offset / PAGE) + skip, from, part);
        from += part;
        offset += part;
        length -= part;
    }
}

void image_save(const Image *image, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    GHashTableIter iter;
    gpointer number, bytes;

    g_assert(fd >= 0);
    g_hash_table_iter_init(&iter, image->pages);
    while (g_hash_table_iter_next(&iter, &number, &bytes)) {
        off_t start = (off_t)GPOINTER_TO_SIZE(number) * PAGE;
        size_t part = MIN(PAGE, image->size - (uint64_t)start);

        g_assert(pwrite(fd, bytes, part, start) == (ssize_t)part);
    }
    g_assert(ftruncate(fd, (off_t)image->size) == 0);
    close(fd);
}

/* Is every page of `a` in `b`? */
static bool is_within(const Image *a, const Image *b)
{
    GHashTableIter iter;
    gpointer number, bytes;

    g_hash_table_iter_init(&iter, a->pages);
    while (g_hash_table_iter_next(&iter, &number, &bytes)) {
        const uint8_t *other = page_of(b, GPOINTER_TO_SIZE(number));

        if (memcmp(bytes, other ? other : zeroes, PAGE) != 0) {
            return false;
        }
    }
    return true;
}

bool image_equal(const Image *a, const Image *b)
{
    return a->size == b->size && is_within(a, b) && is_within(b, a);
}

static int by_offset(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

GArray *image_runs(const Image *image, uint64_t split)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(ImageRun));
    g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GHashTableIter iter;
    gpointer number, bytes;
    guint i;

    g_hash_table_iter_init(&iter, image->pages);
    while (g_hash_table_iter_next(&iter, &number, &bytes)) {
        uint64_t at;

        for (at = 0; at < PAGE; at += IMAGE_SECTOR) {
            uint64_t start = GPOINTER_TO_SIZE(number) * (uint64_t)PAGE + at;

            if (memcmp((uint8_t *)bytes + at, zeroes, IMAGE_SECTOR) != 0) {
                g_array_append_val(starts, start);
            }
        }
    }
    g_array_sort(starts, by_offset);
    for (i = 0; i < starts->len; i++) {
        ImageRun next = { g_array_index(starts, uint64_t, i), IMAGE_SECTOR };
        ImageRun *last = runs->len > 0 ? &g_array_index(runs, ImageRun, runs->len - 1) : NULL;

        if (last && last->offset + last->length == next.offset && next.offset % split != 0) {
            last->length += IMAGE_SECTOR;
        } else {
            g_array_append_val(runs, next);
        }
    }
    return runs;
}
