/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two machines, one in the other. The phase is where the tape is in its media layout (section 3,
 * "Media layout"): what may come next, block or mark. The step is where the bytes of the present
 * tape file are: in a descriptor block, in a stream header, in a stream's data, in padding. Bytes
 * move the step; whole descriptor blocks and marks move the phase.
 */
#include "media/mtf-reader.h"

#include "emu/base/bytes.h"

enum {
    DBLK_MAX = 0xffff, /* what a 16-bit Offset To First Event can name */
    NAME_MAX_BYTES = 0x10000,
};

typedef enum Phase {
    PHASE_TAPE,      /* TAPE has to come */
    PHASE_TAPE_MARK, /* … and its filemark */
    PHASE_SETS,      /* SSET, EOTM or the end of data */
    PHASE_SET,       /* the blocks of a set, up to a filemark */
    PHASE_ESET,      /* ESET, or EOTM if the set goes on on another tape */
    PHASE_ESET_MARK, /* a filemark; a second ESET if there is a catalog */
    PHASE_EOTM_MARK, /* a filemark */
    PHASE_END,       /* only the end of data */
} Phase;

typedef enum Step {
    STEP_DBLK,          /* gathering a descriptor block */
    STEP_EVENT,         /* its streams begin, or it has none: four bytes will tell */
    STEP_STREAM_HEADER, /* gathering a stream header */
    STEP_STREAM_DATA,
    STEP_SKIP, /* alignment after a stream, or what lies before the place of entry */
} Step;

typedef struct Stream {
    uint32_t id;
    uint16_t attributes; /* media format attributes */
    uint64_t left, at;   /* bytes of it to come, and gone by */
    MtfPlace place;      /* of its header */
    /* Over all segments of a stream of variable length: */
    uint32_t sum;
    uint64_t sum_at;
    bool open;      /* a segment has ended, and was not the last */
    bool sum_due;   /* the next stream has to be CSUM */
    bool sum_known; /* … and what it holds can be compared */
    bool skipped;   /* some of its data was not looked at */
    bool first;     /* no stream of this descriptor block has begun yet */
} Stream;

struct MtfReader {
    MtfReaderOps ops;
    void *data;
    MtfViolation *violation;
    MtfViolation *held; /* a filemark that is right only if EOTM follows */
    MtfCounts counts;

    Phase phase;
    Step step;
    MtfPlace place;      /* of the byte being looked at */
    uint64_t position;   /* bytes since the last mark outside of sets, since the SSET within */
    uint32_t block_size; /* 0: no block seen */
    uint32_t flb_size;   /* 0: no TAPE seen */
    bool soft_filemarks;
    uint32_t sfmb_size, last_sfmb;

    uint8_t *gathered; /* DBLK_MAX bytes */
    size_t have, need;
    MtfPlace gathered_place;
    uint64_t gathered_position;
    uint64_t skip;
    Step after_skip;
    bool after_pad; /* in STEP_EVENT: an SPAD stream has ended this block's streams */
    bool mark_due;  /* in STEP_SKIP: what is skipped is a soft filemark's */

    MtfBlock block; /* the one whose streams are being read */
    bool in_block, announced;
    char *strings[4]; /* those of `block` */
    uint8_t string_type;
    char *device;     /* of the volume */
    char *directory;  /* path of the directory */
    GByteArray *name; /* from a PNAM or FNAM stream; NULL: there is none to come */
    Stream stream;

    uint64_t fla_base; /* FLA of the SSET */
    uint64_t fla_from; /* position that fla_base is of */
    uint32_t last_id;
    bool any_id; /* whatever id comes is as good: a continued set's first */
    bool volume_seen, directory_seen;
    uint32_t directory_id;
    uint16_t set;      /* number; 0: none yet */
    bool set_complete; /* the set `set` has its ESET */
    bool catalog_seen; /* … and a catalog after it, which a second ESET ends */
    bool pba_known;
    uint64_t pba_shift;
};

/* ── rules ── */

static const struct {
    const char *name, *about, *clause;
} rules[] = {
    [MTF_RULE_READABLE] = { "readable tape", "every block and mark can be read", "none" },
    [MTF_RULE_BLOCK_SIZE] = { "size of the tape block", "all blocks are as long as the first",
                              "section 3, addressing" },
    [MTF_RULE_TYPE] = { "descriptor block",
                        "where a descriptor block has to be there are four characters and a good "
                        "header checksum",
                        "structure 4, DBLK Type" },
    [MTF_RULE_ORDER] = { "order on tape",
                         "TAPE, filemark; SSET, VOLB, DIRB, FILE…, filemark, ESET, filemark; at "
                         "last EOTM, filemark",
                         "section 3, media layout" },
    [MTF_RULE_HEADER_CHECKSUM] = { "header checksum",
                                   "the exclusive or of the header's other words",
                                   "structure 4, Header Checksum" },
    [MTF_RULE_FLA] = { "format logical address",
                       "counts format logical blocks from the SSET on; 0 in TAPE and EOTM",
                       "structure 4, Format Logical Address" },
    [MTF_RULE_CONTROL_BLOCK] = { "control block id",
                                 "0 in TAPE, SSET and EOTM, rising within a set",
                                 "structure 4, Control Block ID" },
    [MTF_RULE_FIRST_EVENT] = { "offset to first event", "beyond the fixed fields, a multiple of 4",
                               "structure 4, Offset To First Event" },
    [MTF_RULE_STRING] = { "string", "its type is 0, 1 or 2, and it lies within the block",
                          "structure 2 and table 4" },
    [MTF_RULE_FIELD] = { "field",
                         "version and sizes are possible; set numbers rise by one, and ESET "
                         "repeats them; a FILE's directory id is its DIRB's; the physical block "
                         "addresses of all SSETs differ from the object's number by the same; an "
                         "SFMB's array fits",
                         "structures 5, 6, 9, 12 and 14" },
    [MTF_RULE_STREAM_HEADER] = { "stream header checksum",
                                 "the exclusive or of the header's other words",
                                 "structure 15, Checksum" },
    [MTF_RULE_STREAM_ORDER] = { "order of streams",
                                "CSUM after a stream that announces it, and only there; segments "
                                "of one stream together; PNAM or FNAM first",
                                "section 6, stream data" },
    [MTF_RULE_STREAM_CHECKSUM] = { "stream checksum",
                                   "CSUM holds the exclusive or of the stream's data",
                                   "section 6, CHECKSUM_STREAM" },
    [MTF_RULE_PAD] = { "padding", "SPAD ends where a descriptor block may begin",
                       "section 6, PAD_STREAM" },
    [MTF_RULE_FILEMARK] = { "marks",
                            "none where none belongs; one in the middle of a set only if EOTM "
                            "follows",
                            "section 3, media layout" },
    [MTF_RULE_END] = { "end of data", "none before a set has its ESET and filemark",
                       "section 3, media layout" },
    [MTF_RULE_UNSUPPORTED] = { "cannot be followed by this reader",
                               "a stream that was compressed by software: no fault of the tape, "
                               "but judging ends here",
                               "none" },
};

const char *mtf_rule_name(MtfRule rule)
{
    return rules[rule].name;
}

const char *mtf_rule_about(MtfRule rule)
{
    return rules[rule].about;
}

const char *mtf_rule_clause(MtfRule rule)
{
    return rules[rule].clause;
}

static void violation_free(MtfViolation *v)
{
    if (v) {
        g_free(v->name);
        g_free(v->expected);
        g_free(v->found);
        g_free(v);
    }
}

char *mtf_violation_text(const MtfViolation *v)
{
    g_autofree char *set = v->set > 0 ? g_strdup_printf("set %u, ", v->set) : g_strdup("");

    return g_strdup_printf(
        "partition %u, object %" G_GUINT64_FORMAT " (tape file %" G_GUINT64_FORMAT
        ", byte %u): %s: expected %s, found %s (%s%s%sMTF 1.00a %s)",
        v->place.partition, v->place.object, v->place.file, v->place.byte, mtf_rule_name(v->rule),
        v->expected, v->found, set, v->name, v->name[0] ? ", " : "", mtf_rule_clause(v->rule));
}

static char *block_name(const MtfReader *r)
{
    g_autofree char *type = NULL;
    const char *name;

    if (!r->in_block) {
        return g_strdup("");
    }
    type = mtf_id_text(r->block.type);
    name = r->block.path && r->block.path[0] ? r->block.path : r->block.name;
    return name && name[0] ? g_strdup_printf("%s %s", type, name) : g_strdup(type);
}

/* Takes both texts. */
static MtfViolation *make_violation(const MtfReader *r, MtfRule rule, const MtfPlace *place,
                                    char *expected, char *found)
{
    MtfViolation *v = g_new0(MtfViolation, 1);

    *v = (MtfViolation){ .rule = rule,
                         .place = *place,
                         .set = r->set_complete ? 0 : r->set,
                         .name = block_name(r),
                         .expected = expected,
                         .found = found };
    return v;
}

/* The first violation stays. Takes both texts; returns false. */
static bool violate(MtfReader *r, MtfRule rule, const MtfPlace *place, char *expected, char *found)
{
    MtfViolation *v = make_violation(r, rule, place, expected, found);

    if (r->violation) {
        violation_free(v);
    } else {
        r->violation = v;
    }
    return false;
}

static bool violate_number(MtfReader *r, MtfRule rule, const MtfPlace *place, const char *what,
                           uint64_t expected, uint64_t found)
{
    return violate(r, rule, place, g_strdup_printf("%s %" G_GUINT64_FORMAT, what, expected),
                   g_strdup_printf("%" G_GUINT64_FORMAT, found));
}

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
        /* Types that we do not know are allowed, and passed over (structure 4, DBLK Type). */
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

static void begin_step(MtfReader *r, Step step, size_t need)
{
    r->step = step;
    r->have = 0;
    r->need = need;
}

static void end_block(MtfReader *r)
{
    if (!r->in_block) {
        return;
    }
    if (r->ops.end && r->announced) {
        r->ops.end(r->data, &r->block);
    }
    r->in_block = r->announced = false;
}

static void begin_block(MtfReader *r)
{
    end_block(r);
    begin_step(r, STEP_DBLK, MTF_HDR_SIZE);
}

static void announce(MtfReader *r)
{
    r->announced = true;
    if (r->ops.block) {
        r->ops.block(r->data, &r->block);
    }
}

/*
 * Could a mark come now, as far as the bytes are concerned? Also after a block that has no streams,
 * as early writers had them.
 */
static bool between_blocks(const MtfReader *r)
{
    bool ended = r->step == STEP_DBLK ||
                 (r->step == STEP_EVENT && (r->after_pad || (r->stream.first && !r->name)));

    return ended && r->have == 0 && (r->flb_size == 0 || r->position % r->flb_size == 0);
}

/* What would have been right, when it was not. */
static const char *expects_now(const MtfReader *r)
{
    return between_blocks(r)      ? phase_expects(r)
           : r->step == STEP_DBLK ? "the rest of a descriptor block"
                                  : "the rest of its streams";
}

/* ── strings ── */

static uint16_t field16(const MtfReader *r, size_t at)
{
    return get_le16(r->gathered + at);
}

static MtfPlace place_of(const MtfReader *r, size_t at)
{
    MtfPlace place = r->gathered_place;
    uint64_t byte = (uint64_t)place.byte + at;

    /* A block that crosses into the next tape block: name the object that holds the byte. */
    if (r->block_size > 0) {
        place.object += byte / r->block_size;
        byte %= r->block_size;
    }
    place.byte = (uint32_t)byte;
    return place;
}

/* Does the MTF_TAPE_ADDRESS at `at` (structure 2) lie within the gathered block? */
static bool check_address(MtfReader *r, size_t at, size_t fixed)
{
    size_t size = field16(r, at), offset = field16(r, at + 2);
    MtfPlace place = place_of(r, at);

    if (size > 0 && (offset < fixed || offset + size > r->need)) {
        return violate(r, MTF_RULE_STRING, &place,
                       g_strdup_printf("%zu bytes between %zu and %zu", size, fixed, r->need),
                       g_strdup_printf("them at %zu", offset));
    }
    return true;
}

/* The string whose address is at `at`, into *to, which is the nth of the block's. */
static bool take_string(MtfReader *r, size_t at, char separator, int n, const char **to)
{
    size_t size = field16(r, at), offset = field16(r, at + 2);
    MtfPlace place = place_of(r, at);

    if (!check_address(r, at, mtf_fixed_size(r->block.type))) {
        return false;
    }
    if (size > 0 && r->string_type == MTF_NO_STRINGS) {
        return violate(r, MTF_RULE_STRING, &place, g_strdup("none, as the string type says"),
                       g_strdup_printf("one of %zu bytes", size));
    }
    if (r->string_type == MTF_UNICODE_STR && size % 2 != 0) {
        return violate(r, MTF_RULE_STRING, &place, g_strdup("two bytes a character"),
                       g_strdup_printf("%zu bytes", size));
    }
    r->strings[n] =
        mtf_string(r->gathered + (size > 0 ? offset : 0), size, r->string_type, separator);
    *to = r->strings[n];
    return true;
}

/* ── the blocks ── */

static bool take_tape(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    MtfPlace place = place_of(r, MTF_TAPE_FLB_SIZE);
    uint16_t flb = field16(r, MTF_TAPE_FLB_SIZE);

    if (p[MTF_TAPE_MAJOR] != 1) {
        place = place_of(r, MTF_TAPE_MAJOR);
        return violate_number(r, MTF_RULE_FIELD, &place, "MTF major version", 1, p[MTF_TAPE_MAJOR]);
    }
    if (flb != 512 && flb != 1024) {
        return violate(r, MTF_RULE_FIELD, &place,
                       g_strdup("a format logical block of 512 or 1024 bytes"),
                       g_strdup_printf("%u", flb));
    }
    if (r->block_size % flb != 0 && flb % r->block_size != 0) {
        return violate(
            r, MTF_RULE_BLOCK_SIZE, &place,
            g_strdup_printf("tape blocks of whole format logical blocks of %u bytes", flb),
            g_strdup_printf("%u bytes", r->block_size));
    }
    r->flb_size = flb;
    r->block.own_attributes = get_le32(p + MTF_TAPE_ATTRIBUTES);
    r->soft_filemarks = r->block.own_attributes & MTF_TAPE_SOFT_FILEMARKS;
    r->sfmb_size = 512u * field16(r, MTF_TAPE_SFMB_SIZE);
    if (r->soft_filemarks && (r->sfmb_size == 0 || r->sfmb_size % r->block_size != 0)) {
        place = place_of(r, MTF_TAPE_SFMB_SIZE);
        return violate(r, MTF_RULE_FIELD, &place, g_strdup("a soft filemark of whole tape blocks"),
                       g_strdup_printf("%u bytes", r->sfmb_size));
    }
    r->block.date = mtf_get_date(p + MTF_TAPE_DATE);
    return take_string(r, MTF_TAPE_NAME, ' ', 0, &r->block.name) &&
           take_string(r, MTF_TAPE_LABEL, ' ', 1, &r->block.label) &&
           take_string(r, MTF_TAPE_SOFTWARE, ' ', 2, &r->block.owner) &&
           check_address(r, MTF_TAPE_PASSWORD, MTF_TAPE_SIZE);
}

/* Numbers rise by one; a continued set keeps its number (structure 6, Data Set Number). */
static bool check_set_number(MtfReader *r, uint16_t number)
{
    MtfPlace place = place_of(r, MTF_SSET_NUMBER);

    if (number == 0 || (r->set != 0 && number != r->set + 1)) {
        return violate_number(r, MTF_RULE_FIELD, &place, "data set number",
                              r->set != 0 ? r->set + 1u : 1u, number);
    }
    return true;
}

/*
 * Drivers count differently from where, but each the same way all along a tape: what the first set
 * shows has to hold for those that follow.
 */
static bool check_pba(MtfReader *r)
{
    MtfPlace place = place_of(r, MTF_SSET_PBA);
    uint64_t shift = r->block.pba - r->block.place.object;

    if (r->pba_known && shift != r->pba_shift) {
        return violate_number(r, MTF_RULE_FIELD, &place, "physical block address",
                              r->block.place.object + r->pba_shift, r->block.pba);
    }
    r->pba_known = true;
    r->pba_shift = shift;
    return true;
}

static bool take_sset(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint16_t number = field16(r, MTF_SSET_NUMBER);

    if (!check_set_number(r, number)) {
        return false;
    }
    r->block.own_attributes = get_le32(p + MTF_SSET_ATTRIBUTES);
    r->block.pba = get_le64(p + MTF_SSET_PBA);
    r->block.date = mtf_get_date(p + MTF_SSET_DATE);
    r->block.set = number;
    if (!check_pba(r)) {
        return false;
    }
    r->set = number;
    r->set_complete = r->catalog_seen = false;
    r->directory_id = 0;
    g_clear_pointer(&r->device, g_free);
    g_clear_pointer(&r->directory, g_free);
    return take_string(r, MTF_SSET_NAME, ' ', 0, &r->block.name) &&
           take_string(r, MTF_SSET_DESCRIPTION, ' ', 1, &r->block.label) &&
           take_string(r, MTF_SSET_USER, ' ', 2, &r->block.owner) &&
           check_address(r, MTF_SSET_PASSWORD, MTF_SSET_SIZE);
}

static bool take_volb(MtfReader *r)
{
    r->block.own_attributes = get_le32(r->gathered + MTF_VOLB_ATTRIBUTES);
    r->block.date = mtf_get_date(r->gathered + MTF_VOLB_DATE);
    if (!take_string(r, MTF_VOLB_VOLUME, ' ', 0, &r->block.name) ||
        !take_string(r, MTF_VOLB_DEVICE, ' ', 1, &r->block.label) ||
        !take_string(r, MTF_VOLB_MACHINE, ' ', 2, &r->block.owner)) {
        return false;
    }
    g_free(r->device);
    r->device = g_strdup(r->block.label);
    g_clear_pointer(&r->directory, g_free);
    return true;
}

/* "C:", "DATA", "F1.BIN" → "C:\DATA\F1.BIN"; parts may be NULL or empty. */
static char *join_path(const char *device, const char *directory, const char *file)
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
static void named(MtfReader *r)
{
    bool file = r->block.type == MTF_FILE;

    if (!file) {
        g_free(r->directory);
        r->directory = g_strdup(r->block.name);
    }
    g_free(r->strings[3]);
    r->strings[3] = join_path(r->device, r->directory, file ? r->block.name : NULL);
    r->block.path = r->strings[3];
}

/* DIRB and FILE: they differ in where the fields lie. */
static bool take_named(MtfReader *r, size_t name, char separator)
{
    r->block.own_attributes = get_le32(r->gathered + MTF_DIRB_ATTRIBUTES);
    r->block.date = mtf_get_date(r->gathered + MTF_DIRB_MODIFIED);
    if (!take_string(r, name, separator, 0, &r->block.name)) {
        return false;
    }
    if (r->block.own_attributes & MTF_NAME_IN_STREAM) {
        r->name = g_byte_array_new();
    } else {
        named(r);
    }
    return true;
}

static bool take_dirb(MtfReader *r)
{
    r->directory_id = r->block.directory_id = get_le32(r->gathered + MTF_DIRB_ID);
    return take_named(r, MTF_DIRB_NAME, '\\');
}

static bool take_file(MtfReader *r)
{
    MtfPlace place = place_of(r, MTF_FILE_DIRECTORY);

    r->block.directory_id = get_le32(r->gathered + MTF_FILE_DIRECTORY);
    r->block.file_id = get_le32(r->gathered + MTF_FILE_ID);
    if (r->block.directory_id != r->directory_id) {
        return violate_number(r, MTF_RULE_FIELD, &place, "directory id", r->directory_id,
                              r->block.directory_id);
    }
    return take_named(r, MTF_FILE_NAME, '?');
}

static bool take_eset(MtfReader *r)
{
    MtfPlace place = place_of(r, MTF_ESET_NUMBER);
    uint16_t number = field16(r, MTF_ESET_NUMBER);

    r->block.own_attributes = get_le32(r->gathered + MTF_ESET_ATTRIBUTES);
    r->block.date = mtf_get_date(r->gathered + MTF_ESET_DATE);
    if (number != r->set) {
        return violate_number(r, MTF_RULE_FIELD, &place, "data set number", r->set, number);
    }
    return true;
}

/* The soft filemark has no streams; its array lies in the rest of it (structure 14). */
static bool take_sfmb(MtfReader *r)
{
    uint32_t entries = get_le32(r->gathered + MTF_SFMB_ENTRIES);
    uint32_t used = get_le32(r->gathered + MTF_SFMB_USED);
    uint32_t room = (r->sfmb_size - MTF_SFMB_PBAS) / 4;
    MtfPlace place = place_of(r, MTF_SFMB_ENTRIES);

    if (r->gathered_place.byte != 0) {
        return violate(r, MTF_RULE_PAD, &r->gathered_place,
                       g_strdup("a soft filemark at the beginning of a tape block"),
                       g_strdup_printf("it at byte %u", r->gathered_place.byte));
    }
    if (entries > room || used > entries) {
        return violate(r, MTF_RULE_FIELD, &place,
                       g_strdup_printf("at most %u filemark entries, and no more used", room),
                       g_strdup_printf("%u, of which %u are used", entries, used));
    }
    place = place_of(r, MTF_HDR_CONTROL_BLOCK_ID);
    if (r->last_sfmb != 0 && r->block.control_block_id != r->last_sfmb + 1) {
        return violate_number(r, MTF_RULE_CONTROL_BLOCK, &place, "soft filemark", r->last_sfmb + 1u,
                              r->block.control_block_id);
    }
    r->last_sfmb = r->block.control_block_id;
    return true;
}

static bool take_fields(MtfReader *r)
{
    switch (r->block.type) {
    case MTF_TAPE:
        return take_tape(r);
    case MTF_SSET:
        return take_sset(r);
    case MTF_VOLB:
        return take_volb(r);
    case MTF_DIRB:
        return take_dirb(r);
    case MTF_FILE:
        return take_file(r);
    case MTF_ESET:
        return take_eset(r);
    case MTF_SFMB:
        return take_sfmb(r);
    case MTF_EOTM:
        r->block.pba = get_le64(r->gathered + MTF_EOTM_LAST_ESET);
        return true;
    default:
        return true;
    }
}

/* ── what all blocks have ── */

/* TAPE and EOTM have the address 0; the others' counts from the SSET in format logical blocks. */
static bool check_fla(MtfReader *r)
{
    const MtfBlock *b = &r->block;
    MtfPlace place = place_of(r, MTF_HDR_FLA);
    uint64_t here;

    if (b->type == MTF_SSET) {
        r->fla_base = b->fla;
        r->fla_from = b->position;
        return true;
    }
    if (b->type == MTF_SFMB || (b->type == MTF_ESET && b->fla == 0)) {
        return true; /* SFMB counts tape blocks, in the driver's manner */
    }
    here = b->type == MTF_TAPE || b->type == MTF_EOTM
               ? 0
               : r->fla_base + (b->position - r->fla_from) / r->flb_size;
    return b->fla == here ? true : violate_number(r, MTF_RULE_FLA, &place, "address", here, b->fla);
}

/* 0 in TAPE, SSET and EOTM; rising from the SSET on (structures 4, 5, 12 and 13). */
static bool check_control_block(MtfReader *r)
{
    const MtfBlock *b = &r->block;
    MtfPlace place = place_of(r, MTF_HDR_CONTROL_BLOCK_ID);
    bool continued = b->attributes & MTF_CONTINUATION;

    if (b->type == MTF_SFMB) {
        return true; /* they count themselves: take_sfmb() */
    }
    if (b->type == MTF_TAPE || b->type == MTF_EOTM || b->type == MTF_SSET) {
        if (b->control_block_id != 0 && !continued) {
            return violate_number(r, MTF_RULE_CONTROL_BLOCK, &place, "id", 0, b->control_block_id);
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
        return violate(r, MTF_RULE_CONTROL_BLOCK, &place,
                       g_strdup_printf("an id beyond %u", r->last_id),
                       g_strdup_printf("%u", b->control_block_id));
    }
    r->any_id = false;
    r->last_id = b->control_block_id;
    return true;
}

static bool check_string_type(MtfReader *r)
{
    MtfPlace place = place_of(r, MTF_HDR_STRING_TYPE);

    r->string_type = r->gathered[MTF_HDR_STRING_TYPE];
    return r->string_type <= MTF_UNICODE_STR
               ? true
               : violate(r, MTF_RULE_STRING, &place, g_strdup("string type 0, 1 or 2"),
                         g_strdup_printf("%u", r->string_type));
}

static void forget_block(MtfReader *r)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(r->strings); i++) {
        g_clear_pointer(&r->strings[i], g_free);
    }
    r->block = (MtfBlock){ .name = "", .label = "", .owner = "", .path = "" };
}

static void count_block(MtfReader *r)
{
    MtfCounts *c = &r->counts;
    uint32_t type = r->block.type;

    c->volumes += type == MTF_VOLB;
    c->directories += type == MTF_DIRB;
    c->files += type == MTF_FILE;
    c->corrupt += type == MTF_CFIL;
}

/* `need` bytes of a descriptor block are there: all of it, but for its streams. */
static bool take_block(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint32_t type = get_le32(p);

    forget_block(r);
    r->in_block = true;
    r->block.type = type;
    r->block.attributes = get_le32(p + MTF_HDR_ATTRIBUTES);
    r->block.displayable_size = get_le64(p + MTF_HDR_DISPLAYABLE_SIZE);
    r->block.fla = get_le64(p + MTF_HDR_FLA);
    r->block.control_block_id = get_le32(p + MTF_HDR_CONTROL_BLOCK_ID);
    r->block.place = r->gathered_place;
    r->block.position = r->gathered_position;
    r->block.set = type == MTF_TAPE || type == MTF_EOTM ? 0 : r->set;
    if (!check_string_type(r) || !check_fla(r) || !check_control_block(r) ||
        !check_address(r, MTF_HDR_OS_DATA, mtf_fixed_size(type)) || !take_fields(r)) {
        return false;
    }
    count_block(r);
    phase_after_block(r, type);
    r->stream = (Stream){ .first = true };
    r->after_pad = false;
    if (!r->name) {
        announce(r);
    }
    return true;
}

/* What lies where a descriptor block should. */
static bool no_block_here(MtfReader *r)
{
    g_autofree char *id = mtf_id_text(get_le32(r->gathered));

    return violate(r, MTF_RULE_TYPE, &r->gathered_place, g_strdup(phase_expects(r)),
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

/* A filemark that was in the way is right after all if the tape ends here. */
static bool release_held(MtfReader *r, uint32_t type)
{
    if (!r->held) {
        return true;
    }
    if (type == MTF_EOTM) {
        g_clear_pointer(&r->held, violation_free);
        return true;
    }
    r->violation = g_steal_pointer(&r->held);
    return false;
}

/* The common header is there. How much more has to be gathered, or why not. */
static bool take_header(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint32_t type = get_le32(p);
    uint16_t first_event = field16(r, MTF_HDR_FIRST_EVENT);
    uint16_t sum = mtf_header_checksum(p), stored = field16(r, MTF_HDR_CHECKSUM);
    MtfPlace place = place_of(r, MTF_HDR_CHECKSUM);
    size_t fixed = mtf_fixed_size(type);

    if (!release_held(r, type)) {
        return false;
    }
    if (!mtf_type_known(type) && (sum != stored || !is_id_text(type))) {
        return no_block_here(r);
    }
    if (sum != stored) {
        return violate(r, MTF_RULE_HEADER_CHECKSUM, &place, g_strdup_printf("%04Xh", sum),
                       g_strdup_printf("%04Xh", stored));
    }
    if (!phase_allows(r, type)) {
        return violate(r, MTF_RULE_ORDER, &r->gathered_place, g_strdup(phase_expects(r)),
                       mtf_id_text(type));
    }
    place = place_of(r, MTF_HDR_FIRST_EVENT);
    if (type != MTF_SFMB && (first_event < fixed || first_event % MTF_STREAM_ALIGNMENT != 0)) {
        return violate(r, MTF_RULE_FIRST_EVENT, &place,
                       g_strdup_printf("a multiple of %d from %zu on", MTF_STREAM_ALIGNMENT, fixed),
                       g_strdup_printf("%u", first_event));
    }
    r->need = type == MTF_SFMB ? fixed : first_event;
    return true;
}

static bool push_mark(MtfReader *r, const MtfPlace *place);

static bool after_gathered_block(MtfReader *r)
{
    if (r->block.type == MTF_SFMB) {
        /* The rest of it, and then it is a filemark: no streams (structure 14). */
        end_block(r);
        r->skip = r->sfmb_size - MTF_SFMB_PBAS;
        r->after_skip = STEP_DBLK;
        r->step = STEP_SKIP;
        r->mark_due = true;
        return true;
    }
    begin_step(r, STEP_EVENT, sizeof(uint32_t));
    return true;
}

/* ── streams ── */

static bool is_catalog(uint32_t id)
{
    return id == MTF_TFDD || id == MTF_TSMP || id == MTF_FDD2 || id == MTF_MAP2;
}

/*
 * Four bytes at the first event, or after an ESET's padding: a stream, or the next block? (Appendix
 * D, Offset To First Event: early writers had blocks without streams.)
 */
static bool take_event(MtfReader *r)
{
    uint32_t id = get_le32(r->gathered);
    bool aligned = r->flb_size > 0 && r->gathered_position % r->flb_size == 0;

    if (r->after_pad ? !is_catalog(id)
                     : aligned && r->stream.first && !r->name && mtf_type_known(id)) {
        end_block(r);
        r->step = STEP_DBLK;
        r->need = MTF_HDR_SIZE;
        return true;
    }
    r->after_pad = false;
    r->step = STEP_STREAM_HEADER;
    r->need = MTF_STREAM_SIZE;
    return true;
}

/* Does this stream belong here, after the one before it? */
static bool check_stream_order(MtfReader *r, uint32_t id, uint16_t attributes)
{
    const Stream *s = &r->stream;
    const MtfPlace *place = &r->gathered_place;
    g_autofree char *before = s->first ? NULL : mtf_id_text(s->id);

    if (r->name && s->first && id != (r->block.type == MTF_DIRB ? MTF_PNAM : MTF_FNAM)) {
        return violate(r, MTF_RULE_STREAM_ORDER, place,
                       g_strdup(r->block.type == MTF_DIRB ? "'PNAM', as the block says"
                                                          : "'FNAM', as the block says"),
                       mtf_id_text(id));
    }
    if (s->open && (id != s->id || !(attributes & MTF_STREAM_VARIABLE))) {
        return violate(r, MTF_RULE_STREAM_ORDER, place,
                       g_strdup_printf("the next segment of %s", before), mtf_id_text(id));
    }
    if (s->sum_due && id != MTF_CSUM) {
        return violate(r, MTF_RULE_STREAM_ORDER, place, g_strdup_printf("'CSUM' after %s", before),
                       mtf_id_text(id));
    }
    if (!s->sum_due && id == MTF_CSUM) {
        return violate(r, MTF_RULE_STREAM_ORDER, place,
                       g_strdup("no 'CSUM', as no stream before it is checksummed"),
                       mtf_id_text(id));
    }
    return true;
}

static bool check_stream_length(MtfReader *r, uint32_t id, uint64_t length)
{
    MtfPlace place = place_of(r, MTF_STREAM_LENGTH);

    if (id == MTF_CSUM && length != sizeof(uint32_t)) {
        return violate_number(r, MTF_RULE_STREAM_ORDER, &place,
                              "a checksum of bytes:", sizeof(uint32_t), length);
    }
    return true;
}

static bool take_stream_header(MtfReader *r)
{
    const uint8_t *p = r->gathered;
    uint32_t id = get_le32(p);
    uint16_t attributes = field16(r, MTF_STREAM_MEDIA_ATTRIBUTES);
    uint16_t sum = mtf_stream_checksum(p), stored = field16(r, MTF_STREAM_CHECKSUM);
    uint64_t length = get_le64(p + MTF_STREAM_LENGTH);
    MtfPlace place = place_of(r, MTF_STREAM_CHECKSUM);
    g_autofree char *text = mtf_id_text(id);
    Stream *s = &r->stream;

    if (sum != stored || id == 0) {
        return violate(r, MTF_RULE_STREAM_HEADER, &place, g_strdup_printf("%04Xh", sum),
                       g_strdup_printf("%04Xh, in a stream header %s", stored, text));
    }
    if (!check_stream_order(r, id, attributes) || !check_stream_length(r, id, length)) {
        return false;
    }
    if (attributes & (MTF_STREAM_COMPRESSED | MTF_STREAM_EMBEDDED_LENGTH)) {
        return violate(r, MTF_RULE_UNSUPPORTED, &r->gathered_place,
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
    r->catalog_seen = r->catalog_seen || is_catalog(id);
    r->step = STEP_STREAM_DATA;
    r->have = 0;
    return true;
}

static bool end_checksum(MtfReader *r)
{
    Stream *s = &r->stream;
    uint32_t stored = get_le32(r->gathered);

    s->sum_due = false;
    if (!s->sum_known) {
        return true;
    }
    if (stored != s->sum) {
        return violate(r, MTF_RULE_STREAM_CHECKSUM, &s->place, g_strdup_printf("%08Xh", stored),
                       g_strdup_printf("data that makes %08Xh", s->sum));
    }
    r->counts.checksums++;
    return true;
}

static void end_name(MtfReader *r)
{
    g_autoptr(GByteArray) name = g_steal_pointer(&r->name);

    g_free(r->strings[0]);
    r->strings[0] =
        mtf_string(name->data, name->len, r->string_type, r->block.type == MTF_DIRB ? '\\' : '?');
    r->block.name = r->strings[0];
    named(r);
    announce(r);
}

/* The padding was the last stream; where it ends a descriptor block may begin. */
static bool end_padding(MtfReader *r)
{
    MtfPlace place = r->stream.place;

    if (r->position % r->flb_size != 0) {
        return violate(
            r, MTF_RULE_PAD, &place,
            g_strdup_printf("its end at a multiple of %u bytes", r->flb_size),
            g_strdup_printf("%" G_GUINT64_FORMAT " bytes beyond one", r->position % r->flb_size));
    }
    if (r->block.type == MTF_ESET) {
        r->after_pad = true;
        begin_step(r, STEP_EVENT, sizeof(uint32_t));
    } else {
        begin_block(r);
    }
    return true;
}

static bool end_stream(MtfReader *r)
{
    Stream *s = &r->stream;

    if (s->id == MTF_CSUM) {
        if (!end_checksum(r)) {
            return false;
        }
    } else {
        s->open = (s->attributes & MTF_STREAM_VARIABLE) && !(s->attributes & MTF_STREAM_VAR_END);
        s->sum_due = !s->open && (s->attributes & MTF_STREAM_CHECKSUMED);
        s->sum_known =
            !s->skipped && !(s->attributes & (MTF_STREAM_ENCRYPTED | MTF_STREAM_CONTINUE));
    }
    if (r->name && !s->open && s->id != MTF_CSUM) {
        end_name(r);
    }
    if (s->id == MTF_SPAD) {
        return end_padding(r);
    }
    r->skip = -r->position % MTF_STREAM_ALIGNMENT;
    r->after_skip = STEP_EVENT;
    r->step = STEP_SKIP;
    return true;
}

static bool take_content(MtfReader *r, const uint8_t *data, size_t length)
{
    Stream *s = &r->stream;

    if (s->id == MTF_CSUM) {
        memcpy(r->gathered + s->at, data, length); /* four bytes in all: check_stream_length() */
    } else {
        mtf_data_checksum(&s->sum, &s->sum_at, data, length);
    }
    if (s->id == MTF_STAN || s->id == MTF_SPAR) {
        r->counts.bytes += length;
    }
    if (r->name) {
        if (r->name->len + length > NAME_MAX_BYTES) {
            return violate(r, MTF_RULE_STRING, &s->place, g_strdup("a name of at most 64 KiB"),
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

/* ── bytes ── */

static void advance(MtfReader *r, const uint8_t **data, size_t *length, size_t n)
{
    *data += n;
    *length -= n;
    r->position += n;
    r->place.byte += (uint32_t)n;
}

/* True when `need` bytes are there. */
static bool gather(MtfReader *r, const uint8_t **data, size_t *length)
{
    size_t n = MIN(r->need - r->have, *length);

    if (r->have == 0) {
        r->gathered_place = r->place;
        r->gathered_position = r->position;
    }
    memcpy(r->gathered + r->have, *data, n);
    r->have += n;
    advance(r, data, length, n);
    return r->have == r->need;
}

static bool step_block(MtfReader *r, const uint8_t **data, size_t *length)
{
    if (!gather(r, data, length)) {
        return true;
    }
    if (r->have == MTF_HDR_SIZE && !take_header(r)) {
        return false;
    }
    return r->have < r->need || (take_block(r) && after_gathered_block(r));
}

static bool step_skip(MtfReader *r, const uint8_t **data, size_t *length)
{
    size_t n = (size_t)MIN(r->skip, *length);

    advance(r, data, length, n);
    r->skip -= n;
    if (r->skip > 0) {
        return true;
    }
    begin_step(r, r->after_skip, r->after_skip == STEP_DBLK ? MTF_HDR_SIZE : sizeof(uint32_t));
    if (r->mark_due) {
        r->mark_due = false;
        return push_mark(r, &r->block.place);
    }
    return true;
}

static bool step_data(MtfReader *r, const uint8_t **data, size_t *length)
{
    size_t n = (size_t)MIN(r->stream.left, *length);
    const uint8_t *bytes = *data;

    advance(r, data, length, n);
    if (n > 0 && !take_content(r, bytes, n)) {
        return false;
    }
    return r->stream.left > 0 || end_stream(r);
}

/* One step; false: a violation. It takes bytes, or changes the step. */
static bool step(MtfReader *r, const uint8_t **data, size_t *length)
{
    switch (r->step) {
    case STEP_EVENT:
        return !gather(r, data, length) || take_event(r);
    case STEP_STREAM_HEADER:
        return !gather(r, data, length) || take_stream_header(r);
    case STEP_STREAM_DATA:
        return step_data(r, data, length);
    case STEP_SKIP:
        return step_skip(r, data, length);
    case STEP_DBLK:
    default:
        return step_block(r, data, length);
    }
}

/* Steps that need no bytes, so that a mark finds everything ended. */
static bool settle(MtfReader *r)
{
    const uint8_t *none = NULL;
    size_t nothing = 0;

    while ((r->step == STEP_STREAM_DATA && r->stream.left == 0) ||
           (r->step == STEP_SKIP && r->skip == 0)) {
        if (!step(r, &none, &nothing)) {
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
    forget_block(r);
    begin_step(r, STEP_DBLK, MTF_HDR_SIZE);
    return r;
}

void mtf_reader_free(MtfReader *r)
{
    if (!r) {
        return;
    }
    forget_block(r);
    violation_free(r->violation);
    violation_free(r->held);
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

static bool check_block_size(MtfReader *r, size_t length)
{
    if (r->block_size == 0) {
        if (length == 0 || length % 512 != 0) {
            return violate(r, MTF_RULE_BLOCK_SIZE, &r->place, g_strdup("a multiple of 512 bytes"),
                           g_strdup_printf("%zu bytes", length));
        }
        r->block_size = (uint32_t)length;
    }
    if (length != r->block_size) {
        return violate(r, MTF_RULE_BLOCK_SIZE, &r->place,
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
    if (!check_block_size(r, length)) {
        return false;
    }
    while (length > 0) {
        if (!step(r, &data, &length)) {
            return false;
        }
    }
    r->counts.blocks++;
    return settle(r);
}

/* A filemark, of the drive's or a soft one. */
static bool push_mark(MtfReader *r, const MtfPlace *place)
{
    bool clean = between_blocks(r);

    if (!release_held(r, 0)) {
        return false;
    }
    if (!clean && (r->phase == PHASE_SET || r->phase == PHASE_ESET_MARK)) {
        /* Right if the medium ended here (section 8, end of media), which EOTM will tell. */
        r->held = make_violation(r, MTF_RULE_FILEMARK, place, g_strdup(expects_now(r)),
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
        return violate(r, MTF_RULE_FILEMARK, place, g_strdup(expects_now(r)),
                       g_strdup("a filemark"));
    }
    begin_block(r);
    if (r->phase != PHASE_ESET) {
        r->position = 0;
    }
    return true;
}

bool mtf_reader_push_filemark(MtfReader *r, const MtfPlace *place)
{
    MtfPlace here = *place;

    here.byte = 0;
    return !r->violation && push_mark(r, &here);
}

bool mtf_reader_push_setmark(MtfReader *r, const MtfPlace *place)
{
    return !r->violation &&
           violate(r, MTF_RULE_FILEMARK, place, g_strdup(expects_now(r)), g_strdup("a setmark"));
}

bool mtf_reader_push_end(MtfReader *r, const MtfPlace *place)
{
    if (r->violation || !release_held(r, 0)) {
        return false;
    }
    if ((r->phase == PHASE_SETS || r->phase == PHASE_END) && between_blocks(r)) {
        end_block(r);
        return true;
    }
    return violate(r, MTF_RULE_END, place, g_strdup(expects_now(r)), g_strdup("the end of data"));
}

bool mtf_reader_push_error(MtfReader *r, const MtfPlace *place, const char *why)
{
    return !r->violation && violate(r, MTF_RULE_READABLE, place,
                                    g_strdup("a block or mark that can be read"), g_strdup(why));
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
        settle(r);
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
