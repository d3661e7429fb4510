/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtf-tape FILE [SETS]     makes FILE a cartridge with so many sets in Microsoft Tape Format
 *
 * The format of the file goes by its suffix, as with `usbtape media create`.
 */
#include "emu/base/error.h"
#include "media/formats/formats.h"
#include "tests/support/mtf_tape.h"

#include <stdlib.h>

static MtfTape *tape_of(int sets)
{
    MtfTape *tape = mtf_tape_new();
    int i;

    for (i = 1; i <= sets; i++) {
        MtfJob job = { .run = (uint64_t)i * 10,
                       .set = (uint16_t)i,
                       .first_object = tape->len,
                       .files = mtf_tape_files,
                       .n_files = mtf_tape_n_files };

        mtf_tape_backup(tape, &job, NULL);
    }
    return tape;
}

int main(int argc, char **argv)
{
    const MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(MtfTape) tape = tape_of(argc > 2 ? atoi(argv[2]) : 1);
    g_autoptr(GError) error = NULL;
    TapeMedium *m;

    if (argc < 2 || !medium_create(argv[1], medium_format_for_path(argv[1]), &geometry, &error) ||
        !(m = medium_open(argv[1], false, executor_inline(), NULL, &error))) {
        return error ? usbtape_fail(error) : EXIT_BAD_INPUT;
    }
    mtf_tape_put(tape, m);
    medium_free(m);
    return EXIT_GOOD;
}
