/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of a descriptor block and their rules. */
#include "media/mtf/mtf-state.h"

#include "emu/base/bytes.h"

/* ── strings ── */

uint16_t mtf_field16(const MtfReader *r, size_t at)
{
    return get_le16(r->gathered + at);
}

MtfPlace mtf_place_of(const MtfReader *r, size_t at)
{
    MtfPlace place = r->gathered_place;
    uint64_t byte = (uint64_t)place.byte + at;

    /* For a block that crosses into the next tape block, the object that holds the byte. */
    if (r->block_size > 0) {
        place.object += byte / r->block_size;
        byte %= r->block_size;
    }
    place.byte = (uint32_t)byte;
    return place;
}

/* Does the MTF_TAPE_ADDRESS at `at` (structure 2) lie within the gathered block? */
static bool block_check_address(MtfReader *r, size_t at, size_t fixed)
{
    size_t size = mtf_field16(r, at), offset = mtf_field16(r, at + 2);
    MtfPlace place = mtf_place_of(r, at);

    if (size > 0 && (offset < fixed || offset + size > r->need)) {
        return mtf_violate(r, MTF_RULE_STRING, &place,
                           g_strdup_printf("%zu bytes between %zu and %zu", size, fixed, r->need),
                           g_strdup_printf("them at %zu", offset));
    }
    return true;
}

/* The string whose address is at `at`, into *to, which is the nth of the block's. */
static bool block_take_string(MtfReader *r, size_t at, char separator, int n, const char **to)
{
    size_t size = mtf_field16(r, at), offset = mtf_field16(r, at + 2);
    MtfPlace place = mtf_place_of(r, at);

    if (!block_check_address(r, at, mtf_fixed_size(r->block.type))) {
        return false;
    }
    if (size > 0 && r->string_type == MTF_NO_STRINGS) {
        return mtf_violate(r, MTF_RULE_STRING, &place, g_strdup("none, as the string type says"),
                           g_strdup_printf("one of %zu bytes", size));
    }
    if (r->string_type == MTF_UNICODE_STR && size % 2 != 0) {
        return mtf_violate(r, MTF_RULE_STRING, &place, g_strdup("two bytes a character"),
                           g_strdup_printf("%zu bytes", size));
    }
    r->strings[n] =
        mtf_string(r->gathered + (size > 0 ? offset : 0), size, r->string_type, separator);
    *to = r->strings[n];
    return true;
}

/* ── the blocks ── */

static bool block_take_tape(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    MtfPlace place = mtf_place_of(r, MTF_TAPE_FLB_SIZE);
    uint16_t flb = mtf_field16(r, MTF_TAPE_FLB_SIZE);

    if (p[MTF_TAPE_MAJOR] != 1) {
        place = mtf_place_of(r, MTF_TAPE_MAJOR);
        return mtf_violate_number(r, MTF_RULE_FIELD, &place, "MTF major version", 1,
                                  p[MTF_TAPE_MAJOR]);
    }
    if (flb != 512 && flb != 1024) {
        return mtf_violate(r, MTF_RULE_FIELD, &place,
                           g_strdup("a format logical block of 512 or 1024 bytes"),
                           g_strdup_printf("%u", flb));
    }
    if (r->block_size % flb != 0 && flb % r->block_size != 0) {
        return mtf_violate(
            r, MTF_RULE_BLOCK_SIZE, &place,
            g_strdup_printf("tape blocks of whole format logical blocks of %u bytes", flb),
            g_strdup_printf("%u bytes", r->block_size));
    }
    r->flb_size = flb;
    r->block.own_attributes = get_le32(p + MTF_TAPE_ATTRIBUTES);
    r->soft_filemarks = r->block.own_attributes & MTF_TAPE_SOFT_FILEMARKS;
    r->sfmb_size = 512u * mtf_field16(r, MTF_TAPE_SFMB_SIZE);
    if (r->soft_filemarks && (r->sfmb_size == 0 || r->sfmb_size % r->block_size != 0)) {
        place = mtf_place_of(r, MTF_TAPE_SFMB_SIZE);
        return mtf_violate(r, MTF_RULE_FIELD, &place,
                           g_strdup("a soft filemark of whole tape blocks"),
                           g_strdup_printf("%u bytes", r->sfmb_size));
    }
    r->block.date = mtf_get_date(p + MTF_TAPE_DATE);
    return block_take_string(r, MTF_TAPE_NAME, ' ', 0, &r->block.name) &&
           block_take_string(r, MTF_TAPE_LABEL, ' ', 1, &r->block.label) &&
           block_take_string(r, MTF_TAPE_SOFTWARE, ' ', 2, &r->block.owner) &&
           block_check_address(r, MTF_TAPE_PASSWORD, MTF_TAPE_SIZE);
}

/* Numbers rise by one. A continued set keeps its number (structure 6, Data Set Number). */
static bool block_check_set_number(MtfReader *r, uint16_t number)
{
    MtfPlace place = mtf_place_of(r, MTF_SSET_NUMBER);

    if (number == 0 || (r->set != 0 && number != r->set + 1)) {
        return mtf_violate_number(r, MTF_RULE_FIELD, &place, "data set number",
                                  r->set != 0 ? r->set + 1u : 1u, number);
    }
    return true;
}

/*
 * Drivers count from different places, but each counts the same way on one tape. So the first set
 * decides for the others.
 */
static bool block_check_pba(MtfReader *r)
{
    MtfPlace place = mtf_place_of(r, MTF_SSET_PBA);
    uint64_t shift = r->block.pba - r->block.place.object;

    if (r->pba_known && shift != r->pba_shift) {
        return mtf_violate_number(r, MTF_RULE_FIELD, &place, "physical block address",
                                  r->block.place.object + r->pba_shift, r->block.pba);
    }
    r->pba_known = true;
    r->pba_shift = shift;
    return true;
}

static bool block_take_sset(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint16_t number = mtf_field16(r, MTF_SSET_NUMBER);

    if (!block_check_set_number(r, number)) {
        return false;
    }
    r->block.own_attributes = get_le32(p + MTF_SSET_ATTRIBUTES);
    r->block.pba = get_le64(p + MTF_SSET_PBA);
    r->block.date = mtf_get_date(p + MTF_SSET_DATE);
    r->block.set = number;
    if (!block_check_pba(r)) {
        return false;
    }
    r->set = number;
    r->set_complete = r->catalog_seen = false;
    r->directory_id = 0;
    g_clear_pointer(&r->device, g_free);
    g_clear_pointer(&r->directory, g_free);
    return block_take_string(r, MTF_SSET_NAME, ' ', 0, &r->block.name) &&
           block_take_string(r, MTF_SSET_DESCRIPTION, ' ', 1, &r->block.label) &&
           block_take_string(r, MTF_SSET_USER, ' ', 2, &r->block.owner) &&
           block_check_address(r, MTF_SSET_PASSWORD, MTF_SSET_SIZE);
}

static bool block_take_volb(MtfReader *r)
{
    r->block.own_attributes = get_le32(r->gathered + MTF_VOLB_ATTRIBUTES);
    r->block.date = mtf_get_date(r->gathered + MTF_VOLB_DATE);
    if (!block_take_string(r, MTF_VOLB_VOLUME, ' ', 0, &r->block.name) ||
        !block_take_string(r, MTF_VOLB_DEVICE, ' ', 1, &r->block.label) ||
        !block_take_string(r, MTF_VOLB_MACHINE, ' ', 2, &r->block.owner)) {
        return false;
    }
    g_free(r->device);
    r->device = g_strdup(r->block.label);
    g_clear_pointer(&r->directory, g_free);
    return true;
}

/* "C:", "DATA", "F1.BIN" → "C:\DATA\F1.BIN"; parts may be NULL or empty. */
static char *block_join_path(const char *device, const char *directory, const char *file)
{
    GString *path = g_string_new(device ? device : "");
    size_t length = strlen(path->str);

    if (length == 0 || path->str[length - 1] != '\\') {
        g_string_append_c(path, '\\');
    }
    g_string_append(path, directory ? directory : "");
    if (file) {
        if (directory && directory[0]) {
            g_string_append_c(path, '\\');
        }
        g_string_append(path, file);
    }
    return g_string_free(path, FALSE);
}

/* The name is known, from the block or from its stream. */
void mtf_name_block(MtfReader *r)
{
    bool file = r->block.type == MTF_FILE;

    if (!file) {
        g_free(r->directory);
        r->directory = g_strdup(r->block.name);
    }
    g_free(r->strings[3]);
    r->strings[3] = block_join_path(r->device, r->directory, file ? r->block.name : NULL);
    r->block.path = r->strings[3];
}

/* DIRB and FILE differ in the places of their fields. */
static bool block_take_named(MtfReader *r, size_t name, char separator)
{
    r->block.own_attributes = get_le32(r->gathered + MTF_DIRB_ATTRIBUTES);
    r->block.date = mtf_get_date(r->gathered + MTF_DIRB_MODIFIED);
    if (!block_take_string(r, name, separator, 0, &r->block.name)) {
        return false;
    }
    if (r->block.own_attributes & MTF_NAME_IN_STREAM) {
        r->name = g_byte_array_new();
    } else {
        mtf_name_block(r);
    }
    return true;
}

static bool block_take_dirb(MtfReader *r)
{
    r->directory_id = r->block.directory_id = get_le32(r->gathered + MTF_DIRB_ID);
    return block_take_named(r, MTF_DIRB_NAME, '\\');
}

static bool block_take_file(MtfReader *r)
{
    MtfPlace place = mtf_place_of(r, MTF_FILE_DIRECTORY);

    r->block.directory_id = get_le32(r->gathered + MTF_FILE_DIRECTORY);
    r->block.file_id = get_le32(r->gathered + MTF_FILE_ID);
    if (r->block.directory_id != r->directory_id) {
        return mtf_violate_number(r, MTF_RULE_FIELD, &place, "directory id", r->directory_id,
                                  r->block.directory_id);
    }
    return block_take_named(r, MTF_FILE_NAME, '?');
}

static bool block_take_eset(MtfReader *r)
{
    MtfPlace place = mtf_place_of(r, MTF_ESET_NUMBER);
    uint16_t number = mtf_field16(r, MTF_ESET_NUMBER);

    r->block.own_attributes = get_le32(r->gathered + MTF_ESET_ATTRIBUTES);
    r->block.date = mtf_get_date(r->gathered + MTF_ESET_DATE);
    if (number != r->set) {
        return mtf_violate_number(r, MTF_RULE_FIELD, &place, "data set number", r->set, number);
    }
    return true;
}

/* The soft filemark has no streams. Its array fills the rest of it (structure 14). */
static bool block_take_sfmb(MtfReader *r)
{
    uint32_t entries = get_le32(r->gathered + MTF_SFMB_ENTRIES);
    uint32_t used = get_le32(r->gathered + MTF_SFMB_USED);
    uint32_t room = (r->sfmb_size - MTF_SFMB_PBAS) / 4;
    MtfPlace place = mtf_place_of(r, MTF_SFMB_ENTRIES);

    if (r->gathered_place.byte != 0) {
        return mtf_violate(r, MTF_RULE_PAD, &r->gathered_place,
                           g_strdup("a soft filemark at the beginning of a tape block"),
                           g_strdup_printf("it at byte %u", r->gathered_place.byte));
    }
    if (entries > room || used > entries) {
        return mtf_violate(r, MTF_RULE_FIELD, &place,
                           g_strdup_printf("at most %u filemark entries, and no more used", room),
                           g_strdup_printf("%u, of which %u are used", entries, used));
    }
    place = mtf_place_of(r, MTF_HDR_CONTROL_BLOCK_ID);
    if (r->last_sfmb != 0 && r->block.control_block_id != r->last_sfmb + 1) {
        return mtf_violate_number(r, MTF_RULE_CONTROL_BLOCK, &place, "soft filemark",
                                  r->last_sfmb + 1u, r->block.control_block_id);
    }
    r->last_sfmb = r->block.control_block_id;
    return true;
}

static bool block_take_fields(MtfReader *r)
{
    switch (r->block.type) {
    case MTF_TAPE:
        return block_take_tape(r);
    case MTF_SSET:
        return block_take_sset(r);
    case MTF_VOLB:
        return block_take_volb(r);
    case MTF_DIRB:
        return block_take_dirb(r);
    case MTF_FILE:
        return block_take_file(r);
    case MTF_ESET:
        return block_take_eset(r);
    case MTF_SFMB:
        return block_take_sfmb(r);
    case MTF_EOTM:
        r->block.pba = get_le64(r->gathered + MTF_EOTM_LAST_ESET);
        return true;
    default:
        return true;
    }
}

/* ── what all blocks have ── */

/* TAPE and EOTM have the address 0. The others count from the SSET in format logical blocks. */
static bool block_check_fla(MtfReader *r)
{
    const MtfBlock *b = &r->block;
    MtfPlace place = mtf_place_of(r, MTF_HDR_FLA);
    uint64_t here, unmarked;

    if (b->type == MTF_SSET) {
        r->fla_base = b->fla;
        r->fla_from = b->position;
        return true;
    }
    if (b->type == MTF_SFMB || (b->type == MTF_ESET && b->fla == 0)) {
        return true; /* SFMB counts tape blocks, in the driver's manner */
    }
    if (b->type == MTF_TAPE || b->type == MTF_EOTM) {
        here = unmarked = 0;
    } else {
        here = r->fla_base + (b->position - r->fla_from) / r->flb_size;
        unmarked = r->fla_base + (b->position - r->mark_bytes - r->fla_from) / r->flb_size;
    }
    return b->fla == here || b->fla == unmarked ||
           mtf_violate_number(r, MTF_RULE_FLA, &place, "address", here, b->fla);
}

/* 0 in TAPE, SSET and EOTM, and rising from the SSET on (structures 4, 5, 12 and 13). */
static bool block_check_control_block(MtfReader *r)
{
    const MtfBlock *b = &r->block;
    MtfPlace place = mtf_place_of(r, MTF_HDR_CONTROL_BLOCK_ID);
    bool continued = b->attributes & MTF_CONTINUATION;

    if (b->type == MTF_SFMB) {
        return true; /* soft filemarks have their own count, see block_take_sfmb() */
    }
    if (b->type == MTF_TAPE || b->type == MTF_EOTM || b->type == MTF_SSET) {
        if (b->control_block_id != 0 && !continued) {
            return mtf_violate_number(r, MTF_RULE_CONTROL_BLOCK, &place, "id", 0,
                                      b->control_block_id);
        }
        r->any_id = continued;
        r->last_id = b->control_block_id;
        return true;
    }
    /* The two ESETs around a catalog share an id, and some writers leave theirs at 0. */
    if (b->type == MTF_ESET && (b->control_block_id == 0 || b->control_block_id == r->last_id)) {
        return true;
    }
    if (b->control_block_id <= r->last_id && !r->any_id) {
        return mtf_violate(r, MTF_RULE_CONTROL_BLOCK, &place,
                           g_strdup_printf("an id beyond %u", r->last_id),
                           g_strdup_printf("%u", b->control_block_id));
    }
    r->any_id = false;
    r->last_id = b->control_block_id;
    return true;
}

static bool block_check_string_type(MtfReader *r)
{
    MtfPlace place = mtf_place_of(r, MTF_HDR_STRING_TYPE);

    r->string_type = r->gathered[MTF_HDR_STRING_TYPE];
    return r->string_type <= MTF_UNICODE_STR
               ? true
               : mtf_violate(r, MTF_RULE_STRING, &place, g_strdup("string type 0, 1 or 2"),
                             g_strdup_printf("%u", r->string_type));
}

void mtf_forget_block(MtfReader *r)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(r->strings); i++) {
        g_clear_pointer(&r->strings[i], g_free);
    }
    r->block = (MtfBlock){ .name = "", .label = "", .owner = "", .path = "" };
}

static void block_count(MtfReader *r)
{
    MtfCounts *c = &r->counts;
    uint32_t type = r->block.type;

    c->volumes += type == MTF_VOLB;
    c->directories += type == MTF_DIRB;
    c->files += type == MTF_FILE;
    c->corrupt += type == MTF_CFIL;
}

/* `need` bytes of a descriptor block are there, which is all of it but its streams. */
bool mtf_decode_block(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint32_t type = get_le32(p);

    mtf_forget_block(r);
    r->in_block = true;
    r->block.type = type;
    r->block.attributes = get_le32(p + MTF_HDR_ATTRIBUTES);
    r->block.displayable_size = get_le64(p + MTF_HDR_DISPLAYABLE_SIZE);
    r->block.fla = get_le64(p + MTF_HDR_FLA);
    r->block.control_block_id = get_le32(p + MTF_HDR_CONTROL_BLOCK_ID);
    r->block.place = r->gathered_place;
    r->block.position = r->gathered_position;
    r->block.set = type == MTF_TAPE || type == MTF_EOTM ? 0 : r->set;
    if (!block_check_string_type(r) || !block_check_fla(r) || !block_check_control_block(r) ||
        !block_check_address(r, MTF_HDR_OS_DATA, mtf_fixed_size(type)) || !block_take_fields(r)) {
        return false;
    }
    block_count(r);
    return true;
}
