/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each thing that can be wrong with a tape in Microsoft Tape Format, and how it is told. */
#include "emu/base/bytes.h"
#include "media/formats/formats.h"
#include "scenarios/subjects/mtf/verifier.h"
#include "tests/support/mtf_tape.h"
#include "tests/support/suite.h"

TCase *make_mtf_reader_tcase(void);

static const MtfReaderOps nothing;

/* ── a tape, and ways to spoil it ── */

static MtfTape *good_tape(MtfWriter **writer)
{
    MtfTape *tape = mtf_tape_new();
    MtfJob job = { .run = 7, .set = 1, .files = mtf_tape_files, .n_files = mtf_tape_n_files };

    mtf_tape_backup(tape, &job, writer);
    return tape;
}

/* Reads the objects with a reader that has gone in already. */
static void push_tape(const MtfTape *tape, guint from, MtfReader *r)
{
    MtfPlace place = { .object = from };
    size_t length;

    for (; place.object < tape->len; place.object++) {
        GBytes *bytes = tape->pdata[place.object];

        if (bytes) {
            const uint8_t *data = g_bytes_get_data(bytes, &length);

            mtf_reader_push_block(r, &place, data, length);
        } else {
            mtf_reader_push_filemark(r, &place);
            place.file++;
        }
    }
    mtf_reader_push_end(r, &place);
}

/* A block's bytes, to be changed. */
static uint8_t *edit(MtfTape *tape, guint object)
{
    size_t length;
    const uint8_t *data = g_bytes_get_data(tape->pdata[object], &length);
    uint8_t *copy = g_memdup2(data, length);

    g_bytes_unref(tape->pdata[object]);
    tape->pdata[object] = g_bytes_new_take(copy, length);
    return copy;
}

typedef struct Found {
    guint object;
    uint8_t *p;
} Found;

/* The nth descriptor block of a type, to be changed. */
static Found find_block(MtfTape *tape, uint32_t type, int nth)
{
    guint i;
    size_t at, length;

    for (i = 0; i < tape->len; i++) {
        const uint8_t *data = tape->pdata[i] ? g_bytes_get_data(tape->pdata[i], &length) : NULL;

        for (at = 0; data && at < length; at += MTF_WRITER_FLB_SIZE) {
            if (get_le32(data + at) == type && nth-- == 0) {
                return (Found){ i, edit(tape, i) + at };
            }
        }
    }
    ck_abort_msg("no such block");
    return (Found){ 0, NULL };
}

static void mend(uint8_t *dblk)
{
    put_le16(dblk + MTF_HDR_CHECKSUM, mtf_header_checksum(dblk));
}

static void mend_stream(uint8_t *stream)
{
    put_le16(stream + MTF_STREAM_CHECKSUM, mtf_stream_checksum(stream));
}

/* The nth stream of a descriptor block; all of it lies in one tape block. */
static uint8_t *stream_of(uint8_t *dblk, int nth)
{
    uint8_t *p = dblk + get_le16(dblk + MTF_HDR_FIRST_EVENT);

    while (nth-- > 0) {
        p += (MTF_STREAM_SIZE + get_le64(p + MTF_STREAM_LENGTH) + 3) / 4 * 4;
    }
    return p;
}

/* Streams of a file: security, its checksum, data, its checksum, padding. */
enum { SECURITY, SECURITY_SUM, DATA, DATA_SUM, PADDING };

static void insert(MtfTape *tape, guint at, GBytes *object)
{
    g_ptr_array_insert(tape, (gint)at, object);
}

static guint first_filemark_after(const MtfTape *tape, guint at)
{
    while (tape->pdata[at]) {
        at++;
    }
    return at;
}

/* ── the spoilers: each returns the object that has to be named ── */

static guint spoil_header(MtfTape *tape)
{
    Found f = find_block(tape, MTF_DIRB, 1);

    f.p[MTF_HDR_DISPLAYABLE_SIZE] ^= 1;
    return f.object;
}

static guint spoil_type(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 3);

    f.p[0] = 0;
    return f.object;
}

/* All zeroes: the checksum alone would call it good. */
static guint spoil_to_zeroes(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 3);

    memset(f.p, 0, MTF_WRITER_FLB_SIZE);
    return f.object;
}

static guint spoil_fla(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 4);

    f.p[MTF_HDR_FLA]++;
    mend(f.p);
    return f.object;
}

static guint spoil_tape_fla(MtfTape *tape)
{
    uint8_t *p = edit(tape, 0);

    p[MTF_HDR_FLA] = 1;
    mend(p);
    return 0;
}

static guint spoil_control_block(MtfTape *tape)
{
    uint32_t before = get_le32(find_block(tape, MTF_FILE, 3).p + MTF_HDR_CONTROL_BLOCK_ID);
    Found f = find_block(tape, MTF_FILE, 4);

    put_le32(f.p + MTF_HDR_CONTROL_BLOCK_ID, before);
    mend(f.p);
    return f.object;
}

static guint spoil_sset_id(MtfTape *tape)
{
    Found f = find_block(tape, MTF_SSET, 0);

    f.p[MTF_HDR_CONTROL_BLOCK_ID] = 1;
    mend(f.p);
    return f.object;
}

static guint first_event(MtfTape *tape, uint16_t value)
{
    Found f = find_block(tape, MTF_FILE, 2);

    put_le16(f.p + MTF_HDR_FIRST_EVENT, value);
    mend(f.p);
    return f.object;
}

static guint spoil_first_event(MtfTape *tape)
{
    return first_event(tape, MTF_FILE_SIZE - 4);
}

static guint spoil_event_alignment(MtfTape *tape)
{
    return first_event(tape, MTF_FILE_SIZE + 42);
}

static guint spoil_string_type(MtfTape *tape)
{
    Found f = find_block(tape, MTF_VOLB, 0);

    f.p[MTF_HDR_STRING_TYPE] = 3;
    mend(f.p);
    return f.object;
}

static guint spoil_no_strings(MtfTape *tape)
{
    Found f = find_block(tape, MTF_VOLB, 0);

    f.p[MTF_HDR_STRING_TYPE] = MTF_NO_STRINGS;
    mend(f.p);
    return f.object;
}

static guint string_address(MtfTape *tape, uint16_t size, uint16_t offset)
{
    Found f = find_block(tape, MTF_FILE, 2);

    put_le16(f.p + MTF_FILE_NAME, size);
    put_le16(f.p + MTF_FILE_NAME + 2, offset);
    return f.object;
}

static guint spoil_string_end(MtfTape *tape)
{
    return string_address(tape, 12, 0xfff0);
}

static guint spoil_string_size(MtfTape *tape)
{
    return string_address(tape, 0xffff, MTF_FILE_SIZE);
}

static guint spoil_string_begin(MtfTape *tape)
{
    return string_address(tape, 12, MTF_FILE_NAME);
}

static guint spoil_string_half(MtfTape *tape)
{
    return string_address(tape, 11, MTF_FILE_SIZE);
}

static guint spoil_os_data(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);

    put_le16(f.p + MTF_HDR_OS_DATA + 2, 0xff00);
    mend(f.p);
    return f.object;
}

static guint spoil_directory_id(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);

    f.p[MTF_FILE_DIRECTORY]++;
    return f.object;
}

static guint spoil_set_number(MtfTape *tape)
{
    Found f = find_block(tape, MTF_SSET, 0);

    f.p[MTF_SSET_NUMBER] = 0;
    return f.object;
}

static guint spoil_eset_number(MtfTape *tape)
{
    Found f = find_block(tape, MTF_ESET, 0);

    f.p[MTF_ESET_NUMBER]++;
    return f.object;
}

static guint spoil_major(MtfTape *tape)
{
    edit(tape, 0)[MTF_TAPE_MAJOR] = 2;
    return 0;
}

static guint spoil_flb_size(MtfTape *tape)
{
    put_le16(edit(tape, 0) + MTF_TAPE_FLB_SIZE, 2048);
    return 0;
}

static guint spoil_stream_header(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);

    stream_of(f.p, DATA)[MTF_STREAM_LENGTH]++;
    return f.object;
}

static guint spoil_stream_id(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);

    memset(stream_of(f.p, DATA), 0, MTF_STREAM_SIZE);
    return f.object;
}

static guint spoil_no_checksum(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *stream = stream_of(f.p, SECURITY_SUM);

    memcpy(stream, "NTEA", 4);
    mend_stream(stream);
    return f.object;
}

static guint spoil_checksum_of_none(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *stream = stream_of(f.p, SECURITY);

    stream[MTF_STREAM_MEDIA_ATTRIBUTES] = 0;
    mend_stream(stream);
    return f.object;
}

static guint spoil_checksum_length(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *stream = stream_of(f.p, DATA_SUM);

    stream[MTF_STREAM_LENGTH] = 8;
    mend_stream(stream);
    return f.object;
}

static guint spoil_segment(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *stream = stream_of(f.p, SECURITY);

    stream[MTF_STREAM_MEDIA_ATTRIBUTES] |= MTF_STREAM_VARIABLE; /* and no more segments */
    mend_stream(stream);
    return f.object;
}

static guint spoil_name_stream(MtfTape *tape)
{
    Found f = find_block(tape, MTF_DIRB, 1);

    put_le32(f.p + MTF_DIRB_ATTRIBUTES, MTF_NAME_IN_STREAM);
    return f.object;
}

static guint spoil_data(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);

    stream_of(f.p, DATA)[MTF_STREAM_SIZE + 500] ^= 0x10;
    return f.object;
}

static guint spoil_padding(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *stream = stream_of(f.p, PADDING);

    put_le64(stream + MTF_STREAM_LENGTH, get_le64(stream + MTF_STREAM_LENGTH) - 4);
    mend_stream(stream);
    return f.object;
}

/* Longer than the tape. */
static guint spoil_length(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *stream = stream_of(f.p, DATA);

    put_le64(stream + MTF_STREAM_LENGTH, G_MAXUINT64 - 3);
    mend_stream(stream);
    return first_filemark_after(tape, f.object);
}

static guint spoil_compressed(MtfTape *tape)
{
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *stream = stream_of(f.p, DATA);

    stream[MTF_STREAM_MEDIA_ATTRIBUTES] |= MTF_STREAM_COMPRESSED;
    mend_stream(stream);
    return f.object;
}

static guint spoil_order(MtfTape *tape)
{
    Found f = find_block(tape, MTF_DIRB, 1);

    memcpy(f.p, "ESET", 4);
    mend(f.p);
    return f.object;
}

/* The first directory is gone: its file has none. */
static guint spoil_parent(MtfTape *tape)
{
    Found f = find_block(tape, MTF_DIRB, 0);

    memcpy(f.p, "ESPB", 4);
    mend(f.p);
    return find_block(tape, MTF_FILE, 0).object;
}

static guint spoil_lost_filemark(MtfTape *tape)
{
    g_ptr_array_remove_index(tape, 1);
    return 1;
}

static guint spoil_lost_set_mark(MtfTape *tape)
{
    guint mark = first_filemark_after(tape, 2);

    g_ptr_array_remove_index(tape, mark);
    return mark;
}

static guint spoil_second_filemark(MtfTape *tape)
{
    insert(tape, 1, NULL);
    return 2;
}

static guint spoil_filemark_in_data(MtfTape *tape)
{
    insert(tape, 5, NULL);
    return 5;
}

static guint spoil_filemark_first(MtfTape *tape)
{
    insert(tape, 0, NULL);
    return 0;
}

static guint spoil_end_in_data(MtfTape *tape)
{
    g_ptr_array_set_size(tape, 5);
    return 5;
}

static guint spoil_end_before_eset(MtfTape *tape)
{
    guint mark = first_filemark_after(tape, 2);

    g_ptr_array_set_size(tape, (gint)mark + 1);
    return mark + 1;
}

static guint spoil_last_filemark(MtfTape *tape)
{
    g_ptr_array_set_size(tape, (gint)tape->len - 1);
    return tape->len;
}

static guint spoil_blank(MtfTape *tape)
{
    g_ptr_array_set_size(tape, 0);
    return 0;
}

static guint spoil_half_block(MtfTape *tape)
{
    GBytes *half = g_bytes_new_from_bytes(tape->pdata[5], 0, MTF_WRITER_BLOCK_SIZE / 2);

    g_bytes_unref(tape->pdata[5]);
    tape->pdata[5] = half;
    return 5;
}

static guint spoil_odd_block(MtfTape *tape)
{
    GBytes *odd = g_bytes_new_from_bytes(tape->pdata[0], 0, 1000);

    g_bytes_unref(tape->pdata[0]);
    tape->pdata[0] = odd;
    return 0;
}

static guint spoil_something_after(MtfTape *tape)
{
    insert(tape, tape->len, g_bytes_ref(tape->pdata[5]));
    return tape->len - 1;
}

static const struct {
    const char *name;
    guint (*spoil)(MtfTape *tape);
    MtfRule rule;
} spoilers[] = {
    { "header", spoil_header, MTF_RULE_HEADER_CHECKSUM },
    { "type", spoil_type, MTF_RULE_TYPE },
    { "zeroes", spoil_to_zeroes, MTF_RULE_TYPE },
    { "FLA", spoil_fla, MTF_RULE_FLA },
    { "FLA of TAPE", spoil_tape_fla, MTF_RULE_FLA },
    { "control block id", spoil_control_block, MTF_RULE_CONTROL_BLOCK },
    { "control block id of SSET", spoil_sset_id, MTF_RULE_CONTROL_BLOCK },
    { "first event too small", spoil_first_event, MTF_RULE_FIRST_EVENT },
    { "first event not aligned", spoil_event_alignment, MTF_RULE_FIRST_EVENT },
    { "string type", spoil_string_type, MTF_RULE_STRING },
    { "strings where there are none", spoil_no_strings, MTF_RULE_STRING },
    { "string beyond the end", spoil_string_end, MTF_RULE_STRING },
    { "string too long", spoil_string_size, MTF_RULE_STRING },
    { "string in the fields", spoil_string_begin, MTF_RULE_STRING },
    { "half a character", spoil_string_half, MTF_RULE_STRING },
    { "OS data beyond the end", spoil_os_data, MTF_RULE_STRING },
    { "directory id", spoil_directory_id, MTF_RULE_FIELD },
    { "set number 0", spoil_set_number, MTF_RULE_FIELD },
    { "set number of ESET", spoil_eset_number, MTF_RULE_FIELD },
    { "major version", spoil_major, MTF_RULE_FIELD },
    { "format logical block", spoil_flb_size, MTF_RULE_FIELD },
    { "stream header", spoil_stream_header, MTF_RULE_STREAM_HEADER },
    { "no stream header", spoil_stream_id, MTF_RULE_STREAM_HEADER },
    { "no CSUM", spoil_no_checksum, MTF_RULE_STREAM_ORDER },
    { "CSUM of nothing", spoil_checksum_of_none, MTF_RULE_STREAM_ORDER },
    { "CSUM of eight bytes", spoil_checksum_length, MTF_RULE_STREAM_ORDER },
    { "a segment that does not go on", spoil_segment, MTF_RULE_STREAM_ORDER },
    { "no PNAM", spoil_name_stream, MTF_RULE_STREAM_ORDER },
    { "data", spoil_data, MTF_RULE_STREAM_CHECKSUM },
    { "padding", spoil_padding, MTF_RULE_PAD },
    { "stream longer than the tape", spoil_length, MTF_RULE_FILEMARK },
    { "compressed", spoil_compressed, MTF_RULE_UNSUPPORTED },
    { "ESET in a set", spoil_order, MTF_RULE_ORDER },
    { "file without a directory", spoil_parent, MTF_RULE_ORDER },
    { "no filemark after TAPE", spoil_lost_filemark, MTF_RULE_ORDER },
    { "no filemark before ESET", spoil_lost_set_mark, MTF_RULE_ORDER },
    { "two filemarks", spoil_second_filemark, MTF_RULE_FILEMARK },
    { "filemark in data", spoil_filemark_in_data, MTF_RULE_FILEMARK },
    { "filemark at BOP", spoil_filemark_first, MTF_RULE_FILEMARK },
    { "end in data", spoil_end_in_data, MTF_RULE_END },
    { "end before ESET", spoil_end_before_eset, MTF_RULE_END },
    { "no filemark after ESET", spoil_last_filemark, MTF_RULE_END },
    { "blank tape", spoil_blank, MTF_RULE_END },
    { "half a block", spoil_half_block, MTF_RULE_BLOCK_SIZE },
    { "a block of 1000 bytes", spoil_odd_block, MTF_RULE_BLOCK_SIZE },
    { "a block after the last set", spoil_something_after, MTF_RULE_TYPE },
};

START_TEST(the_first_violation_names_the_rule_and_the_object)
{
    g_autoptr(MtfTape) tape = good_tape(NULL);
    g_autoptr(MtfReader) r = mtf_reader_new(&nothing, NULL);
    guint object = spoilers[_i].spoil(tape);
    const MtfViolation *v;
    g_autofree char *text = NULL;

    push_tape(tape, 0, r);
    v = mtf_reader_violation(r);
    ck_assert_msg(v, "%s: nothing was found", spoilers[_i].name);
    text = mtf_violation_text(v);
    ck_assert_msg(v->rule == spoilers[_i].rule && v->place.object == object,
                  "%s: object %u was to be named for '%s', not: %s", spoilers[_i].name, object,
                  mtf_rule_name(spoilers[_i].rule), text);
    ck_assert(v->expected[0] && v->found[0]);
}
END_TEST

START_TEST(a_violation_is_told_in_one_line)
{
    g_autoptr(MtfTape) tape = good_tape(NULL);
    g_autoptr(MtfReader) r = mtf_reader_new(&nothing, NULL);
    guint object = spoil_fla(tape);
    g_autofree char *text = NULL, *begin = NULL;

    push_tape(tape, 0, r);
    text = mtf_violation_text(mtf_reader_violation(r));
    begin = g_strdup_printf("partition 0, object %u (tape file 1, byte ", object);
    ck_assert_msg(g_str_has_prefix(text, begin), "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "format logical address: expected address "));
    ck_assert_ptr_nonnull(strstr(text, "set 1"));
    ck_assert_ptr_nonnull(strstr(text, "'FILE'"));
    ck_assert_ptr_nonnull(strstr(text, "MTF 1.00a structure 4"));
    ck_assert_ptr_null(strchr(text, '\n'));
}
END_TEST

/* ── what queue faults do ── */

/* The blocks of a file's data that hold nothing else. */
static bool only_data(GBytes *bytes, GBytes *other)
{
    size_t length, at;
    const uint8_t *a = g_bytes_get_data(bytes, &length), *b = g_bytes_get_data(other, NULL);

    for (at = 0; at < length; at += MTF_WRITER_FLB_SIZE) {
        if (mtf_type_known(get_le32(a + at)) || mtf_type_known(get_le32(b + at))) {
            return false;
        }
    }
    return true;
}

static bool judge(const MtfTape *tape, const MtfReaderOps *ops, void *data)
{
    g_autoptr(MtfReader) r = mtf_reader_new(ops, data);

    push_tape(tape, 0, r);
    return mtf_reader_violation(r) == NULL;
}

static void swap(MtfTape *tape, guint a, guint b)
{
    void *object = tape->pdata[a];

    tape->pdata[a] = tape->pdata[b];
    tape->pdata[b] = object;
}

/*
 * The format's checksums are sums by exclusive or: they do not see two blocks of one file's data
 * change places. The comparison of contents does.
 */
START_TEST(any_two_blocks_in_each_others_place_are_found)
{
    g_autoptr(MtfWriter) writer = NULL;
    g_autoptr(MtfTape) tape = good_tape(&writer);
    int unseen = 0;
    guint a, b;

    for (a = 0; a < tape->len; a++) {
        for (b = a + 1; b < tape->len; b++) {
            g_autoptr(MtfVerifier) v = mtf_verifier_new(7, mtf_writer_catalog(writer), NULL);

            if (!tape->pdata[a] && !tape->pdata[b]) {
                continue; /* two filemarks */
            }
            swap(tape, a, b);
            if (judge(tape, mtf_verifier_ops(), v)) {
                MUST(tape->pdata[a] && tape->pdata[b]);
                MUST(only_data(tape->pdata[a], tape->pdata[b]));
                MUST(mtf_verifier_finish(v)->len == 1);
                unseen++;
            }
            swap(tape, a, b);
        }
    }
    ck_assert_int_gt(unseen, 0);
}
END_TEST

START_TEST(a_lost_or_doubled_object_is_found)
{
    g_autoptr(MtfTape) tape = good_tape(NULL);
    guint i;

    for (i = 0; i < tape->len; i++) {
        GBytes *object = tape->pdata[i];

        insert(tape, i, object ? g_bytes_ref(object) : NULL);
        MUST(!judge(tape, &nothing, NULL));
        g_ptr_array_remove_index(tape, i);
        if (object) {
            g_bytes_ref(object);
        }
        g_ptr_array_remove_index(tape, i);
        MUST(!judge(tape, &nothing, NULL));
        insert(tape, i, object);
    }
    ck_assert(judge(tape, &nothing, NULL));
}
END_TEST

START_TEST(what_cannot_be_read_is_a_violation)
{
    g_autoptr(MtfReader) r = mtf_reader_new(&nothing, NULL);
    g_autoptr(MtfReader) s = mtf_reader_new(&nothing, NULL);
    MtfPlace place = { .partition = 1, .object = 3, .file = 2 };

    ck_assert(!mtf_reader_push_error(r, &place, "a read error"));
    ck_assert_int_eq(mtf_reader_violation(r)->rule, MTF_RULE_READABLE);
    ck_assert_str_eq(mtf_reader_violation(r)->found, "a read error");
    ck_assert_uint_eq(mtf_reader_violation(r)->place.object, 3);
    ck_assert(!mtf_reader_push_setmark(s, &place));
    ck_assert_int_eq(mtf_reader_violation(s)->rule, MTF_RULE_FILEMARK);
    /* the first one stays */
    ck_assert(!mtf_reader_push_end(s, &place));
    ck_assert_int_eq(mtf_reader_violation(s)->rule, MTF_RULE_FILEMARK);
}
END_TEST

/* ── what is allowed ── */

/* Early writers had blocks without streams; and there are types that we do not know. */
START_TEST(blocks_of_others_are_passed_over)
{
    g_autoptr(MtfTape) tape = good_tape(NULL);
    g_autoptr(MtfReader) r = mtf_reader_new(&nothing, NULL);
    Found f = find_block(tape, MTF_FILE, 2);

    memcpy(f.p, "VND1", 4);
    mend(f.p);
    f = find_block(tape, MTF_VOLB, 0);
    put_le16(f.p + MTF_HDR_FIRST_EVENT, MTF_WRITER_FLB_SIZE);
    mend(f.p);
    push_tape(tape, 0, r);
    ck_assert_ptr_null(mtf_reader_violation(r));
    ck_assert_uint_eq(mtf_reader_counts(r)->files, mtf_tape_n_files - 1);
}
END_TEST

/* A tape that ends in the middle of a file goes on on another one: EOTM says so. */
START_TEST(a_set_may_go_on_on_another_tape)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = { .run = 7, .set = 1, .files = mtf_tape_files, .n_files = mtf_tape_n_files };
    g_autoptr(MtfWriter) w = mtf_writer_new(&job, NULL);
    g_autoptr(MtfReader) r = mtf_reader_new(&nothing, NULL);
    MtfOp op;

    while (mtf_writer_next(w, &op)) {
        ck_assert_uint_eq(op.number, tape->len);
        g_ptr_array_add(tape, op.data);
        if (tape->len == 6) {
            mtf_writer_end_of_media(w);
        }
    }
    ck_assert_uint_eq(tape->len, 9);
    push_tape(tape, 0, r);
    ck_assert_ptr_null(mtf_reader_violation(r));
    ck_assert_uint_eq(mtf_reader_counts(r)->sets, 0);
}
END_TEST

/* A stream in a block of its own: its header and as much data as asked for. */
static uint8_t *put_stream(uint8_t *p, const char *id, uint16_t attributes, uint64_t length)
{
    memcpy(p, id, 4);
    put_le16(p + MTF_STREAM_MEDIA_ATTRIBUTES, attributes);
    put_le64(p + MTF_STREAM_LENGTH, length);
    mend_stream(p);
    return p + (MTF_STREAM_SIZE + length + 3) / 4 * 4;
}

/*
 * With a media based catalog, ESET's streams go on after its padding, and a second ESET ends the
 * set (section 7, type 1 MBC, physical layout).
 */
START_TEST(a_catalog_is_passed_over)
{
    g_autoptr(MtfTape) tape = good_tape(NULL);
    guint eset = tape->len - 2;
    GBytes *second = g_bytes_ref(tape->pdata[eset]);
    uint8_t *detail = g_malloc0(MTF_WRITER_BLOCK_SIZE), *map = g_malloc0(MTF_WRITER_BLOCK_SIZE);
    uint8_t *p;

    put_stream(detail, "TFDD", 0, MTF_WRITER_BLOCK_SIZE - MTF_STREAM_SIZE);
    p = put_stream(map, "TSMP", 0, 100);
    put_stream(p, "SPAD", 0, (uint64_t)(map + MTF_WRITER_BLOCK_SIZE - p) - MTF_STREAM_SIZE);
    insert(tape, eset + 1, g_bytes_new_take(detail, MTF_WRITER_BLOCK_SIZE));
    insert(tape, eset + 2, g_bytes_new_take(map, MTF_WRITER_BLOCK_SIZE));
    ck_assert(judge(tape, &nothing, NULL));
    insert(tape, eset + 3, second);
    ck_assert(judge(tape, &nothing, NULL));
    swap(tape, eset + 1, eset + 3);
    ck_assert(!judge(tape, &nothing, NULL));
}
END_TEST

/* A file's data in segments, and in pieces of a sparse file; one checksum covers all segments. */
START_TEST(segments_and_sparse_files_are_followed)
{
    g_autoptr(MtfTape) tape = good_tape(NULL);
    Found f = find_block(tape, MTF_FILE, 2);
    uint8_t *end = f.p + 2 * MTF_WRITER_FLB_SIZE, *p = stream_of(f.p, DATA), *data;
    uint32_t sum = 0;
    uint64_t at = 0;
    int i;

    memset(p, 0, (size_t)(end - p));
    for (i = 0; i < 3; i++) {
        data = p + MTF_STREAM_SIZE;
        memset(data, 'a' + i, 57);
        mtf_data_checksum(&sum, &at, data, 57);
        p = put_stream(
            p, "STAN",
            MTF_STREAM_CHECKSUMED | MTF_STREAM_VARIABLE | (i == 2 ? MTF_STREAM_VAR_END : 0), 57);
    }
    put_le32(p + MTF_STREAM_SIZE, sum);
    p = put_stream(p, "CSUM", 0, 4);
    p = put_stream(p, "SPAR", 0, 8 + 20);
    put_stream(p, "SPAD", 0, (uint64_t)(end - p) - MTF_STREAM_SIZE);
    ck_assert(judge(tape, &nothing, NULL));
    data[3] ^= 1;
    ck_assert(!judge(tape, &nothing, NULL));
}
END_TEST

START_TEST(a_labelled_tape_without_sets_is_good)
{
    g_autoptr(MtfTape) tape = good_tape(NULL);

    g_ptr_array_set_size(tape, 2);
    ck_assert(judge(tape, &nothing, NULL));
}
END_TEST

/* ── small things ── */

START_TEST(dates_are_packed_as_structure_3_says)
{
    const MtfDate date = { 2003, 11, 6, 22, 35, 0 };
    const uint8_t bytes[MTF_DATE_SIZE] = { 0x1f, 0x4e, 0xcd, 0x68, 0xc0 };
    uint8_t packed[MTF_DATE_SIZE];
    MtfDate read = mtf_get_date(bytes);
    g_autofree char *text = mtf_date_text(&read);

    mtf_put_date(packed, &date);
    ck_assert_mem_eq(packed, bytes, sizeof bytes);
    ck_assert_str_eq(text, "2003-11-06 22:35:00");
}
END_TEST

START_TEST(the_stream_checksum_does_not_depend_on_the_pieces)
{
    uint8_t data[67];
    uint32_t whole = 0, plain = 0;
    uint64_t at = 0;
    size_t i, piece;

    for (i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 37 + 11);
        plain ^= (uint32_t)data[i] << i % 4 * 8;
    }
    mtf_data_checksum(&whole, &at, data, sizeof data);
    ck_assert_uint_eq(whole, plain);
    for (piece = 1; piece < sizeof data; piece++) {
        uint32_t sum = 0;

        at = 0;
        for (i = 0; i < sizeof data; i += piece) {
            mtf_data_checksum(&sum, &at, data + i, MIN(piece, sizeof data - i));
        }
        ck_assert_uint_eq(sum, plain);
    }
}
END_TEST

START_TEST(strings_become_clean_utf8)
{
    const uint8_t path[] = { 'A', 0, 0, 0, 0xc4, 0, 0x3d, 0xd8, 0xfc, 0xdc, 0, 0 };
    const uint8_t lone[] = { 0x3d, 0xd8, 'x', 0, 0x1b, 0 };
    g_autofree char *a = mtf_string(path, sizeof path, MTF_UNICODE_STR, '\\');
    g_autofree char *b = mtf_string(lone, sizeof lone, MTF_UNICODE_STR, '\\');
    g_autofree char *c = mtf_string((const uint8_t *)"a\xe9\x9b", 3, MTF_ANSI_STR, '\\');

    ck_assert_str_eq(a, "A\\\xc3\x84\xf0\x9f\x93\xbc");
    ck_assert_str_eq(b, "\xef\xbf\xbdx\xef\xbf\xbd");
    ck_assert_str_eq(c, "a\xc3\xa9\xef\xbf\xbd");
}
END_TEST

TCase *make_mtf_reader_tcase(void)
{
    TCase *tcase = tcase_create("mtf-reader");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_first_violation_names_the_rule_and_the_object, 0,
                        G_N_ELEMENTS(spoilers));
    tcase_add_test(tcase, a_violation_is_told_in_one_line);
    tcase_add_test(tcase, any_two_blocks_in_each_others_place_are_found);
    tcase_add_test(tcase, a_lost_or_doubled_object_is_found);
    tcase_add_test(tcase, what_cannot_be_read_is_a_violation);
    tcase_add_test(tcase, blocks_of_others_are_passed_over);
    tcase_add_test(tcase, a_set_may_go_on_on_another_tape);
    tcase_add_test(tcase, a_catalog_is_passed_over);
    tcase_add_test(tcase, segments_and_sparse_files_are_followed);
    tcase_add_test(tcase, a_labelled_tape_without_sets_is_good);
    tcase_add_test(tcase, dates_are_packed_as_structure_3_says);
    tcase_add_test(tcase, the_stream_checksum_does_not_depend_on_the_pieces);
    tcase_add_test(tcase, strings_become_clean_utf8);
    return tcase;
}
