/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/bytes.h"
#include "media/cartridge/cartridge.h"
#include "tests/mutation/mutation.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Chunks of 64 KiB, so that a small file has many of them. */
enum { SMALL_CHUNKS = CHUNK_SHIFT_MIN };

typedef struct Builder Builder;

typedef struct Script {
    const char *name;
    SubjectFormat format;
    unsigned weight;
    uint32_t chunk_shift;
    MediumGeometry geometry;
    void (*write)(Builder *b);
    bool plain; /* of version 2, which does not bind its blocks */
} Script;

/* A medium that is written to, and the tape that it should then hold. */
struct Builder {
    const Script *script;
    Subject *subject; /* NULL: earlier states are of no interest */
    char *path;
    TapeMedium *m;
    Tape *tape;
    uint32_t partition, seed;
    guint head;
    bool in_tail;
    guint tail, tail_max; /* objects that were written after the last sync, and may be */
};

/* Objects belong to several tapes at once, and stay until the end. */
static GPtrArray *everything;

/* ── tapes ── */

Tape *tape_new(uint32_t partitions)
{
    Tape *tape = g_new0(Tape, 1);
    uint32_t i;

    tape->partitions = partitions;
    for (i = 0; i < SUBJECT_PARTITIONS; i++) {
        tape->objects[i] = g_array_new(FALSE, FALSE, sizeof(Object));
    }
    return tape;
}

Tape *tape_copy(const Tape *from)
{
    Tape *tape = tape_new(from->partitions);
    uint32_t i;

    memcpy(tape->durable, from->durable, sizeof tape->durable);
    for (i = 0; i < from->partitions; i++) {
        g_array_append_vals(tape->objects[i], from->objects[i]->data, from->objects[i]->len);
    }
    return tape;
}

void tape_free(Tape *tape)
{
    uint32_t i;

    for (i = 0; i < SUBJECT_PARTITIONS; i++) {
        g_array_unref(tape->objects[i]);
        g_clear_pointer(&tape->marks[i], g_array_unref);
    }
    g_free(tape);
}

guint tape_marks_before(const Tape *tape, uint32_t partition, uint64_t number)
{
    GArray **marks = &((Tape *)tape)->marks[partition];
    guint n = 0, i;

    if (!*marks) {
        *marks = g_array_new(FALSE, FALSE, sizeof n);
        for (i = 0; i < tape->objects[partition]->len; i++) {
            g_array_append_val(*marks, n);
            n += tape_object(tape, partition, i)->kind == FILEMARK;
        }
        g_array_append_val(*marks, n);
    }
    return g_array_index(*marks, guint, MIN(number, (*marks)->len - 1));
}

/* Of a seed, and no other: two thirds of it can be compressed. */
static uint8_t *make_bytes(uint32_t seed, uint32_t length)
{
    uint8_t *bytes = g_malloc(length);
    uint32_t x = seed * 2654435761u + 1, i;

    for (i = 0; i < length; i++) {
        if (i % 4 == 0) {
            x = x * 1664525u + 1013904223u;
        }
        bytes[i] = (uint8_t)(seed % 3 == 0 ? x >> 24 >> i % 2 : (x >> 29) + (seed >> i % 3 * 8));
    }
    for (i = 0; i < 4 && i < length; i++) {
        bytes[i] = (uint8_t)(seed >> 8 * i);
    }
    return bytes;
}

/* ── what a script does ── */

static void done(void *data, MediumResult result)
{
    g_assert(result == MEDIUM_OK);
}

static void open_medium(Builder *b)
{
    g_autoptr(GError) error = NULL;

    b->m = medium_open(b->path, false, executor_inline(), NULL, &error);
    g_assert_no_error(error);
    medium_set_compression(b->m, true);
    b->partition = 0;
    b->head = 0;
}

static void go(Builder *b, uint32_t partition, guint object)
{
    MediumResult result = medium_locate(b->m, partition, MEDIUM_LOCATE_OBJECT, object);

    g_assert(result == MEDIUM_OK);
    b->partition = partition;
    b->head = object;
}

static void go_to_end(Builder *b, uint32_t partition)
{
    go(b, partition, b->tape->objects[partition]->len);
}

static void put(Builder *b, ObjectKind kind, uint32_t length)
{
    GArray *objects = b->tape->objects[b->partition];
    Object object = { .kind = kind, .length = length };
    MediumResult result;
    uint64_t n;

    if (b->in_tail && b->tail++ >= b->tail_max) {
        return;
    }
    if (b->head < objects->len) { /* what followed is gone */
        g_array_set_size(objects, b->head);
        b->tape->durable[b->partition] = MIN(b->tape->durable[b->partition], b->head);
    }
    if (kind == BLOCK) {
        object.bytes = make_bytes(b->seed++, length);
        g_ptr_array_add(everything, object.bytes);
        result = medium_write(b->m, object.bytes, length);
    } else {
        result = medium_write_marks(
            b->m, kind == FILEMARK ? MEDIUM_MARK_FILEMARK : MEDIUM_MARK_SETMARK, 1, &n);
    }
    g_assert(result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING);
    g_array_append_val(objects, object);
    b->head++;
}

static void sync_all(Builder *b)
{
    uint32_t i;

    medium_sync(b->m, done, NULL);
    for (i = 0; i < b->tape->partitions; i++) {
        b->tape->durable[i] = b->tape->objects[i]->len;
    }
}

/* The file as it is now is one of its earlier states. */
static void remember(Builder *b)
{
    State state;

    sync_all(b);
    if (b->subject) {
        state.image = image_load(b->path);
        state.tape = tape_copy(b->tape);
        g_array_append_val(b->subject->earlier, state);
    }
}

/* As if the drive was switched off and on. */
static void reopen(Builder *b)
{
    sync_all(b);
    medium_free(b->m);
    open_medium(b);
}

/* From here on nothing is synced. */
static void begin_tail(Builder *b)
{
    sync_all(b);
    b->in_tail = true;
}

/* Tape files of blocks whose lengths depend on nothing but their place. */
static void put_files(Builder *b, guint files, guint blocks, uint32_t shortest, uint32_t step)
{
    guint i, j;

    for (i = 0; i < files; i++) {
        for (j = 0; j < blocks; j++) {
            put(b, BLOCK, shortest + (i * 7 + j * 5) % 13 * step);
        }
        put(b, FILEMARK, 0);
    }
}

static void format(Builder *b, uint32_t partitions)
{
    uint64_t capacities[SUBJECT_PARTITIONS] = { 8 << 20, 4 << 20, 2 << 20, 2 << 20 };
    MediumResult result = medium_format_partitions(b->m, partitions, capacities);

    g_assert(result == MEDIUM_OK);
    tape_free(b->tape);
    b->tape = tape_new(partitions);
    b->partition = 0;
    b->head = 0;
}

static void set_attribute(Builder *b, uint32_t partition, uint16_t id, uint32_t length)
{
    MediumAttribute attribute = { .id = id, .format = 1 };

    attribute.value = g_bytes_new_take(make_bytes(b->seed++, length), length);
    g_assert(medium_set_attribute(b->m, partition, &attribute) == MEDIUM_OK);
    g_bytes_unref(attribute.value);
    if (b->subject && partition == 0) {
        g_array_append_val(b->subject->attributes, id);
    }
}

/* ── the scripts ── */

/* Written once, then written over from the beginning: old entries and data lie beyond the end. */
static void write_plain(Builder *b)
{
    put_files(b, 6, 12, 200, 230);
    remember(b);
    go(b, 0, 0);
    put_files(b, 2, 12, 200, 230);
    remember(b);
    put_files(b, 2, 12, 200, 230);
    put_files(b, 1, 3, 200, 230);
    put(b, BLOCK, 777);
}

/* The middle is written over, then the end, so that there are four epochs. */
static void write_epochs(Builder *b)
{
    guint i;

    put_files(b, 5, 9, 300, 100);
    remember(b);
    for (i = 1; i < 4; i++) {
        go(b, 0, 10 * i + 3);
        put_files(b, 4, 9, 300, 100);
        reopen(b);
        remember(b);
        go_to_end(b, 0);
    }
    put_files(b, 1, 5, 300, 100);
}

static void write_partitions(Builder *b)
{
    guint i;

    set_attribute(b, 0, 0x400, 40);
    set_attribute(b, 0, 0x806, 700);
    put_files(b, 3, 6, 500, 300);
    go(b, 1, 0);
    put_files(b, 4, 4, 100, 90);
    remember(b);
    go(b, 1, 0);
    for (i = 0; i < 5; i++) {
        put(b, BLOCK, 700);
        put(b, i % 2 ? SETMARK : FILEMARK, 0);
        put(b, SETMARK, 0);
    }
    set_attribute(b, 1, 0x803, 30);
    go(b, 2, 0);
    put_files(b, 12, 1, 1000, 0);
    remember(b);
    go(b, 0, 7);
    put_files(b, 4, 5, 500, 300);
    set_attribute(b, 0, 0x805, 12);
}

static void write_compressed(Builder *b)
{
    put_files(b, 3, 8, 2000, 3000);
    remember(b);
    go(b, 0, 9);
    put_files(b, 3, 8, 2000, 3000);
    remember(b);
    put_files(b, 1, 4, 300, 50);
}

static void write_worm(Builder *b)
{
    guint i;

    for (i = 0; i < 4; i++) {
        put_files(b, 2, 7, 64, 333);
        remember(b);
        reopen(b);
        go_to_end(b, 0);
    }
    put_files(b, 1, 2, 64, 333);
}

/* Blocks that lie in several chunks. */
static void write_large(Builder *b)
{
    put_files(b, 1, 3, 90000, 31000);
    remember(b);
    go(b, 0, 1);
    put_files(b, 2, 3, 90000, 31000);
    put(b, BLOCK, 500000);
}

/* The host was killed before its last writes were synced. */
static void write_tail(Builder *b)
{
    put_files(b, 3, 9, 200, 230);
    remember(b);
    begin_tail(b);
    put_files(b, 2, 4, 200, 230);
}

static void write_tail_over(Builder *b)
{
    put_files(b, 6, 9, 200, 230);
    remember(b);
    go(b, 0, 14);
    put_files(b, 1, 9, 200, 230);
    remember(b);
    begin_tail(b);
    put_files(b, 1, 7, 200, 230);
}

static void write_generations(Builder *b)
{
    guint i;

    put_files(b, 3, 6, 300, 200);
    remember(b);
    for (i = 0; i < 2; i++) {
        format(b, 3 - i);
        put_files(b, 2, 7, 300, 200);
        go(b, 1, 0);
        put_files(b, 3, 5, 250, 100);
        remember(b);
    }
}

/* A table of several chunks. */
static void write_many(Builder *b)
{
    put_files(b, 20, 60, 16, 3);
    remember(b);
    go(b, 0, 700);
    put_files(b, 25, 60, 16, 3);
}

/* So many objects that whoever looks at each of them for each of them takes too long. */
static void write_long(Builder *b)
{
    guint i;

    for (i = 0; i < 300000; i++) {
        if (i % 1000 == 999) {
            put(b, FILEMARK, 0);
        } else {
            put(b, BLOCK, 8);
        }
    }
    remember(b);
    go(b, 0, 200000);
    for (i = 0; i < 60000; i++) {
        put(b, BLOCK, 8);
    }
}

/* Each in another process, so that both superblocks say nearly the same. */
static void write_settled(Builder *b)
{
    put_files(b, 2, 8, 200, 230);
    set_attribute(b, 0, 0x400, 40);
    g_assert(medium_set_write_protect(b->m, true) == MEDIUM_OK);
    reopen(b);
    reopen(b);
}

static void write_nothing(Builder *b)
{
}

static void write_image(Builder *b)
{
    put_files(b, 4, 8, 200, 230);
    remember(b);
    go(b, 0, 12);
    put_files(b, 3, 8, 200, 230);
    put(b, BLOCK, 20000);
    put(b, FILEMARK, 0);
}

static const Script scripts[] = {
    { "plain", FORMAT_TAPE, 6, SMALL_CHUNKS, { .partitions = 1 }, write_plain },
    { "epochs", FORMAT_TAPE, 4, SMALL_CHUNKS, { .partitions = 1 }, write_epochs },
    { "partitions",
      FORMAT_TAPE,
      4,
      SMALL_CHUNKS,
      { .partitions = 3, .capacity = 12 << 20, .early_warning = 64 << 10, .barcode = "ABC123" },
      write_partitions },
    { "compressed",
      FORMAT_TAPE,
      4,
      SMALL_CHUNKS,
      { .partitions = 1, .compression = true },
      write_compressed },
    { "worm", FORMAT_TAPE, 4, SMALL_CHUNKS, { .partitions = 1, .worm = true }, write_worm },
    { "large", FORMAT_TAPE, 2, SMALL_CHUNKS, { .partitions = 1 }, write_large },
    { "tail", FORMAT_TAPE, 3, SMALL_CHUNKS, { .partitions = 1 }, write_tail },
    { "tail-over", FORMAT_TAPE, 3, SMALL_CHUNKS, { .partitions = 1 }, write_tail_over },
    { "generations",
      FORMAT_TAPE,
      4,
      SMALL_CHUNKS,
      { .partitions = 1, .capacity = 16 << 20, .early_warning = 1000 },
      write_generations },
    { "many", FORMAT_TAPE, 1, SMALL_CHUNKS, { .partitions = 1 }, write_many },
    { "settled",
      FORMAT_TAPE,
      2,
      SMALL_CHUNKS,
      { .partitions = 1, .worm = true, .barcode = "SETTLED" },
      write_settled },
    { "usual-chunks", FORMAT_TAPE, 4, CHUNK_SHIFT, { .partitions = 1 }, write_plain },
    { "usual-partitions",
      FORMAT_TAPE,
      2,
      CHUNK_SHIFT,
      { .partitions = 3, .capacity = 12 << 20, .early_warning = 64 << 10 },
      write_partitions },
    { "version-2", FORMAT_TAPE, 3, SMALL_CHUNKS, { .partitions = 1 }, write_plain, true },
    { "version-2-partitions",
      FORMAT_TAPE,
      2,
      SMALL_CHUNKS,
      { .partitions = 3, .capacity = 12 << 20, .early_warning = 64 << 10 },
      write_partitions,
      true },
    { "empty",
      FORMAT_TAPE,
      1,
      SMALL_CHUNKS,
      { .partitions = 2, .capacity = 2 << 20 },
      write_nothing },
    { "long", FORMAT_TAPE, 0, SMALL_CHUNKS, { .partitions = 1 }, write_long },
    { "simh", FORMAT_SIMH, 2, 0, { .partitions = 1 }, write_image },
    { "aws", FORMAT_AWS, 2, 0, { .partitions = 1 }, write_image },
};

/* ── making them ── */

static const char *const format_names[] = { "usbtape", "simh", "aws" };

static void create(const Script *script, const char *path)
{
    g_autoptr(GError) error = NULL;

    unlink(path);
    if (script->format == FORMAT_TAPE) {
        HostFile *file = host_file_new(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));

        (script->plain ? cartridge_create_plain : cartridge_create)(file, path, &script->geometry,
                                                                    script->chunk_shift, &error);
        host_file_free(file);
    } else {
        const MediumFormat *format = medium_format_by_name(format_names[script->format], &error);

        medium_create(path, format, &script->geometry, &error);
    }
    g_assert_no_error(error);
}

/* Runs the script; `*tape`, if wanted, is what the file then holds. */
static Image *build(const Script *script, const char *directory, Subject *subject, uint32_t seed,
                    guint tail_max, Tape **tape, guint *tail, uint32_t *partition)
{
    static const char *const suffixes[] = { "tape", "tap", "aws" };
    Builder b = { script, subject, .seed = seed, .tail_max = tail_max };
    Image *image;

    b.path = g_strdup_printf("%s/build.%s", directory, suffixes[script->format]);
    b.tape = tape_new(script->geometry.partitions);
    create(script, b.path);
    open_medium(&b);
    script->write(&b);
    if (!b.in_tail) {
        sync_all(&b);
    }
    medium_free(b.m);
    image = image_load(b.path);
    unlink(b.path);
    g_free(b.path);
    *tail = b.tail;
    *partition = b.partition;
    if (tape) {
        *tape = b.tape;
    } else {
        tape_free(b.tape);
    }
    return image;
}

static size_t longest_block(const Tape *tape)
{
    size_t longest = 0;
    uint32_t p;
    guint i;

    for (p = 0; p < tape->partitions; p++) {
        for (i = 0; i < tape->objects[p]->len; i++) {
            longest = MAX(longest, tape_object(tape, p, i)->length);
        }
    }
    return longest;
}

/* From version 4 on; images of other formats are judged by what they say. */
static bool is_bound(const Image *image)
{
    uint8_t head[12];

    image_read(image, 0, head, sizeof head);
    return memcmp(head, "USBTAPE", 7) != 0 || get_le32(head + 8) >= 4;
}

static Subject *subject_new(const Script *script, const char *directory)
{
    Subject *s = g_new0(Subject, 1);
    uint32_t partition;
    guint tail, i, n;

    s->name = script->name;
    s->format = script->format;
    s->weight = script->weight;
    s->worm = script->geometry.worm;
    s->earlier = g_array_new(FALSE, FALSE, sizeof(State));
    s->attributes = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    s->image = build(script, directory, s, 1, G_MAXUINT, &s->tape, &tail, &s->tail_partition);
    s->longest = longest_block(s->tape);
    s->other = build(script, directory, NULL, 1000003, G_MAXUINT, &s->other_tape, &n, &partition);
    s->bound = is_bound(s->image);
    s->n_cut = tail + 1;
    s->cut = g_new(Image *, s->n_cut);
    s->cut[0] = s->image;
    for (i = 1; i < s->n_cut; i++) {
        s->cut[i] = build(script, directory, NULL, 1, tail - i, NULL, &n, &partition);
    }
    return s;
}

GPtrArray *subjects_new(const char *directory, const char *only)
{
    GPtrArray *subjects = g_ptr_array_new();
    size_t i;

    everything = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < G_N_ELEMENTS(scripts); i++) {
        if (only ? strcmp(scripts[i].name, only) == 0 : scripts[i].weight > 0) {
            Subject *s = subject_new(&scripts[i], directory);

            s->weight = MAX(s->weight, 1);
            g_ptr_array_add(subjects, s);
        }
    }
    return subjects;
}
