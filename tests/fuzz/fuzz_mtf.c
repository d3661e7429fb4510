/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tape that somebody else wrote. The input is a list of objects, each a length in two
 * little-endian bytes and so many bytes of a block (rounded up to what is left); 0 is a filemark,
 * FFFFh a setmark. It is read as it is, and once more with the checksums of what could be headers
 * mended, for else nothing beyond the first header would ever be reached. Lastly it is entered in
 * the middle.
 */
#include "emu/base/bytes.h"
#include "media/mtf/mtf-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches all that a reader tells. */
static void use_text(uint64_t *sum, const char *text)
{
    g_assert(text && g_utf8_validate(text, -1, NULL));
    *sum += strlen(text);
}

static void on_block(void *data, const MtfBlock *block)
{
    use_text(data, block->name);
    use_text(data, block->label);
    use_text(data, block->owner);
    use_text(data, block->path);
}

static void on_content(void *data, const MtfBlock *block, uint32_t stream, uint64_t at,
                       const uint8_t *bytes, size_t length)
{
    uint64_t *sum = data;

    g_assert(length > 0);
    *sum += at + bytes[0] + bytes[length - 1] + stream;
}

static void on_end(void *data, const MtfBlock *block)
{
    on_block(data, block);
}

static void push_all(MtfReader *r, const uint8_t *data, size_t size)
{
    MtfPlace place = { 0 };
    const MtfViolation *v;

    while (size >= 2) {
        size_t length = get_le16(data);

        data += 2;
        size -= 2;
        if (length == 0) {
            mtf_reader_push_filemark(r, &place);
            place.file++;
        } else if (length == 0xffff) {
            mtf_reader_push_setmark(r, &place);
        } else {
            length = MIN(length, size);
            mtf_reader_push_block(r, &place, data, length);
            data += length;
            size -= length;
        }
        place.object++;
    }
    mtf_reader_push_end(r, &place);
    v = mtf_reader_violation(r);
    if (v) {
        g_autofree char *text = mtf_violation_text(v);

        g_assert(!strchr(text, '\n') && g_utf8_validate(text, -1, NULL));
    }
}

static void read_tape(const uint8_t *data, size_t size, const MtfEntry *entry)
{
    const MtfReaderOps ops = { on_block, on_content, on_end };
    uint64_t sum = 0;
    MtfReader *r = mtf_reader_new(&ops, &sum);

    if (entry) {
        mtf_reader_enter(r, entry);
    }
    push_all(r, data, size);
    mtf_reader_free(r);
}

/* Right checksums for descriptor blocks, and for the streams that follow each. */
static void mend(uint8_t *data, size_t size)
{
    size_t at, stream;
    int i;

    for (at = 0; at + MTF_HDR_SIZE <= size; at++) {
        if (!g_ascii_isupper(data[at]) || !mtf_type_known(get_le32(data + at))) {
            continue;
        }
        put_le16(data + at + MTF_HDR_CHECKSUM, mtf_header_checksum(data + at));
        stream = at + get_le16(data + at + MTF_HDR_FIRST_EVENT);
        for (i = 0; i < 6 && stream >= at && stream + MTF_STREAM_SIZE <= size; i++) {
            put_le16(data + stream + MTF_STREAM_CHECKSUM, mtf_stream_checksum(data + stream));
            stream +=
                (MTF_STREAM_SIZE + (get_le64(data + stream + MTF_STREAM_LENGTH) & 0xffff) + 3) / 4 *
                4;
        }
        at += MTF_HDR_SIZE - 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const MtfEntry entry = { .block_size = 512,
                             .flb_size = 512,
                             .set = 1,
                             .position = size > 0 ? data[0] * 512u : 0,
                             .control_block_id = 3,
                             .directory_id = 1,
                             .device = "C:",
                             .directory = "DATA" };
    uint8_t *mended = g_memdup2(data, size);

    mtf_probe(data, size);
    read_tape(data, size, NULL);
    mend(mended, size);
    read_tape(mended, size, NULL);
    read_tape(mended, size, &entry);
    g_free(mended);
    return 0;
}
