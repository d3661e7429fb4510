/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The streams of a descriptor block, with headers, data, names, checksums and padding. */
#include "media/mtf/mtf-state.h"

#include "emu/base/bytes.h"

#include <string.h>

static bool stream_is_catalog(uint32_t id)
{
    return id == MTF_TFDD || id == MTF_TSMP || id == MTF_FDD2 || id == MTF_MAP2;
}

/*
 * The four bytes at the first event, or after an ESET's padding, begin a stream or the next block.
 * Early writers had blocks without streams (Appendix D, Offset To First Event).
 */
bool mtf_take_event(MtfReader *r)
{
    uint32_t id = get_le32(r->gathered);
    bool aligned = r->flb_size > 0 && mtf_on_grid(r, r->gathered_position);

    if (r->after_pad ? r->mark_only || !stream_is_catalog(id)
                     : aligned && r->stream.first && !r->name && mtf_type_known(id)) {
        mtf_end_block(r);
        r->step = STEP_DBLK;
        r->need = MTF_HDR_SIZE;
        return true;
    }
    r->after_pad = false;
    r->step = STEP_STREAM_HEADER;
    r->need = MTF_STREAM_SIZE;
    return true;
}

/* Checks the order of this stream after the one before it. */
static bool stream_check_order(MtfReader *r, uint32_t id, uint16_t attributes)
{
    const Stream *s = &r->stream;
    const MtfPlace *place = &r->gathered_place;
    g_autofree char *before = s->first ? NULL : mtf_id_text(s->id);

    if (r->name && s->first && id != (r->block.type == MTF_DIRB ? MTF_PNAM : MTF_FNAM)) {
        return mtf_violate(r, MTF_RULE_STREAM_ORDER, place,
                           g_strdup(r->block.type == MTF_DIRB ? "'PNAM', as the block says"
                                                              : "'FNAM', as the block says"),
                           mtf_id_text(id));
    }
    if (s->open && (id != s->id || !(attributes & MTF_STREAM_VARIABLE))) {
        return mtf_violate(r, MTF_RULE_STREAM_ORDER, place,
                           g_strdup_printf("the next segment of %s", before), mtf_id_text(id));
    }
    if (s->sum_due && id != MTF_CSUM) {
        return mtf_violate(r, MTF_RULE_STREAM_ORDER, place,
                           g_strdup_printf("'CSUM' after %s", before), mtf_id_text(id));
    }
    if (!s->sum_due && id == MTF_CSUM) {
        return mtf_violate(r, MTF_RULE_STREAM_ORDER, place,
                           g_strdup("no 'CSUM', as no stream before it is checksummed"),
                           mtf_id_text(id));
    }
    return true;
}

static bool stream_check_length(MtfReader *r, uint32_t id, uint64_t length)
{
    MtfPlace place = mtf_place_of(r, MTF_STREAM_LENGTH);

    if (id == MTF_CSUM && length != sizeof(uint32_t)) {
        return mtf_violate_number(r, MTF_RULE_STREAM_ORDER, &place,
                                  "a checksum of bytes:", sizeof(uint32_t), length);
    }
    return true;
}

bool mtf_take_stream_header(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint32_t id = get_le32(p);
    uint16_t attributes = mtf_field16(r, MTF_STREAM_MEDIA_ATTRIBUTES);
    uint16_t sum = mtf_stream_checksum(p), stored = mtf_field16(r, MTF_STREAM_CHECKSUM);
    uint64_t length = get_le64(p + MTF_STREAM_LENGTH);
    MtfPlace place = mtf_place_of(r, MTF_STREAM_CHECKSUM);
    g_autofree char *text = mtf_id_text(id);
    Stream *s = &r->stream;

    if (sum != stored || id == 0) {
        return mtf_violate(r, MTF_RULE_STREAM_HEADER, &place, g_strdup_printf("%04Xh", sum),
                           g_strdup_printf("%04Xh, in a stream header %s", stored, text));
    }
    if (!stream_check_order(r, id, attributes) || !stream_check_length(r, id, length)) {
        return false;
    }
    if (attributes & (MTF_STREAM_COMPRESSED | MTF_STREAM_EMBEDDED_LENGTH)) {
        return mtf_violate(r, MTF_RULE_UNSUPPORTED, &r->gathered_place,
                           g_strdup("a stream as it was backed up"),
                           g_strdup_printf("%s compressed by software", text));
    }
    if (!s->open && id != MTF_CSUM) {
        s->sum = 0;
        s->sum_at = 0;
        s->skipped = false;
    }
    s->id = id;
    s->attributes = attributes;
    s->left = length;
    s->at = 0;
    s->place = r->gathered_place;
    s->first = false;
    r->catalog_seen = r->catalog_seen || stream_is_catalog(id);
    r->step = STEP_STREAM_DATA;
    r->have = 0;
    return true;
}

static bool stream_end_checksum(MtfReader *r)
{
    Stream *s = &r->stream;
    uint32_t stored = get_le32(r->gathered);

    s->sum_due = false;
    if (!s->sum_known) {
        return true;
    }
    if (stored != s->sum) {
        return mtf_violate(r, MTF_RULE_STREAM_CHECKSUM, &s->place, g_strdup_printf("%08Xh", stored),
                           g_strdup_printf("data that makes %08Xh", s->sum));
    }
    r->counts.checksums++;
    return true;
}

static void stream_end_name(MtfReader *r)
{
    g_autoptr(GByteArray) name = g_steal_pointer(&r->name);

    g_free(r->strings[0]);
    r->strings[0] =
        mtf_string(name->data, name->len, r->string_type, r->block.type == MTF_DIRB ? '\\' : '?');
    r->block.name = r->strings[0];
    mtf_name_block(r);
    mtf_announce(r);
}

/* The padding was the last stream. A descriptor block may begin at its end. */
static bool stream_end_padding(MtfReader *r)
{
    MtfPlace place = r->stream.place;
    bool aligned = mtf_on_grid(r, r->position);

    r->mark_only = !aligned && r->soft_filemarks && (r->position + r->sfmb_size) % r->flb_size == 0;
    if (!aligned && !r->mark_only) {
        return mtf_violate(
            r, MTF_RULE_PAD, &place,
            g_strdup_printf("its end at a multiple of %u bytes", r->flb_size),
            g_strdup_printf("%" G_GUINT64_FORMAT " bytes beyond one", r->position % r->flb_size));
    }
    if (r->block.type == MTF_ESET) {
        r->after_pad = true;
        mtf_begin_step(r, STEP_EVENT, sizeof(uint32_t));
    } else {
        mtf_begin_block(r);
    }
    return true;
}

bool mtf_end_stream(MtfReader *r)
{
    Stream *s = &r->stream;

    if (s->id == MTF_CSUM) {
        if (!stream_end_checksum(r)) {
            return false;
        }
    } else {
        s->open = (s->attributes & MTF_STREAM_VARIABLE) && !(s->attributes & MTF_STREAM_VAR_END);
        s->sum_due = !s->open && (s->attributes & MTF_STREAM_CHECKSUMED);
        s->sum_known =
            !s->skipped && !(s->attributes & (MTF_STREAM_ENCRYPTED | MTF_STREAM_CONTINUE));
    }
    if (r->name && !s->open && s->id != MTF_CSUM) {
        stream_end_name(r);
    }
    if (s->id == MTF_SPAD) {
        return stream_end_padding(r);
    }
    r->skip = -r->position % MTF_STREAM_ALIGNMENT;
    r->after_skip = STEP_EVENT;
    r->step = STEP_SKIP;
    return true;
}

bool mtf_take_content(MtfReader *r, const uint8_t *data, size_t length)
{
    Stream *s = &r->stream;

    if (s->id == MTF_CSUM) {
        memcpy(r->gathered + s->at, data,
               length); /* always four bytes, see stream_check_length() */
    } else {
        mtf_data_checksum(&s->sum, &s->sum_at, data, length);
    }
    if (s->id == MTF_STAN || s->id == MTF_SPAR) {
        r->counts.bytes += length;
    }
    if (r->name) {
        if (r->name->len + length > NAME_MAX_BYTES) {
            return mtf_violate(r, MTF_RULE_STRING, &s->place, g_strdup("a name of at most 64 KiB"),
                               g_strdup_printf("%" G_GUINT64_FORMAT " bytes", s->left + s->at));
        }
        g_byte_array_append(r->name, data, (guint)length);
    } else if (r->ops.content) {
        r->ops.content(r->data, &r->block, s->id, s->at, data, length);
    }
    s->at += length;
    s->left -= length;
    return true;
}
