/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cartridge file in memory: mostly holes, so pages that hold only zeroes are not kept.
 */
#ifndef USBTAPE_TESTS_MUTATION_IMAGE_H
#define USBTAPE_TESTS_MUTATION_IMAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_SECTOR = 512 };

typedef struct Image Image;

/* A run of sectors that are not all zeroes. */
typedef struct ImageRun {
    uint64_t offset, length;
} ImageRun;

Image *image_load(const char *path);
Image *image_copy(const Image *image);
void image_free(Image *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Image, image_free)

uint64_t image_size(const Image *image);
void image_truncate(Image *image, uint64_t size);
/* Bytes beyond the end read as zeroes. */
void image_read(const Image *image, uint64_t offset, void *bytes, size_t length);
/* Bytes beyond the end are dropped: a mutation never makes the file longer. */
void image_write(Image *image, uint64_t offset, const void *bytes, size_t length);

/* Replaces what the file holds. */
void image_save(const Image *image, const char *path);
bool image_equal(const Image *a, const Image *b);
/* ImageRun, ascending. A run never crosses a multiple of `split`. */
GArray *image_runs(const Image *image, uint64_t split);

#endif
