/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/mtf/mtf-state.h"

/* ── rules ── */

static const struct {
    const char *name, *about, *clause;
} rules[] = {
    [MTF_RULE_READABLE] = { "readable tape", "every block and mark can be read", "" },
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
                               "" },
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

void mtf_violation_free(MtfViolation *v)
{
    if (v) {
        g_free(v->name);
        g_free(v->expected);
        g_free(v->found);
        g_free(v);
    }
}

/* "set 1, 'FILE' C:\\DATA\\F1.BIN, MTF 1.00a structure 4", without unknown parts. */
static char *circumstances(const MtfViolation *v)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);

    if (v->set > 0) {
        g_ptr_array_add(parts, g_strdup_printf("set %u", v->set));
    }
    if (v->name[0]) {
        g_ptr_array_add(parts, g_strdup(v->name));
    }
    if (mtf_rule_clause(v->rule)[0]) {
        g_ptr_array_add(parts, g_strconcat("MTF 1.00a ", mtf_rule_clause(v->rule), NULL));
    }
    g_ptr_array_add(parts, NULL);
    return g_strjoinv(", ", (char **)parts->pdata);
}

char *mtf_violation_text(const MtfViolation *v)
{
    g_autofree char *more = circumstances(v);

    return g_strdup_printf(
        "partition %u, object %" G_GUINT64_FORMAT " (tape file %" G_GUINT64_FORMAT
        ", byte %u): %s: expected %s, found %s%s%s%s",
        v->place.partition, v->place.object, v->place.file, v->place.byte, mtf_rule_name(v->rule),
        v->expected, v->found, more[0] ? " (" : "", more, more[0] ? ")" : "");
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

/* Takes ownership of both texts. */
MtfViolation *mtf_make_violation(const MtfReader *r, MtfRule rule, const MtfPlace *place,
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

/* The first violation stays. Takes ownership of both texts and returns false. */
bool mtf_violate(MtfReader *r, MtfRule rule, const MtfPlace *place, char *expected, char *found)
{
    MtfViolation *v = mtf_make_violation(r, rule, place, expected, found);

    if (r->violation) {
        mtf_violation_free(v);
    } else {
        r->violation = v;
    }
    return false;
}

bool mtf_violate_number(MtfReader *r, MtfRule rule, const MtfPlace *place, const char *what,
                        uint64_t expected, uint64_t found)
{
    return mtf_violate(r, rule, place, g_strdup_printf("%s %" G_GUINT64_FORMAT, what, expected),
                       g_strdup_printf("%" G_GUINT64_FORMAT, found));
}
