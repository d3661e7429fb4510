/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A generator: each step puts one descriptor block, or one record of a file, behind what is in the
 * tape block being filled; full blocks and marks wait in a queue, never more than a few, until they
 * are asked for.
 */
#include "scenarios/subjects/mtf/writer.h"

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "media/crc32c.h"
#include "media/medium.h"
#include "scenarios/subjects/mtf/payload.h"

typedef enum Stage {
    STAGE_TAPE,
    STAGE_SSET,
    STAGE_VOLB,
    STAGE_FILE, /* the next file's DIRB, if it needs one, or its FILE block */
    STAGE_DATA,
    STAGE_FILE_END,
    STAGE_SET_END,
    STAGE_ESET,
    STAGE_DONE,
} Stage;

struct MtfWriter {
    MtfJob job; /* strings are our own */
    char *device;
    Stage stage;
    GQueue ready;  /* of MtfOp * */
    GArray *marks; /* uint32_t: objects of soft filemarks */

    uint8_t *block; /* the tape block being filled */
    size_t filled;
    uint64_t object;   /* number of that block */
    uint64_t position; /* bytes from the SSET on */
    uint32_t next_id;  /* control block id */
    uint64_t eset;

    size_t file;           /* index of the file being written */
    const char *directory; /* of the last DIRB; NULL: none yet */
    uint32_t directory_id;
    uint64_t at; /* in the file */
    uint32_t sum;
    uint64_t sum_at;
    MtfCatalogEntry *current;
    GPtrArray *catalog;
};

void mtf_op_clear(MtfOp *op)
{
    g_clear_pointer(&op->data, g_bytes_unref);
}

static void catalog_entry_free(void *data)
{
    MtfCatalogEntry *e = data;

    if (e) {
        g_free(e->path);
        g_free((char *)e->entry.device);
        g_free((char *)e->entry.directory);
        g_free(e);
    }
}

/* ── tape blocks ── */

static void push_op(MtfWriter *w, MtfOpType type, GBytes *data)
{
    MtfOp *op = g_new(MtfOp, 1);

    *op = (MtfOp){ .type = type, .number = w->object++, .data = data };
    g_queue_push_tail(&w->ready, op);
}

static void put(MtfWriter *w, const void *data, size_t length)
{
    const uint8_t *p = data;

    while (length > 0) {
        size_t n = MIN(length, w->job.block_size - w->filled);

        memcpy(w->block + w->filled, p, n);
        w->filled += n;
        w->position += n;
        p += n;
        length -= n;
        if (w->filled == w->job.block_size) {
            push_op(w, MTF_OP_WRITE, g_bytes_new(w->block, w->job.block_size));
            w->filled = 0;
        }
    }
}

static void put_zeroes(MtfWriter *w, uint64_t length)
{
    static const uint8_t zeroes[512];

    for (; length > 0; length -= MIN(length, sizeof zeroes)) {
        put(w, zeroes, (size_t)MIN(length, sizeof zeroes));
    }
}

/* ── streams ── */

static void put_stream_header(MtfWriter *w, uint32_t id, uint16_t system, uint16_t media,
                              uint64_t length)
{
    uint8_t header[MTF_STREAM_SIZE] = { 0 };

    put_le32(header, id);
    put_le16(header + MTF_STREAM_SYSTEM_ATTRIBUTES, system);
    put_le16(header + MTF_STREAM_MEDIA_ATTRIBUTES, media);
    put_le64(header + MTF_STREAM_LENGTH, length);
    put_le16(header + MTF_STREAM_CHECKSUM, mtf_stream_checksum(header));
    put(w, header, sizeof header);
}

static void align_stream(MtfWriter *w)
{
    put_zeroes(w, -w->position % MTF_STREAM_ALIGNMENT);
}

static void put_checksum(MtfWriter *w, uint32_t sum)
{
    uint8_t data[4];

    align_stream(w);
    put_stream_header(w, MTF_CSUM, 0, 0, sizeof data);
    put_le32(data, sum);
    put(w, data, sizeof data);
    align_stream(w);
}

static void put_stream(MtfWriter *w, uint32_t id, uint16_t system, const uint8_t *data,
                       size_t length)
{
    uint64_t at = 0;
    uint32_t sum = 0;

    put_stream_header(w, id, system, MTF_STREAM_CHECKSUMED, length);
    put(w, data, length);
    mtf_data_checksum(&sum, &at, data, length);
    put_checksum(w, sum);
}

/* Ends a descriptor block's streams at a multiple of `size` bytes. */
static void put_padding(MtfWriter *w, uint32_t size)
{
    uint64_t length = (size - (w->position + MTF_STREAM_SIZE) % size) % size;

    put_stream_header(w, MTF_SPAD, 0, 0, length);
    put_zeroes(w, length);
}

/* Security data that says which write it is in, so that blocks without file data do, too. */
static void put_security(MtfWriter *w, uint32_t file_id)
{
    enum { CONTAINS_SECURITY = 1 << 1 }; /* table 17 */
    uint8_t record[MTF_PAYLOAD_HEADER + 24];
    MtfPayload payload = { .run = w->job.run,
                           .write = w->object,
                           .file = file_id,
                           .index = G_MAXUINT32,
                           .length = sizeof record };

    mtf_payload_fill(&payload, record);
    put_stream(w, MTF_NACL, CONTAINS_SECURITY, record, sizeof record);
}

/* ── descriptor blocks ── */

typedef struct Dblk {
    GByteArray *bytes;
    uint32_t type;
} Dblk;

static Dblk dblk_begin(uint32_t type)
{
    Dblk d = { g_byte_array_new(), type };
    size_t fixed = mtf_fixed_size(type);

    /* Strings lie beyond the fixed fields; even offsets suit their two bytes a character. */
    g_byte_array_set_size(d.bytes, (guint)(fixed + fixed % 2));
    memset(d.bytes->data, 0, d.bytes->len);
    return d;
}

static void dblk_address(Dblk *d, size_t field, const void *data, size_t length)
{
    put_le16(d->bytes->data + field, (uint16_t)length);
    put_le16(d->bytes->data + field + 2, (uint16_t)(length > 0 ? d->bytes->len : 0));
    g_byte_array_append(d->bytes, data, (guint)length);
}

/* UTF-16LE; '\' becomes NUL, as in paths on tape (structure 8). */
static GByteArray *tape_string(const char *text)
{
    GByteArray *bytes = g_byte_array_new();
    g_autofree gunichar2 *wide = g_utf8_to_utf16(text, -1, NULL, NULL, NULL);
    uint8_t unit[2];
    size_t i;

    for (i = 0; wide && wide[i]; i++) {
        put_le16(unit, wide[i] == '\\' ? 0 : wide[i]);
        g_byte_array_append(bytes, unit, sizeof unit);
    }
    return bytes;
}

static void dblk_string(Dblk *d, size_t field, const char *text)
{
    g_autoptr(GByteArray) bytes = tape_string(text);

    dblk_address(d, field, bytes->data, bytes->len);
}

/* Fills in the common header (structure 4) and puts the block. */
static void dblk_end(MtfWriter *w, Dblk *d, uint32_t attributes, uint64_t displayable_size)
{
    g_autoptr(GByteArray) bytes = g_steal_pointer(&d->bytes);
    bool in_set = d->type != MTF_TAPE && d->type != MTF_EOTM && d->type != MTF_ESET;
    uint8_t *p;

    while (bytes->len % MTF_STREAM_ALIGNMENT != 0) {
        g_byte_array_append(bytes, (const uint8_t *)"", 1);
    }
    p = bytes->data;
    put_le32(p, d->type);
    put_le32(p + MTF_HDR_ATTRIBUTES, attributes);
    put_le16(p + MTF_HDR_FIRST_EVENT, (uint16_t)bytes->len);
    p[MTF_HDR_OS_ID] = MTF_OS_WINDOWS_NT;
    put_le64(p + MTF_HDR_DISPLAYABLE_SIZE, displayable_size);
    if (in_set) {
        put_le64(p + MTF_HDR_FLA, w->position / w->job.flb_size);
    }
    if (in_set || d->type == MTF_ESET) {
        put_le32(p + MTF_HDR_CONTROL_BLOCK_ID, w->next_id++);
    }
    p[MTF_HDR_STRING_TYPE] = MTF_UNICODE_STR;
    put_le16(p + MTF_HDR_CHECKSUM, mtf_header_checksum(p));
    put(w, p, bytes->len);
}

/* Windows NT's part of a DIRB or FILE: file attributes, no short name, no link (appendix C). */
static void dblk_os_data(Dblk *d)
{
    enum { ATTRIBUTE_ARCHIVE = 0x20 };
    uint8_t data[12] = { 0 };

    put_le32(data, ATTRIBUTE_ARCHIVE);
    dblk_address(d, MTF_HDR_OS_DATA, data, sizeof data);
}

/* A name that its block has no room for goes into a stream (structures 8 and 9). */
static GByteArray *dblk_name(const MtfWriter *w, Dblk *d, size_t field, const char *name, bool path)
{
    GByteArray *text = tape_string(name);
    const uint8_t nul[2] = { 0, 0 };

    if (path) {
        g_byte_array_append(text, nul, sizeof nul); /* each of a path's names ends so */
    }
    if (d->bytes->len + text->len + MTF_STREAM_SIZE > w->job.flb_size) {
        put_le32(d->bytes->data + MTF_DIRB_ATTRIBUTES, MTF_NAME_IN_STREAM);
        return text;
    }
    dblk_address(d, field, text->data, text->len);
    g_byte_array_unref(text);
    return NULL;
}

static void put_named(MtfWriter *w, Dblk *d, size_t field, const char *name, uint64_t size,
                      uint32_t file_id)
{
    bool path = d->type == MTF_DIRB;
    g_autoptr(GByteArray) in_stream = NULL;
    size_t date;

    for (date = MTF_DIRB_MODIFIED; date <= MTF_DIRB_ACCESSED; date += MTF_DATE_SIZE) {
        mtf_put_date(d->bytes->data + date, &w->job.date);
    }
    dblk_os_data(d);
    in_stream = dblk_name(w, d, field, name, path);
    dblk_end(w, d, 0, size);
    if (in_stream) {
        put_stream(w, path ? MTF_PNAM : MTF_FNAM, 0, in_stream->data, in_stream->len);
    }
    put_security(w, file_id);
}

/* ── marks ── */

/* The array holds the marks before this one, the last first (structure 14). */
static void put_soft_filemark(MtfWriter *w)
{
    g_autofree uint8_t *p = g_malloc0(w->job.block_size);
    uint32_t entries = (w->job.block_size - MTF_SFMB_PBAS) / 4;
    uint32_t used = MIN(entries, w->marks->len), i;
    uint32_t here = (uint32_t)w->object;

    put_le32(p, MTF_SFMB);
    put_le16(p + MTF_HDR_FIRST_EVENT, 0);
    p[MTF_HDR_OS_ID] = MTF_OS_WINDOWS_NT;
    put_le64(p + MTF_HDR_FLA, w->object);
    put_le32(p + MTF_HDR_CONTROL_BLOCK_ID, w->marks->len + 1);
    put_le32(p + MTF_SFMB_ENTRIES, entries);
    put_le32(p + MTF_SFMB_USED, used);
    for (i = 0; i < used; i++) {
        put_le32(p + MTF_SFMB_PBAS + (size_t)4 * i,
                 g_array_index(w->marks, uint32_t, w->marks->len - 1 - i));
    }
    put_le16(p + MTF_HDR_CHECKSUM, mtf_header_checksum(p));
    g_array_append_val(w->marks, here);
    put(w, p, w->job.block_size);
}

static void put_filemark(MtfWriter *w)
{
    g_assert(w->filled == 0);
    if (w->job.soft_filemarks) {
        put_soft_filemark(w);
    } else {
        push_op(w, MTF_OP_FILEMARK, NULL);
    }
}

/* ── the stages ── */

static void put_tape(MtfWriter *w)
{
    Dblk d = dblk_begin(MTF_TAPE);
    uint8_t *p = d.bytes->data;
    g_autofree char *date = mtf_date_text(&w->job.date);
    g_autofree char *label = NULL;

    g_strdelimit(date, "-", '/');
    g_strdelimit(date, " ", '.');
    label = g_strdup_printf("MTF Media Label|1.0|usbtape||%s||1|%016" G_GINT64_MODIFIER "X||", date,
                            w->job.run);
    put_le32(p + MTF_TAPE_FAMILY, (uint32_t)(w->job.run * 2654435761u));
    put_le32(p + MTF_TAPE_ATTRIBUTES,
             MTF_TAPE_MEDIA_LABEL | (w->job.soft_filemarks ? MTF_TAPE_SOFT_FILEMARKS : 0));
    put_le16(p + MTF_TAPE_SEQUENCE, 1);
    put_le16(p + MTF_TAPE_SFMB_SIZE,
             w->job.soft_filemarks ? (uint16_t)(w->job.block_size / 512) : 0);
    put_le16(p + MTF_TAPE_FLB_SIZE, (uint16_t)w->job.flb_size);
    mtf_put_date(p + MTF_TAPE_DATE, &w->job.date);
    p[MTF_TAPE_MAJOR] = 1;
    dblk_string(&d, MTF_TAPE_NAME, "Media created by usbtape");
    dblk_string(&d, MTF_TAPE_LABEL, label);
    dblk_string(&d, MTF_TAPE_SOFTWARE, "usbtape, a simulated backup");
    dblk_end(w, &d, 0, 0);
    put_padding(w, w->job.block_size);
    put_filemark(w);
    w->stage = STAGE_SSET;
}

static void put_sset(MtfWriter *w)
{
    Dblk d = dblk_begin(MTF_SSET);
    uint8_t *p = d.bytes->data;
    g_autofree char *name =
        g_strdup_printf("Set %u of run %" G_GUINT64_FORMAT, w->job.set, w->job.run);

    w->position = 0;
    w->next_id = 0;
    put_le32(p + MTF_SSET_ATTRIBUTES, MTF_SSET_NORMAL);
    put_le16(p + MTF_SSET_NUMBER, w->job.set);
    put_le64(p + MTF_SSET_PBA, w->object);
    mtf_put_date(p + MTF_SSET_DATE, &w->job.date);
    p[MTF_SSET_SOFTWARE_MAJOR] = 5;
    dblk_string(&d, MTF_SSET_NAME, name);
    dblk_string(&d, MTF_SSET_USER, "usbtape");
    dblk_end(w, &d, 0, 0);
    put_padding(w, w->job.flb_size);
    w->stage = STAGE_VOLB;
}

static void put_volb(MtfWriter *w)
{
    Dblk d = dblk_begin(MTF_VOLB);

    put_le32(d.bytes->data + MTF_VOLB_ATTRIBUTES, MTF_VOLB_DEV_DRIVE);
    mtf_put_date(d.bytes->data + MTF_VOLB_DATE, &w->job.date);
    dblk_string(&d, MTF_VOLB_DEVICE, w->device);
    dblk_string(&d, MTF_VOLB_VOLUME, "SIMULATED");
    dblk_string(&d, MTF_VOLB_MACHINE, "USBTAPE");
    dblk_end(w, &d, 0, 0);
    put_padding(w, w->job.flb_size);
    w->stage = STAGE_FILE;
}

static void put_dirb(MtfWriter *w, const char *directory)
{
    Dblk d = dblk_begin(MTF_DIRB);

    w->directory = directory;
    put_le32(d.bytes->data + MTF_DIRB_ID, ++w->directory_id);
    put_named(w, &d, MTF_DIRB_NAME, directory, 0, 0);
    put_padding(w, w->job.flb_size);
}

/* Before the FILE block is put, for it tells where that lies. */
static MtfCatalogEntry *catalog_entry(const MtfWriter *w, const MtfFilePlan *plan)
{
    MtfCatalogEntry *e = g_new0(MtfCatalogEntry, 1);

    e->path = g_strconcat(w->device, "\\", plan->directory, plan->directory[0] ? "\\" : "",
                          plan->name, NULL);
    e->object = w->object;
    e->size = plan->size;
    e->file_id = (uint32_t)w->file + 1;
    e->entry = (MtfEntry){ .block_size = w->job.block_size,
                           .flb_size = w->job.flb_size,
                           .set = w->job.set,
                           .position = w->position,
                           .fla = w->position / w->job.flb_size,
                           .control_block_id = w->next_id,
                           .directory_id = w->directory_id,
                           .device = g_strdup(w->device),
                           .directory = g_strdup(plan->directory) };
    return e;
}

static void put_file(MtfWriter *w)
{
    const MtfFilePlan *plan = &w->job.files[w->file];
    Dblk d;

    if (w->file == w->job.n_files) {
        w->stage = STAGE_SET_END;
        return;
    }
    if (!w->directory || strcmp(w->directory, plan->directory) != 0) {
        put_dirb(w, plan->directory);
        return;
    }
    w->current = catalog_entry(w, plan);
    d = dblk_begin(MTF_FILE);
    put_le32(d.bytes->data + MTF_FILE_DIRECTORY, w->directory_id);
    put_le32(d.bytes->data + MTF_FILE_ID, w->current->file_id);
    put_named(w, &d, MTF_FILE_NAME, plan->name, plan->size, w->current->file_id);
    put_stream_header(w, MTF_STAN, 0, MTF_STREAM_CHECKSUMED, plan->size);
    w->at = 0;
    w->sum = 0;
    w->sum_at = 0;
    w->stage = STAGE_DATA;
}

static void put_record(MtfWriter *w)
{
    uint64_t left = w->job.files[w->file].size - w->at;
    uint32_t n = (uint32_t)MIN(left, MTF_PAYLOAD_RECORD);
    uint8_t record[MTF_PAYLOAD_RECORD];
    MtfPayload payload = { .run = w->job.run,
                           .write = w->object,
                           .file = w->current->file_id,
                           .index = (uint32_t)(w->at / MTF_PAYLOAD_RECORD),
                           .length = n };

    if (n == 0) {
        w->stage = STAGE_FILE_END;
        return;
    }
    if (n >= MTF_PAYLOAD_HEADER) {
        mtf_payload_fill(&payload, record);
    } else {
        memset(record, 0xa5, n); /* the end of a file, too short for a record */
    }
    mtf_data_checksum(&w->sum, &w->sum_at, record, n);
    w->current->crc = crc32c(w->current->crc, record, n);
    w->at += n;
    put(w, record, n);
}

static void end_file(MtfWriter *w)
{
    put_checksum(w, w->sum);
    put_padding(w, w->job.flb_size);
    g_ptr_array_add(w->catalog, g_steal_pointer(&w->current));
    w->file++;
    w->stage = STAGE_FILE;
}

/* A mark has to follow a whole tape block (structure 11). */
static void end_set(MtfWriter *w)
{
    if (w->filled > 0) {
        Dblk d = dblk_begin(MTF_ESPB);

        dblk_end(w, &d, 0, 0);
        put_padding(w, w->job.block_size);
    }
    put_filemark(w);
    w->stage = STAGE_ESET;
}

static void put_eset(MtfWriter *w)
{
    Dblk d = dblk_begin(MTF_ESET);

    w->eset = w->object;
    put_le32(d.bytes->data + MTF_ESET_ATTRIBUTES, MTF_SSET_NORMAL);
    put_le16(d.bytes->data + MTF_ESET_NUMBER, w->job.set);
    mtf_put_date(d.bytes->data + MTF_ESET_DATE, &w->job.date);
    dblk_end(w, &d, 0, 0);
    put_padding(w, w->job.block_size);
    put_filemark(w);
    w->stage = STAGE_DONE;
}

static void step(MtfWriter *w)
{
    switch (w->stage) {
    case STAGE_TAPE:
        put_tape(w);
        return;
    case STAGE_SSET:
        put_sset(w);
        return;
    case STAGE_VOLB:
        put_volb(w);
        return;
    case STAGE_FILE:
        put_file(w);
        return;
    case STAGE_DATA:
        put_record(w);
        return;
    case STAGE_FILE_END:
        end_file(w);
        return;
    case STAGE_SET_END:
        end_set(w);
        return;
    case STAGE_ESET:
        put_eset(w);
        return;
    case STAGE_DONE:
    default:
        return;
    }
}

/* ── the outside ── */

static bool check_job(const MtfJob *job, GError **error)
{
    const char *wrong = NULL;
    size_t i;

    if (job->flb_size != 512 && job->flb_size != 1024) {
        wrong = "a format logical block has 512 or 1024 bytes";
    } else if (job->block_size < job->flb_size || job->block_size > MEDIUM_BLOCK_MAX ||
               job->block_size % job->flb_size != 0) {
        wrong = "a tape block holds whole format logical blocks, at most 16 MiB";
    } else if (job->set == 0 || (job->set == 1) != (job->first_object == 0)) {
        wrong = "set 1 begins at object 0, and no other does";
    } else if (job->soft_filemarks && job->set != 1) {
        wrong = "a tape with soft filemarks holds one set";
    }
    for (i = 0; i < job->n_files && !wrong; i++) {
        if (!g_utf8_validate(job->files[i].name, -1, NULL) || job->files[i].name[0] == '\0' ||
            !g_utf8_validate(job->files[i].directory, -1, NULL)) {
            wrong = "a file has a name, in UTF-8";
        }
    }
    if (wrong) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "backup job: %s", wrong);
    }
    return !wrong;
}

static MtfFilePlan *copy_files(const MtfFilePlan *files, size_t n)
{
    MtfFilePlan *copy = g_new0(MtfFilePlan, n + 1);
    size_t i;

    for (i = 0; i < n; i++) {
        copy[i] =
            (MtfFilePlan){ g_strdup(files[i].directory), g_strdup(files[i].name), files[i].size };
    }
    return copy;
}

MtfWriter *mtf_writer_new(const MtfJob *asked, GError **error)
{
    MtfJob job = *asked;
    MtfWriter *w;

    job.block_size = job.block_size > 0 ? job.block_size : MTF_WRITER_BLOCK_SIZE;
    job.flb_size = job.flb_size > 0 ? job.flb_size : MTF_WRITER_FLB_SIZE;
    if (job.date.year == 0) {
        job.date = (MtfDate){ 2003, 11, 6, 22, 35, 0 };
    }
    if (!check_job(&job, error)) {
        return NULL;
    }
    w = g_new0(MtfWriter, 1);
    w->job = job;
    w->device = g_strdup(job.device ? job.device : "C:");
    w->job.device = w->device;
    w->job.files = copy_files(job.files, job.n_files);
    w->stage = job.set == 1 ? STAGE_TAPE : STAGE_SSET;
    w->object = job.first_object;
    w->eset = job.last_eset;
    w->block = g_malloc0(job.block_size);
    w->marks = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    w->catalog = g_ptr_array_new_with_free_func(catalog_entry_free);
    g_queue_init(&w->ready);
    return w;
}

static void free_op(void *data)
{
    mtf_op_clear(data);
    g_free(data);
}

void mtf_writer_free(MtfWriter *w)
{
    size_t i;

    if (!w) {
        return;
    }
    for (i = 0; i < w->job.n_files; i++) {
        g_free((char *)w->job.files[i].directory);
        g_free((char *)w->job.files[i].name);
    }
    g_free((MtfFilePlan *)w->job.files);
    g_free(w->device);
    g_queue_clear_full(&w->ready, free_op);
    g_array_unref(w->marks);
    catalog_entry_free(w->current);
    g_ptr_array_unref(w->catalog);
    g_free(w->block);
    g_free(w);
}

bool mtf_writer_next(MtfWriter *w, MtfOp *op)
{
    MtfOp *first;

    while (g_queue_is_empty(&w->ready) && w->stage != STAGE_DONE) {
        step(w);
    }
    first = g_queue_pop_head(&w->ready);
    if (!first) {
        return false;
    }
    *op = *first;
    g_free(first);
    return true;
}

void mtf_writer_end_of_media(MtfWriter *w)
{
    const MtfOp *waiting = g_queue_peek_head(&w->ready);
    bool no_eset = w->eset == 0;
    Dblk d;

    w->object = waiting ? waiting->number : w->object;
    while (w->marks->len > 0 && g_array_index(w->marks, uint32_t, w->marks->len - 1) >= w->object) {
        g_array_set_size(w->marks, w->marks->len - 1);
    }
    g_queue_clear_full(&w->ready, free_op);
    g_clear_pointer(&w->current, catalog_entry_free);
    w->filled = 0;
    w->position = 0;
    put_filemark(w);
    d = dblk_begin(MTF_EOTM);
    put_le64(d.bytes->data + MTF_EOTM_LAST_ESET, w->eset);
    dblk_end(w, &d, no_eset ? MTF_NO_ESET_PBA : 0, 0);
    put_padding(w, w->job.block_size);
    put_filemark(w);
    w->stage = STAGE_DONE;
}

const GPtrArray *mtf_writer_catalog(const MtfWriter *w)
{
    return w->catalog;
}

uint64_t mtf_writer_end(const MtfWriter *w)
{
    return w->object;
}

uint64_t mtf_writer_eset(const MtfWriter *w)
{
    return w->eset;
}
