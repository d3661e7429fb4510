/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/mtf_tape.h"

static void free_object(void *object)
{
    if (object) {
        g_bytes_unref(object);
    }
}

MtfTape *mtf_tape_new(void)
{
    return g_ptr_array_new_with_free_func(free_object);
}

const MtfFilePlan mtf_tape_files[] = {
    { "", "BOOT.INI", 39 },
    { "", "EMPTY.DAT", 0 },
    { "DATA", "F1.BIN", 1024 },
    { "DATA", "F2.BIN", 100000 },
    { "DATA", "F3.BIN", 1025 },
    { "DATA", "ONE", 1 },
    { "DATA\\DEEP\\ER", "A file with a long name.txt", 16384 },
    { "DATA\\DEEP\\ER", "\xc3\x84rger \xf0\x9f\x93\xbc.bin", 41 },
    { "DATA\\DEEP\\ER", "BIG.BIN", 70001 },
    { "DATA\\DEEP\\ER", "LAST.BIN", 40 },
};
const size_t mtf_tape_n_files = G_N_ELEMENTS(mtf_tape_files);

void mtf_tape_backup(MtfTape *tape, const MtfJob *job, MtfWriter **writer)
{
    g_autoptr(GError) error = NULL;
    MtfWriter *w = mtf_writer_new(job, &error);
    MtfOp op;

    g_assert_no_error(error);
    while (mtf_writer_next(w, &op)) {
        g_assert_cmpuint(op.number, ==, tape->len);
        g_ptr_array_add(tape, op.data);
    }
    if (writer) {
        *writer = w;
    } else {
        mtf_writer_free(w);
    }
}

void mtf_tape_put(const MtfTape *tape, TapeMedium *m)
{
    guint i;

    for (i = 0; i < tape->len; i++) {
        GBytes *bytes = tape->pdata[i];
        uint64_t written;
        size_t length;

        if (bytes) {
            const uint8_t *data = g_bytes_get_data(bytes, &length);

            g_assert_cmpint(medium_write(m, data, length), ==, MEDIUM_OK);
        } else {
            g_assert_cmpint(medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &written), ==,
                            MEDIUM_OK);
        }
    }
}
