/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/mtf/verifier.h"

#include "media/crc32c.h"
#include "scenarios/subjects/mtf/payload.h"

typedef struct Expected {
    const MtfCatalogEntry *entry;
    bool seen;
} Expected;

struct MtfVerifier {
    uint64_t run;
    GHashTable *expected; /* path → Expected */
    GPtrArray *findings;
    size_t seen, good;

    Expected *current; /* NULL: a file that was not asked for */
    uint64_t length;
    uint32_t crc;
    uint8_t record[MTF_PAYLOAD_RECORD]; /* the one being put together */
    size_t have;
    char *difference; /* the first in this file */
};

static void differ(MtfVerifier *v, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void differ(MtfVerifier *v, const char *format, ...)
{
    va_list arguments;

    if (!v->difference) {
        va_start(arguments, format);
        v->difference = g_strdup_vprintf(format, arguments);
        va_end(arguments);
    }
}

/* ── records ── */

/* A record is there, at the end of what has been read; shorter than the others at a file's end. */
static void check_record(MtfVerifier *v)
{
    uint64_t at = v->length - v->have;
    MtfPayload payload;
    uint32_t index = (uint32_t)(at / MTF_PAYLOAD_RECORD);

    if (v->have < MTF_PAYLOAD_HEADER) {
        return; /* the CRC of the whole file covers it */
    }
    if (!mtf_payload_check(v->record, v->have, &payload)) {
        differ(v, "byte %" G_GUINT64_FORMAT ": expected record %u of the file, found none", at,
               index);
    } else if (payload.run != v->run || payload.file != v->current->entry->file_id ||
               payload.index != index) {
        differ(v,
               "byte %" G_GUINT64_FORMAT ": expected record %u of file %u of run %" G_GUINT64_FORMAT
               ", found record %u of file %u of run %" G_GUINT64_FORMAT
               ", of write %" G_GUINT64_FORMAT,
               at, index, v->current->entry->file_id, v->run, payload.index, payload.file,
               payload.run, payload.write);
    }
    v->have = 0;
}

/* ── what the reader tells ── */

static void on_block(void *data, const MtfBlock *block)
{
    MtfVerifier *v = data;

    if (block->type == MTF_FILE) {
        v->current = g_hash_table_lookup(v->expected, block->path);
        v->length = 0;
        v->crc = 0;
        v->have = 0;
        g_clear_pointer(&v->difference, g_free);
    }
}

static void on_content(void *data, const MtfBlock *block, uint32_t stream, uint64_t at,
                       const uint8_t *bytes, size_t length)
{
    MtfVerifier *v = data;

    if (block->type != MTF_FILE || stream != MTF_STAN || !v->current) {
        return;
    }
    v->crc = crc32c(v->crc, bytes, length);
    while (length > 0) {
        size_t n = MIN(length, sizeof v->record - v->have);

        memcpy(v->record + v->have, bytes, n);
        v->have += n;
        v->length += n;
        bytes += n;
        length -= n;
        if (v->have == sizeof v->record) {
            check_record(v);
        }
    }
}

static void on_end(void *data, const MtfBlock *block)
{
    MtfVerifier *v = data;
    const MtfCatalogEntry *entry;

    if (block->type != MTF_FILE || !v->current) {
        return;
    }
    entry = v->current->entry;
    check_record(v);
    if (v->length != entry->size) {
        differ(v, "expected %" G_GUINT64_FORMAT " bytes, found %" G_GUINT64_FORMAT, entry->size,
               v->length);
    }
    if (v->crc != entry->crc) {
        differ(v, "expected contents with CRC32C %08X, found %08X", entry->crc, v->crc);
    }
    if (v->difference) {
        g_ptr_array_add(v->findings, g_strdup_printf("%s: %s", entry->path, v->difference));
    } else {
        v->good += !v->current->seen;
    }
    v->seen += !v->current->seen;
    v->current->seen = true;
    v->current = NULL;
}

const MtfReaderOps *mtf_verifier_ops(void)
{
    static const MtfReaderOps ops = { on_block, on_content, on_end };

    return &ops;
}

/* ── the outside ── */

MtfVerifier *mtf_verifier_new(uint64_t run, const GPtrArray *catalog, const char *const *chosen)
{
    MtfVerifier *v = g_new0(MtfVerifier, 1);
    guint i;

    v->run = run;
    v->expected = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    v->findings = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < catalog->len; i++) {
        const MtfCatalogEntry *entry = catalog->pdata[i];
        Expected *e;

        if (!chosen || g_strv_contains(chosen, entry->path)) {
            e = g_new0(Expected, 1);
            e->entry = entry;
            g_hash_table_insert(v->expected, entry->path, e);
        }
    }
    return v;
}

void mtf_verifier_free(MtfVerifier *v)
{
    if (v) {
        g_hash_table_unref(v->expected);
        g_ptr_array_unref(v->findings);
        g_free(v->difference);
        g_free(v);
    }
}

bool mtf_verifier_done(const MtfVerifier *v)
{
    return v->seen == g_hash_table_size(v->expected);
}

size_t mtf_verifier_good(const MtfVerifier *v)
{
    return v->good;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const GPtrArray *mtf_verifier_finish(MtfVerifier *v)
{
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    GHashTableIter iter;
    void *path, *expected;
    guint i;

    g_hash_table_iter_init(&iter, v->expected);
    while (g_hash_table_iter_next(&iter, &path, &expected)) {
        if (!((Expected *)expected)->seen) {
            ((Expected *)expected)->seen = true; /* told once */
            g_ptr_array_add(missing, path);
        }
    }
    g_ptr_array_sort(missing, compare_texts);
    for (i = 0; i < missing->len; i++) {
        g_ptr_array_add(v->findings,
                        g_strdup_printf("%s: it was not read back", (char *)missing->pdata[i]));
    }
    return v->findings;
}
