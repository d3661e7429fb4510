/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mutation/mutation.h"

#include <stdarg.h>
#include <string.h>

void violation(Case *c, const char *class, const char *format, ...)
{
    g_autofree char *detail = NULL;
    va_list args;
    guint i;

    va_start(args, format);
    detail = g_strdup_vprintf(format, args);
    va_end(args);
    for (i = 0; i < c->violations->len && !c->log; i++) {
        g_autofree char *noted = g_strconcat(class, "\t", NULL);

        if (g_str_has_prefix(g_ptr_array_index(c->violations, i), noted)) {
            return; /* the report counts cases */
        }
    }
    g_ptr_array_add(c->violations,
                    g_strdup_printf("%s\t%s", class, g_strdelimit(detail, "\n", ' ')));
}

void note(const Case *c, const char *format, ...)
{
    va_list args;

    if (c->log) {
        va_start(args, format);
        vfprintf(c->log, format, args);
        va_end(args);
    }
}

bool object_is(const Object *object, ObjectKind kind, const uint8_t *bytes, size_t length)
{
    return object->kind == kind && (kind != BLOCK || (object->length == length &&
                                                      memcmp(object->bytes, bytes, length) == 0));
}

static bool tape_has(const Tape *tape, uint32_t partition, uint64_t number, ObjectKind kind,
                     const uint8_t *bytes, size_t length)
{
    return partition < tape->partitions && number < tape->objects[partition]->len &&
           object_is(tape_object(tape, partition, (guint)number), kind, bytes, length);
}

/*
 * A superblock that was lost, or whose fields were set to an earlier state's, makes the file what
 * it was then. That is no breach if it is said to be damaged, or if the checksum had been made
 * right.
 */
static bool may_be_earlier(const Case *c)
{
    return c->mutation->forged || (c->mutation->superblock && c->damaged);
}

bool allowed_at(const Case *c, uint32_t partition, uint64_t number, ObjectKind kind,
                const uint8_t *bytes, size_t length)
{
    guint i;

    if (tape_has(c->tape, partition, number, kind, bytes, length) ||
        (!c->sound && number >= c->tape->objects[partition]->len)) {
        return true;
    }
    if (c->mutation->forged &&
        tape_has(c->subject->other_tape, partition, number, kind, bytes, length)) {
        return true;
    }
    for (i = 0; i < c->subject->earlier->len && may_be_earlier(c); i++) {
        if (tape_has(g_array_index(c->subject->earlier, State, i).tape, partition, number, kind,
                     bytes, length)) {
            return true;
        }
    }
    return false;
}

static bool ends_at(const Tape *tape, uint32_t partition, uint64_t number)
{
    return partition < tape->partitions && number >= tape->durable[partition] &&
           number <= tape->objects[partition]->len;
}

bool may_end_at(const Case *c, uint32_t partition, uint64_t number)
{
    if (!c->sound) { /* what is beyond the damage is not for this harness to say */
        return number >= c->tape->objects[0]->len;
    }
    /* with a superblock lost, nothing tells where the data ended; that it is lost has to be told */
    return may_be_earlier(c) || ends_at(c->tape, partition, number);
}

GArray *files_of(const Tape *tape, uint32_t partition)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(FileRange));
    FileRange range = { 0, 0 };
    guint i, n = tape->objects[partition]->len;

    for (i = 0; i < n; i++) {
        if (tape_object(tape, partition, i)->kind == FILEMARK) {
            range.end = i;
            g_array_append_val(files, range);
            range.first = i + 1;
        }
    }
    if (range.first < n) {
        range.end = n;
        g_array_append_val(files, range);
    }
    return files;
}

Case *case_of(const Subject *subject, Mutation *mutation, uint64_t seed)
{
    static const char *const names[] = { "case.tape", "case.tap", "case.aws" };
    const uint32_t seeds[] = { (uint32_t)seed, (uint32_t)(seed >> 32), 0x63617365 };
    Case *c = g_new0(Case, 1);

    c->seed = seed;
    c->subject = subject;
    c->mutation = mutation;
    c->path = names[subject->format];
    c->rand = g_rand_new_with_seed_array(seeds, G_N_ELEMENTS(seeds));
    c->violations = g_ptr_array_new_with_free_func(g_free);
    return c;
}

Case *case_new(GPtrArray *subjects, uint64_t seed)
{
    const uint32_t seeds[] = { (uint32_t)seed, (uint32_t)(seed >> 32), 0x6d757461 };
    GRand *rand = g_rand_new_with_seed_array(seeds, G_N_ELEMENTS(seeds));
    const Subject *subject = g_ptr_array_index(subjects, 0);
    unsigned total = 0, pick;
    MutationKind kind;
    Mutation *mutation;
    guint i;

    for (i = 0; i < subjects->len; i++) {
        total += ((Subject *)g_ptr_array_index(subjects, i))->weight;
    }
    pick = (unsigned)g_rand_int_range(rand, 0, (gint32)total);
    for (i = 0; i < subjects->len; i++) {
        subject = g_ptr_array_index(subjects, i);
        if (pick < subject->weight) {
            break;
        }
        pick -= subject->weight;
    }
    kind = (MutationKind)g_rand_int_range(rand, 0, N_MUTATIONS);
    mutation = mutate(subject, kind, rand);
    g_rand_free(rand);
    return case_of(subject, mutation, seed);
}

void case_free(Case *c)
{
    mutation_free((Mutation *)c->mutation);
    g_ptr_array_unref(c->violations);
    g_rand_free(c->rand);
    g_free(c);
}

/* The whole of a damaged image, and what it says. */
static void find_truth(Case *c, uint8_t **bytes, Tape **truth)
{
    c->tape = c->subject->tape;
    c->sound = true;
    if (c->subject->format != FORMAT_TAPE) {
        uint64_t length = image_size(c->mutation->image);

        *bytes = g_malloc(length + 1);
        image_read(c->mutation->image, 0, *bytes, length);
        c->tape = *truth = truth_of_image(c->subject->format, *bytes, length, &c->sound);
    }
}

void case_run(Case *c)
{
    g_autofree uint8_t *bytes = NULL;
    Tape *truth = NULL;
    uint32_t i;

    find_truth(c, &bytes, &truth);

    for (i = 0; i < SUBJECT_PARTITIONS; i++) {
        c->readable[i] = g_array_new(FALSE, TRUE, sizeof(bool));
    }
    image_save(c->mutation->image, c->path);
    judge_medium(c);
    judge_drive(c);
    judge_tools(c);
    judge_serving(c);
    for (i = 0; i < SUBJECT_PARTITIONS; i++) {
        g_array_unref(c->readable[i]);
    }
    g_clear_pointer(&truth, tape_free);
}
