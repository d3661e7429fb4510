/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The harness has to be able to fail: faults are planted, and each has to be found by every judge.
 */
#include "tests/mutation/batch.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 12 };

typedef struct Planted {
    const char *name;
    const char *subject;
    void (*plant)(Subject *s, Mutation *m);
    const char *classes[CLASSES_MAX]; /* all of them have to be noted */
} Planted;

/* The tape is believed to hold another block: what is read is wrong. */
static void expect_another_block(Subject *s, Mutation *m)
{
    GArray *objects = s->tape->objects[0];

    g_array_index(objects, Object, 4) = g_array_index(objects, Object, 5);
}

/* One object more: the end comes too early. */
static void expect_more(Subject *s, Mutation *m)
{
    const Object object = { .kind = FILEMARK };

    g_array_append_val(s->tape->objects[0], object);
    s->tape->durable[0]++;
}

/* The whole file as it was before: nothing about it is wrong, but it is another tape. */
static void roll_back(Subject *s, Mutation *m)
{
    image_free(m->image);
    m->image = image_copy(g_array_index(s->earlier, State, 1).image);
}

/* Refused, when nothing had been done to it. */
static void damage_unsaid(Subject *s, Mutation *m)
{
    uint8_t zeroes[128 * 1024] = { 0 };

    image_write(m->image, 0, zeroes, sizeof zeroes);
    m->whole = true;
}

/* The same of an image, which is torn. */
static void tear_unsaid(Subject *s, Mutation *m)
{
    image_truncate(m->image, image_size(m->image) / 2 + 1);
    m->whole = true;
}

/* An ordinary cartridge that is believed to be WORM, so that overwriting it is a breach. */
static void expect_worm(Subject *s, Mutation *m)
{
    s->worm = true;
}

/* Marks are believed to be elsewhere, so that spacing and locating go to wrong places. */
static void expect_other_marks(Subject *s, Mutation *m)
{
    GArray *objects = s->tape->objects[0];
    Object first = g_array_index(objects, Object, 0), mark = { .kind = FILEMARK };

    g_array_index(objects, Object, 0) = mark;
    g_array_index(objects, Object, 12) = first;
}

static const Planted planted[] = {
    { "another block",
      "plain",
      expect_another_block,
      { "medium: wrong object", "drive: wrong object", "tool: cat prints what is not in the file",
        "tool: wrote what was not on the tape" } },
    { "one object more",
      "plain",
      expect_more,
      { "medium: damage is the end of data", "drive: damage is the end of data",
        "tool: check says good of what cannot be read",
        "tool: check says good, and its repair is not the tape",
        "tool: status 0 and not all of the tape written", "serve: appends within the data" } },
    { "the file as it was before",
      "plain",
      roll_back,
      { "medium: damage is the end of data", "drive: damage is the end of data",
        "tool: status 0 with another output than the original's",
        "tool: status 0 and not all of the tape written" } },
    { "a refusal without damage",
      "plain",
      damage_unsaid,
      { "tool: an undamaged cartridge is refused" } },
    { "a refusal of an image without damage",
      "simh",
      tear_unsaid,
      { "tool: an undamaged cartridge is refused" } },
    { "writing to WORM", "plain", expect_worm, { "serve: WORM is overwritten" } },
    { "marks elsewhere",
      "plain",
      expect_other_marks,
      { "drive: GOOD at a wrong place", "drive: wrong file number" } },
};

static Subject *subject_of(GPtrArray *subjects, const char *name)
{
    guint i;

    for (i = 0; i < subjects->len; i++) {
        Subject *s = g_ptr_array_index(subjects, i);

        if (strcmp(s->name, name) == 0) {
            return s;
        }
    }
    g_assert_not_reached();
}

static bool is_noted(const Case *c, const char *class)
{
    guint i;

    for (i = 0; i < c->violations->len; i++) {
        const char *text = g_ptr_array_index(c->violations, i);

        if (g_str_has_prefix(text, class) && text[strlen(class)] == '\t') {
            return true;
        }
    }
    return false;
}

static void run_case(void *data)
{
    case_run(data);
}

/* In a copy of what is known of the subject, so that the next one finds it as it was. */
static bool finds(const Planted *p, GPtrArray *subjects, SelfTestPrinting aside)
{
    Subject subject = *subject_of(subjects, p->subject);
    Mutation *m = mutation_none(&subject);
    g_autoptr(Case) c = NULL;
    Tape *tape = tape_copy(subject.tape);
    bool all = true;
    guint i;

    subject.tape = tape;
    p->plant(&subject, m);
    c = case_of(&subject, m, 1);
    aside(run_case, c);
    for (i = 0; p->classes[i]; i++) {
        if (!is_noted(c, p->classes[i])) {
            printf("# not noted: %s\n", p->classes[i]);
            all = false;
        }
    }
    tape_free(tape);
    return all;
}

/* ── what ends a process ── */

static void crash(Case *c)
{
    if (c->seed == 3) {
        abort();
    }
}

static volatile bool forever = true;

static void hang(Case *c)
{
    while (c->seed == 3 && forever) {
    }
}

static void *volatile lost;

static void leak(Case *c)
{
    if (c->seed == 3) {
        lost = malloc(1000);
        memset(lost, 1, 1000);
        lost = NULL;
    }
}

typedef struct Ending {
    const char *name, *class;
    void (*plant)(Case *c);
} Ending;

static const Ending endings[] = {
    { "a crash", "planted: killed by signal 6", crash },
    { "an endless loop", "planted: no end", hang },
    { "a leak", "at the end: leak", leak },
};

static bool finds_ending(const Ending *e, GPtrArray *subjects, const char *directory)
{
    const Batches batches = { .first = 1, .end = 5, .jobs = 1, .seconds = 1, .plant = e->plant };
    g_autoptr(Report) r = report_new();

    batches_run(&batches, subjects, directory, r);
    return report_count(r, e->class) == 1 && r->cases == 4 && r->bad_cases >= 1;
}

#if defined(__SANITIZE_ADDRESS__)
static const bool sees_leaks = true;
#else
static const bool sees_leaks = false;
#endif

int self_test(GPtrArray *subjects, const char *directory, SelfTestPrinting aside)
{
    size_t i, n = 0;
    int failed = 0;

    printf("1..%zu\n", G_N_ELEMENTS(planted) + G_N_ELEMENTS(endings));
    for (i = 0; i < G_N_ELEMENTS(planted); i++) {
        bool found = finds(&planted[i], subjects, aside);

        printf("%s %zu - finds %s\n", found ? "ok" : "not ok", ++n, planted[i].name);
        failed += !found;
    }
    for (i = 0; i < G_N_ELEMENTS(endings); i++) {
        bool skip = endings[i].plant == leak && !sees_leaks;
        bool found = skip || finds_ending(&endings[i], subjects, directory);

        printf("%s %zu - finds %s%s\n", found ? "ok" : "not ok", ++n, endings[i].name,
               skip ? " # SKIP no sanitizer" : "");
        failed += !found;
    }
    return failed > 0;
}
