/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two nested state machines. The phase is the place in the media layout (section 3, "Media layout")
 * and decides which block or mark may come next. The step is the place in the present tape file,
 * such as a descriptor block, a stream header, a stream's data or padding. Bytes move the step.
 * Whole descriptor blocks and marks move the phase.
 */
#include "media/mtf/mtf-state.h"

#include "emu/base/bytes.h"
/* ── the media layout ── */

static const char *phase_expects(const MtfReader *r)
{
    switch (r->phase) {
    case PHASE_TAPE:
        return "'TAPE'";
    case PHASE_SETS:
        return "'SSET', 'EOTM' or the end of data";
    case PHASE_SET:
        return !r->volume_seen     ? "'VOLB', 'ESPB' or a filemark"
               : r->directory_seen ? "'FILE', 'DIRB', 'VOLB', 'CFIL', 'ESPB' or a filemark"
                                   : "'DIRB', 'VOLB', 'ESPB' or a filemark";
    case PHASE_ESET:
        return "'ESET' or 'EOTM'";
    case PHASE_ESET_MARK:
        return r->catalog_seen ? "'ESET' or a filemark" : "a filemark";
    case PHASE_END:
        return "the end of data";
    case PHASE_TAPE_MARK:
    case PHASE_EOTM_MARK:
    default:
        return "a filemark";
    }
}

static bool phase_allows(const MtfReader *r, uint32_t type)
{
    if (type == MTF_SFMB) {
        return r->soft_filemarks && r->phase != PHASE_TAPE && r->phase != PHASE_SETS &&
               r->phase != PHASE_ESET && r->phase != PHASE_END;
    }
    switch (r->phase) {
    case PHASE_TAPE:
        return type == MTF_TAPE;
    case PHASE_SETS:
        return type == MTF_SSET || type == MTF_EOTM;
    case PHASE_SET:
        /* Unknown types are allowed and skipped (structure 4, DBLK Type). */
        return type == MTF_VOLB || type == MTF_ESPB || !mtf_type_known(type) ||
               (type == MTF_DIRB && r->volume_seen) ||
               ((type == MTF_FILE || type == MTF_CFIL) && r->directory_seen);
    case PHASE_ESET:
        return type == MTF_ESET || type == MTF_EOTM;
    case PHASE_ESET_MARK:
        return type == MTF_ESET && r->catalog_seen;
    case PHASE_TAPE_MARK:
    case PHASE_EOTM_MARK:
    case PHASE_END:
    default:
        return false;
    }
}

static void phase_after_block(MtfReader *r, uint32_t type)
{
    if (type == MTF_TAPE) {
        r->phase = PHASE_TAPE_MARK;
    } else if (type == MTF_SSET) {
        r->phase = PHASE_SET;
        r->volume_seen = r->directory_seen = false;
    } else if (type == MTF_ESET) {
        r->phase = PHASE_ESET_MARK;
    } else if (type == MTF_EOTM) {
        r->phase = PHASE_EOTM_MARK;
    } else if (type == MTF_VOLB) {
        r->volume_seen = true;
        r->directory_seen = false;
    } else if (type == MTF_DIRB) {
        r->directory_seen = true;
    }
}

/* ── gathering ── */

void mtf_begin_step(MtfReader *r, Step step, size_t need)
{
    r->step = step;
    r->have = 0;
    r->need = need;
}

void mtf_end_block(MtfReader *r)
{
    if (!r->in_block) {
        return;
    }
    if (r->ops.end && r->announced) {
        r->ops.end(r->data, &r->block);
    }
    r->in_block = r->announced = false;
}

void mtf_begin_block(MtfReader *r)
{
    mtf_end_block(r);
    mtf_begin_step(r, STEP_DBLK, MTF_HDR_SIZE);
}

void mtf_announce(MtfReader *r)
{
    r->announced = true;
    if (r->ops.block) {
        r->ops.block(r->data, &r->block);
    }
}

/*
 * Descriptor blocks begin at multiples of the format logical block from the SSET on. A soft
 * filemark lies in that count as a block of any number of 512 bytes. The specification leaves open
 * whether its bytes count, so both are good.
 */
bool mtf_on_grid(const MtfReader *r, uint64_t position)
{
    return r->flb_size == 0 || position % r->flb_size == 0 ||
           (position - r->mark_bytes) % r->flb_size == 0;
}

/*
 * True if the bytes so far allow a mark. That includes the end of a block without streams, which
 * early writers made.
 */
static bool reader_between_blocks(const MtfReader *r)
{
    bool ended = r->step == STEP_DBLK ||
                 (r->step == STEP_EVENT && (r->after_pad || (r->stream.first && !r->name)));

    return ended && r->have == 0 && mtf_on_grid(r, r->position);
}

/* The expected object, for a violation. */
static const char *reader_expects(const MtfReader *r)
{
    return reader_between_blocks(r) ? phase_expects(r)
           : r->step == STEP_DBLK   ? "the rest of a descriptor block"
                                    : "the rest of its streams";
}
/* The descriptor block is complete, without its streams. */
static bool reader_take_block(MtfReader *r)
{
    if (!mtf_decode_block(r)) {
        return false;
    }
    phase_after_block(r, r->block.type);
    r->stream = (Stream){ .first = true };
    r->after_pad = false;
    if (!r->name) {
        mtf_announce(r);
    }
    return true;
}

/* Reports an object that is not the expected descriptor block. */
static bool reader_report_no_block(MtfReader *r)
{
    g_autofree char *id = mtf_id_text(get_le32(r->gathered));

    return mtf_violate(r, MTF_RULE_TYPE, &r->gathered_place, g_strdup(phase_expects(r)),
                       g_strdup_printf("%s and no valid header", id));
}

static bool is_id_text(uint32_t id)
{
    int i;

    for (i = 0; i < 32; i += 8) {
        if (!g_ascii_isalnum((char)(id >> i & 0xff))) {
            return false;
        }
    }
    return true;
}

/* An unexpected filemark is right if EOTM follows. Otherwise this reports its violation. */
static bool reader_report_pending_mark(MtfReader *r, uint32_t type)
{
    if (!r->held) {
        return true;
    }
    if (type == MTF_EOTM) {
        g_clear_pointer(&r->held, mtf_violation_free);
        return true;
    }
    r->violation = g_steal_pointer(&r->held);
    return false;
}

/* After padding that ended short of the grid only a soft filemark is allowed. */
static bool reader_check_mark_only(MtfReader *r, uint32_t type)
{
    if (r->mark_only && type != MTF_SFMB) {
        return mtf_violate(
            r, MTF_RULE_PAD, &r->gathered_place,
            g_strdup_printf("'SFMB', or padding up to a multiple of %u bytes", r->flb_size),
            mtf_id_text(type));
    }
    r->mark_only = false;
    return true;
}

/* The common header is complete. Sets the number of bytes to gather, or reports a violation. */
static bool reader_take_header(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint32_t type = get_le32(p);
    uint16_t first_event = mtf_field16(r, MTF_HDR_FIRST_EVENT);
    uint16_t sum = mtf_header_checksum(p), stored = mtf_field16(r, MTF_HDR_CHECKSUM);
    MtfPlace place = mtf_place_of(r, MTF_HDR_CHECKSUM);
    size_t fixed = mtf_fixed_size(type);

    if (!reader_report_pending_mark(r, type) || !reader_check_mark_only(r, type)) {
        return false;
    }
    if (!mtf_type_known(type) && (sum != stored || !is_id_text(type))) {
        return reader_report_no_block(r);
    }
    if (sum != stored) {
        return mtf_violate(r, MTF_RULE_HEADER_CHECKSUM, &place, g_strdup_printf("%04Xh", sum),
                           g_strdup_printf("%04Xh", stored));
    }
    if (!phase_allows(r, type)) {
        return mtf_violate(r, MTF_RULE_ORDER, &r->gathered_place, g_strdup(phase_expects(r)),
                           mtf_id_text(type));
    }
    place = mtf_place_of(r, MTF_HDR_FIRST_EVENT);
    if (type != MTF_SFMB && (first_event < fixed || first_event % MTF_STREAM_ALIGNMENT != 0)) {
        return mtf_violate(
            r, MTF_RULE_FIRST_EVENT, &place,
            g_strdup_printf("a multiple of %d from %zu on", MTF_STREAM_ALIGNMENT, fixed),
            g_strdup_printf("%u", first_event));
    }
    r->need = type == MTF_SFMB ? fixed : first_event;
    return true;
}

static bool reader_push_mark(MtfReader *r, const MtfPlace *place, bool clean);

static bool reader_after_gathered_block(MtfReader *r)
{
    if (r->block.type == MTF_SFMB) {
        /* The rest of a soft filemark, which has no streams (structure 14). */
        mtf_end_block(r);
        r->skip = r->sfmb_size - MTF_SFMB_PBAS;
        r->after_skip = STEP_DBLK;
        r->step = STEP_SKIP;
        r->mark_due = true;
        return true;
    }
    mtf_begin_step(r, STEP_EVENT, sizeof(uint32_t));
    return true;
}

/* ── bytes ── */

static void reader_advance(MtfReader *r, const uint8_t **data, size_t *length, size_t n)
{
    *data += n;
    *length -= n;
    r->position += n;
    r->place.byte += (uint32_t)n;
}

/* True if `need` bytes are gathered. */
static bool reader_gather(MtfReader *r, const uint8_t **data, size_t *length)
{
    size_t n = MIN(r->need - r->have, *length);

    if (r->have == 0) {
        r->gathered_place = r->place;
        r->gathered_position = r->position;
    }
    memcpy(r->gathered + r->have, *data, n);
    r->have += n;
    reader_advance(r, data, length, n);
    return r->have == r->need;
}

static bool reader_step_block(MtfReader *r, const uint8_t **data, size_t *length)
{
    if (!reader_gather(r, data, length)) {
        return true;
    }
    if (r->have == MTF_HDR_SIZE && !reader_take_header(r)) {
        return false;
    }
    return r->have < r->need || (reader_take_block(r) && reader_after_gathered_block(r));
}

static bool reader_step_skip(MtfReader *r, const uint8_t **data, size_t *length)
{
    size_t n = (size_t)MIN(r->skip, *length);

    reader_advance(r, data, length, n);
    r->skip -= n;
    if (r->skip > 0) {
        return true;
    }
    mtf_begin_step(r, r->after_skip, r->after_skip == STEP_DBLK ? MTF_HDR_SIZE : sizeof(uint32_t));
    if (r->mark_due) {
        r->mark_due = false;
        r->mark_bytes += r->sfmb_size;
        return reader_push_mark(r, &r->block.place, true);
    }
    return true;
}

static bool reader_step_data(MtfReader *r, const uint8_t **data, size_t *length)
{
    size_t n = (size_t)MIN(r->stream.left, *length);
    const uint8_t *bytes = *data;

    reader_advance(r, data, length, n);
    if (n > 0 && !mtf_take_content(r, bytes, n)) {
        return false;
    }
    return r->stream.left > 0 || mtf_end_stream(r);
}

/* Runs one step, which takes bytes or changes the step. False on a violation. */
static bool reader_step(MtfReader *r, const uint8_t **data, size_t *length)
{
    switch (r->step) {
    case STEP_EVENT:
        return !reader_gather(r, data, length) || mtf_take_event(r);
    case STEP_STREAM_HEADER:
        return !reader_gather(r, data, length) || mtf_take_stream_header(r);
    case STEP_STREAM_DATA:
        return reader_step_data(r, data, length);
    case STEP_SKIP:
        return reader_step_skip(r, data, length);
    case STEP_DBLK:
    default:
        return reader_step_block(r, data, length);
    }
}

/* Runs the steps that need no bytes, so that a mark finds every step ended. */
static bool reader_finish_empty_steps(MtfReader *r)
{
    const uint8_t empty = 0, *none = &empty; /* empty but not NULL, because the step adds to it */
    size_t nothing = 0;

    while ((r->step == STEP_STREAM_DATA && r->stream.left == 0) ||
           (r->step == STEP_SKIP && r->skip == 0)) {
        if (!reader_step(r, &none, &nothing)) {
            return false;
        }
    }
    return true;
}

/* ── what is pushed in ── */

MtfReader *mtf_reader_new(const MtfReaderOps *ops, void *data)
{
    MtfReader *r = g_new0(MtfReader, 1);

    r->ops = *ops;
    r->data = data;
    r->gathered = g_malloc0(DBLK_MAX);
    r->set_complete = true;
    mtf_forget_block(r);
    mtf_begin_step(r, STEP_DBLK, MTF_HDR_SIZE);
    return r;
}

void mtf_reader_free(MtfReader *r)
{
    if (!r) {
        return;
    }
    mtf_forget_block(r);
    mtf_violation_free(r->violation);
    mtf_violation_free(r->held);
    g_clear_pointer(&r->name, g_byte_array_unref);
    g_free(r->device);
    g_free(r->directory);
    g_free(r->gathered);
    g_free(r);
}

void mtf_reader_enter(MtfReader *r, const MtfEntry *entry)
{
    g_return_if_fail(entry->block_size > 0 && entry->flb_size > 0);
    r->phase = PHASE_SET;
    r->block_size = entry->block_size;
    r->flb_size = entry->flb_size;
    r->set = entry->set;
    r->set_complete = false;
    r->volume_seen = r->directory_seen = true;
    r->directory_id = entry->directory_id;
    g_free(r->device);
    r->device = g_strdup(entry->device);
    g_free(r->directory);
    r->directory = g_strdup(entry->directory);
    r->fla_base = entry->fla;
    r->fla_from = entry->position;
    r->any_id = entry->control_block_id == 0;
    r->last_id = entry->control_block_id > 0 ? entry->control_block_id - 1 : 0;
    r->skip = entry->position % entry->block_size;
    r->position = entry->position - r->skip;
    r->after_skip = STEP_DBLK;
    r->step = STEP_SKIP;
    r->have = 0;
}

void mtf_reader_enter_set(MtfReader *r, uint32_t block_size, uint32_t flb_size)
{
    g_return_if_fail(block_size > 0 && flb_size > 0);
    r->phase = PHASE_SETS;
    r->block_size = block_size;
    r->flb_size = flb_size;
}

static bool reader_check_block_size(MtfReader *r, size_t length)
{
    if (r->block_size == 0) {
        if (length == 0 || length % 512 != 0) {
            return mtf_violate(r, MTF_RULE_BLOCK_SIZE, &r->place,
                               g_strdup("a multiple of 512 bytes"),
                               g_strdup_printf("%zu bytes", length));
        }
        r->block_size = (uint32_t)length;
    }
    if (length != r->block_size) {
        return mtf_violate(r, MTF_RULE_BLOCK_SIZE, &r->place,
                           g_strdup_printf("%u bytes, as the first has", r->block_size),
                           g_strdup_printf("%zu bytes", length));
    }
    return true;
}

bool mtf_reader_push_block(MtfReader *r, const MtfPlace *place, const uint8_t *data, size_t length)
{
    if (r->violation) {
        return false;
    }
    r->place = *place;
    r->place.byte = 0;
    if (!reader_check_block_size(r, length)) {
        return false;
    }
    while (length > 0) {
        if (!reader_step(r, &data, &length)) {
            return false;
        }
    }
    r->counts.blocks++;
    return reader_finish_empty_steps(r);
}

/*
 * A filemark of the drive, or a soft one. `clean` is true at a place where a descriptor block may
 * end.
 */
static bool reader_push_mark(MtfReader *r, const MtfPlace *place, bool clean)
{
    if (!reader_report_pending_mark(r, 0)) {
        return false;
    }
    if (!clean && (r->phase == PHASE_SET || r->phase == PHASE_ESET_MARK)) {
        /*
         * This filemark is right if the medium ended here (section 8, end of media). Only EOTM
         * confirms that.
         */
        r->held = mtf_make_violation(r, MTF_RULE_FILEMARK, place, g_strdup(reader_expects(r)),
                                     g_strdup("a filemark"));
        r->phase = PHASE_ESET;
        r->announced = false;
        g_clear_pointer(&r->name, g_byte_array_unref);
    } else if (r->phase == PHASE_TAPE_MARK && clean) {
        r->phase = PHASE_SETS;
    } else if (r->phase == PHASE_SET && clean) {
        r->phase = PHASE_ESET;
    } else if (r->phase == PHASE_ESET_MARK && clean) {
        r->phase = PHASE_SETS;
        r->set_complete = true;
        r->counts.sets++;
    } else if (r->phase == PHASE_EOTM_MARK && clean) {
        r->phase = PHASE_END;
    } else {
        return mtf_violate(r, MTF_RULE_FILEMARK, place, g_strdup(reader_expects(r)),
                           g_strdup("a filemark"));
    }
    mtf_begin_block(r);
    r->mark_only = false;
    if (r->phase != PHASE_ESET) {
        r->position = r->mark_bytes = 0;
    }
    return true;
}

bool mtf_reader_push_filemark(MtfReader *r, const MtfPlace *place)
{
    MtfPlace here = *place;

    here.byte = 0;
    return !r->violation && reader_push_mark(r, &here, reader_between_blocks(r));
}

bool mtf_reader_push_setmark(MtfReader *r, const MtfPlace *place)
{
    return !r->violation && mtf_violate(r, MTF_RULE_FILEMARK, place, g_strdup(reader_expects(r)),
                                        g_strdup("a setmark"));
}

bool mtf_reader_push_end(MtfReader *r, const MtfPlace *place)
{
    if (r->violation || !reader_report_pending_mark(r, 0)) {
        return false;
    }
    if ((r->phase == PHASE_SETS || r->phase == PHASE_END) && reader_between_blocks(r)) {
        mtf_end_block(r);
        return true;
    }
    return mtf_violate(r, MTF_RULE_END, place, g_strdup(reader_expects(r)),
                       g_strdup("the end of data"));
}

bool mtf_reader_push_error(MtfReader *r, const MtfPlace *place, const char *why)
{
    return !r->violation &&
           mtf_violate(r, MTF_RULE_READABLE, place, g_strdup("a block or mark that can be read"),
                       g_strdup(why));
}

uint64_t mtf_reader_skippable(const MtfReader *r)
{
    bool data = r->step == STEP_STREAM_DATA && !r->name && r->stream.id != MTF_CSUM;

    return data && !r->violation && r->block_size > 0 ? r->stream.left / r->block_size : 0;
}

void mtf_reader_skip(MtfReader *r, uint64_t blocks)
{
    uint64_t bytes = MIN(blocks, mtf_reader_skippable(r)) * r->block_size;

    if (bytes == 0) {
        return;
    }
    r->stream.skipped = true;
    r->stream.left -= bytes;
    r->stream.at += bytes;
    r->position += bytes;
    r->counts.blocks += bytes / r->block_size;
    if (r->stream.id == MTF_STAN || r->stream.id == MTF_SPAR) {
        r->counts.bytes += bytes;
    }
    if (r->stream.left == 0 && !r->violation) {
        reader_finish_empty_steps(r);
    }
}

const MtfViolation *mtf_reader_violation(const MtfReader *r)
{
    return r->violation;
}

const MtfCounts *mtf_reader_counts(const MtfReader *r)
{
    return &r->counts;
}

uint32_t mtf_reader_block_size(const MtfReader *r)
{
    return r->block_size;
}

uint32_t mtf_reader_flb_size(const MtfReader *r)
{
    return r->flb_size;
}

bool mtf_probe(const uint8_t *data, size_t length)
{
    return length >= MTF_TAPE_SIZE && get_le32(data) == MTF_TAPE &&
           mtf_header_checksum(data) == get_le16(data + MTF_HDR_CHECKSUM);
}
