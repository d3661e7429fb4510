/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/mtf/backup-plan.h"

#include "media/crc32c.h"

void mtf_plan_files(unsigned blocks, MtfFilePlan files[MTF_PLAN_FILES])
{
    uint64_t eighth = (uint64_t)blocks * MTF_WRITER_BLOCK_SIZE / 8;

    files[0] = (MtfFilePlan){ "DATA", "LETTER.DOC", eighth / 4 + 7 };
    files[1] = (MtfFilePlan){ "DATA", "LEDGER.XLS", eighth };
    files[2] = (MtfFilePlan){ "DATA\\DEEP", "PICTURE.BMP", eighth * 2 };
    files[3] = (MtfFilePlan){ "DATA\\DEEP", "ARCHIVE.ZIP", eighth * 4 };
}

static void add_objects(GArray *objects, MtfWriter *writer)
{
    MtfOp op;

    while (mtf_writer_next(writer, &op)) {
        MtfObject object = { .mark = op.type == MTF_OP_FILEMARK };
        size_t length = 0;

        if (!object.mark) {
            const uint8_t *data = g_bytes_get_data(op.data, &length);

            object.length = (uint32_t)length;
            object.crc = crc32c(0, data, length);
        }
        g_array_append_val(objects, object);
        mtf_op_clear(&op);
    }
}

GArray *mtf_plan_tape(const GArray *runs, unsigned blocks)
{
    GArray *objects = g_array_new(FALSE, FALSE, sizeof(MtfObject));
    MtfFilePlan files[MTF_PLAN_FILES];
    uint64_t eset = 0;
    guint i;

    mtf_plan_files(blocks, files);
    for (i = 0; i < runs->len; i++) {
        const MtfJob job = { .run = g_array_index(runs, uint64_t, i),
                             .set = (uint16_t)(i + 1),
                             .first_object = objects->len,
                             .last_eset = eset,
                             .files = files,
                             .n_files = MTF_PLAN_FILES };
        g_autoptr(MtfWriter) writer = mtf_writer_new(&job, NULL);

        g_assert(writer);
        add_objects(objects, writer);
        eset = mtf_writer_eset(writer);
    }
    return objects;
}
