/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of other programs with bytes in them that are no whole record. */
#include "media/formats/formats.h"
#include "tests/support/suite.h"

#include <glib/gstdio.h>
#include <stdio.h>

TCase *make_medium_image_tcase(void);

enum { BLOCKS = 5, SIZE = 300 };

typedef struct Image {
    char *directory, *path;
    char *bytes; /* of the file */
    gsize length;
    TapeMedium *m;
} Image;

static const char *const suffixes[] = { "tap", "aws" };

static void save(Image *image)
{
    FILE *file = fopen(image->path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(image->bytes, 1, image->length, file), image->length);
    ck_assert_int_eq(fclose(file), 0);
}

/* BLOCKS blocks, each of bytes of its number from 1 on, and a mark. */
static void make(Image *image, int format)
{
    g_autofree char *name = g_strconcat("image.", suffixes[format], NULL);
    uint8_t block[SIZE];
    uint64_t n;
    int i;

    *image = (Image){ .directory = g_dir_make_tmp("usbtape-XXXXXX", NULL) };
    image->path = g_build_filename(image->directory, name, NULL);
    ck_assert(medium_create(image->path, medium_format_by_suffix(image->path),
                            &(MediumGeometry){ .partitions = 1 }, NULL));
    image->m = medium_open(image->path, false, executor_inline(), NULL, NULL);
    ck_assert_ptr_nonnull(image->m);
    for (i = 1; i <= BLOCKS; i++) {
        memset(block, i, sizeof block);
        ck_assert_int_eq(medium_write(image->m, block, sizeof block), MEDIUM_OK);
    }
    ck_assert_int_eq(medium_write_marks(image->m, MEDIUM_MARK_FILEMARK, 1, &n), MEDIUM_OK);
    g_clear_pointer(&image->m, medium_free);
    ck_assert(g_file_get_contents(image->path, &image->bytes, &image->length, NULL));
}

static void open_damaged(Image *image)
{
    g_autofree char *notice = NULL;
    g_autoptr(GError) error = NULL;
    MediumInfo info;

    save(image);
    image->m = medium_open(image->path, false, executor_inline(), &notice, &error);
    g_assert_no_error(error);
    ck_assert_ptr_nonnull(notice);
    ck_assert_msg(strstr(notice, "no whole record at byte") && !strchr(notice, '\n'), "%s", notice);
    medium_info(image->m, &info);
    ck_assert(info.damaged && info.damage_read && info.write_protected);
}

/* Nothing of this may change the file. */
static void try_to_write(Image *image)
{
    g_autofree char *now = NULL;
    uint8_t block[SIZE] = { 0 };
    uint64_t n;
    gsize length;

    ck_assert_int_eq(medium_write(image->m, block, sizeof block), MEDIUM_PROTECTED);
    ck_assert_int_eq(medium_write_marks(image->m, MEDIUM_MARK_FILEMARK, 1, &n), MEDIUM_PROTECTED);
    ck_assert_int_eq(medium_erase(image->m, true), MEDIUM_PROTECTED);
    ck_assert_int_eq(medium_set_write_protect(image->m, false), MEDIUM_PROTECTED);
    ck_assert_int_eq(medium_write(image->m, block, sizeof block), MEDIUM_PROTECTED);
    g_clear_pointer(&image->m, medium_free);
    ck_assert(g_file_get_contents(image->path, &now, &length, NULL));
    ck_assert_uint_eq(length, image->length);
    ck_assert_mem_eq(now, image->bytes, length);
}

static void drop(Image *image)
{
    g_unlink(image->path);
    g_rmdir(image->directory);
    g_free(image->path);
    g_free(image->directory);
    g_free(image->bytes);
}

static uint64_t head(TapeMedium *m)
{
    MediumPosition position;

    medium_position(m, &position);
    return position.object;
}

/* Reads on; the first byte of a block, or minus the result. */
static int next(TapeMedium *m)
{
    uint8_t block[SIZE];
    size_t length;
    MediumResult result = medium_read(m, block, sizeof block, &length);

    return result == MEDIUM_OK ? block[0] : -(int)result;
}

/* Where record `n` begins, headers and trailers counted. */
static gsize record_at(int format, int n)
{
    return (gsize)n * (SIZE + (format == 0 ? 8 : 6));
}

START_TEST(a_bad_header_is_one_lost_place_and_nothing_is_written)
{
    Image image;
    uint64_t n;

    make(&image, _i);
    image.bytes[record_at(_i, 2)] ^= 1;
    open_damaged(&image);
    ck_assert_int_eq(next(image.m), 1);
    ck_assert_int_eq(next(image.m), 2);
    ck_assert_int_eq(next(image.m), -MEDIUM_CORRUPT);
    ck_assert_int_eq(next(image.m), 4);
    ck_assert_int_eq(next(image.m), 5);
    ck_assert_int_eq(next(image.m), -MEDIUM_FILEMARK);
    ck_assert_int_eq(next(image.m), -MEDIUM_EOD);
    /* how many objects were lost is not known, so that no way that is counted leads over them */
    ck_assert_int_eq(medium_space(image.m, MEDIUM_SPACE_BLOCKS, -2, false, &n), MEDIUM_FILEMARK);
    ck_assert_int_eq(medium_space(image.m, MEDIUM_SPACE_BLOCKS, -3, false, &n), MEDIUM_CORRUPT);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(head(image.m), 2);
    ck_assert_int_eq(medium_locate(image.m, 0, MEDIUM_LOCATE_OBJECT, 2), MEDIUM_OK);
    ck_assert_int_eq(medium_locate(image.m, 0, MEDIUM_LOCATE_OBJECT, 3), MEDIUM_CORRUPT);
    ck_assert_uint_eq(head(image.m), 3);
    ck_assert_int_eq(next(image.m), 4);
    ck_assert_int_eq(medium_locate(image.m, 0, MEDIUM_LOCATE_FILE, 1), MEDIUM_CORRUPT);
    ck_assert_int_eq(medium_locate(image.m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    ck_assert_int_eq(medium_space(image.m, MEDIUM_SPACE_FILEMARKS, 1, false, &n), MEDIUM_CORRUPT);
    ck_assert_uint_eq(head(image.m), 3);
    ck_assert_int_eq(medium_locate(image.m, 0, MEDIUM_LOCATE_EOD, 0), MEDIUM_OK);
    try_to_write(&image);
    drop(&image);
}
END_TEST

/* Damage is never the end of data: what is torn off reads as damaged. */
START_TEST(a_torn_end_is_damaged_and_nothing_is_written)
{
    Image image;
    gsize cut;

    make(&image, _i);
    for (cut = 1; cut < record_at(_i, 2); cut++) {
        if (cut == record_at(_i, 1)) {
            continue; /* a tape of one block */
        }
        image.length = cut;
        open_damaged(&image);
        if (cut > record_at(_i, 1)) {
            ck_assert_int_eq(next(image.m), 1);
        }
        ck_assert_int_eq(next(image.m), -MEDIUM_CORRUPT);
        ck_assert_int_eq(next(image.m), -MEDIUM_EOD);
        try_to_write(&image);
    }
    drop(&image);
}
END_TEST

TCase *make_medium_image_tcase(void)
{
    TCase *tcase = tcase_create("images");
    int formats = (int)G_N_ELEMENTS(suffixes);

    tcase_add_loop_test(tcase, a_bad_header_is_one_lost_place_and_nothing_is_written, 0, formats);
    tcase_add_loop_test(tcase, a_torn_end_is_damaged_and_nothing_is_written, 0, formats);
    return tcase;
}
