/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every subcommand of `usbtape media`, in this process: what it prints, writes and ends with. */
#include "emu/base/bytes.h"
#include "media/tool/tool.h"
#include "tests/mutation/mutation.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Run {
    int status;
    GString *output, *errors;
} Run;

static void run_free(Run *run)
{
    g_string_free(run->output, TRUE);
    g_string_free(run->errors, TRUE);
    g_free(run);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)

/* What was printed to a descriptor, which is a file, since the last time. */
static GString *take(int fd)
{
    off_t length = lseek(fd, 0, SEEK_END);
    GString *text = g_string_sized_new((gsize)length + 1);

    g_string_set_size(text, (gsize)length);
    g_assert(pread(fd, text->str, (size_t)length, 0) == length);
    g_assert(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    return text;
}

/* `arguments`: those after "media", NULL-terminated. */
static Run *run_tool(const char *const *arguments)
{
    Run *run = g_new0(Run, 1);
    char *argv[8] = { (char *)"media" };
    int argc = 1;

    for (; arguments[argc - 1]; argc++) {
        argv[argc] = (char *)arguments[argc - 1];
    }
    step(arguments[0]);
    run->status = media_main(argc, argv, &(const MediaModel){ NULL });
    fflush(stdout);
    fflush(stderr);
    run->output = take(STDOUT_FILENO);
    run->errors = take(STDERR_FILENO);
    return run;
}

/* ── what is true of every subcommand ── */

static bool is_clear(const GString *errors)
{
    g_auto(GStrv) lines = g_strsplit(errors->str, "\n", -1);
    guint i, n = g_strv_length(lines) - 1;

    if (n < 1 || lines[n][0] != '\0' || !g_utf8_validate(errors->str, (gssize)errors->len, NULL)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        if (!g_str_has_prefix(lines[i], "usbtape: ")) {
            return false;
        }
    }
    return n <= 2; /* a notice, and the error */
}

static Run *judged_run(Case *c, const char *const *arguments)
{
    Run *run = run_tool(arguments);
    g_autofree char *line = g_strjoinv(" ", (char **)(void *)arguments);

    note(c, "%s: %d %s%s", line, run->status, run->errors->str, run->errors->len ? "" : "\n");
    if (run->status < 0 || run->status > 2) {
        violation(c, "tool: exit status", "%s: %d", line, run->status);
    }
    if (run->status != 0 && !is_clear(run->errors)) {
        violation(c, "tool: not one clear line", "%s: %s", line, run->errors->str);
    }
    c->reported = c->reported || run->status != 0;
    return run;
}

/* ── what is printed ── */

static char *key_of(const Subject *s, const char *const *arguments, guint cut)
{
    g_autofree char *line = g_strjoinv(" ", (char **)(void *)arguments);

    return g_strdup_printf("%s %u", line, cut);
}

/* Leaves out what damage may change, or what an older superblock does not have yet. */
static char *normal(const GString *output)
{
    g_auto(GStrv) lines = g_strsplit(output->str, "\n", -1);
    GString *text = g_string_new(NULL);
    char **line;

    for (line = lines; *line; line++) {
        if (!strstr(*line, "\"file_size\"") && !strstr(*line, "\"loads\"") &&
            !strstr(*line, "\"bytes_written\"") && !strstr(*line, "\"bytes_read\"")) {
            g_string_append_printf(text, "%s\n", *line);
        }
    }
    return g_string_free(text, FALSE);
}

static const char *const case_names[] = { "case.tape", "case.tap", "case.aws" };

static const char *const printing[][4] = {
    { "info" },         { "info", "--json" }, { "ls" },
    { "ls", "--json" }, { "check" },          { "check", "--json" },
};

/* The arguments of printing[i] for that subject. */
static void printing_arguments(size_t i, const Subject *s, const char *arguments[4])
{
    guint n = 0;

    for (; printing[i][n]; n++) {
        arguments[n] = printing[i][n];
    }
    arguments[n] = case_names[s->format];
    arguments[n + 1] = NULL;
}

static void judge_output(Case *c, const char *const *arguments)
{
    g_autoptr(Run) run = judged_run(c, arguments);
    g_autofree char *text = NULL;
    guint cut;

    if (run->status != 0 || c->mutation->forged || c->subject->format != FORMAT_TAPE) {
        return; /* of an image, what may be printed depends on what it now says */
    }
    text = normal(run->output);
    for (cut = 0; cut < c->subject->n_cut; cut++) {
        g_autofree char *key = key_of(c->subject, arguments, cut);
        const Baseline *baseline = g_hash_table_lookup(c->subject->baselines, key);

        if (strcmp(baseline->output, text) == 0) {
            return;
        }
    }
    violation(c, "tool: status 0 with another output than the original's", "%s: %s", arguments[0],
              run->output->str);
}

static void baseline_free(gpointer data)
{
    Baseline *baseline = data;

    g_free(baseline->output);
    g_free(baseline);
}

void baselines_make(GPtrArray *subjects)
{
    guint i, cut;
    size_t j;

    for (i = 0; i < subjects->len; i++) {
        Subject *s = g_ptr_array_index(subjects, i);

        s->baselines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, baseline_free);
        for (cut = 0; cut < s->n_cut; cut++) {
            image_save(s->cut[cut], case_names[s->format]);
            for (j = 0; j < G_N_ELEMENTS(printing); j++) {
                const char *arguments[4];
                Baseline *baseline = g_new0(Baseline, 1);
                g_autoptr(Run) run = NULL;

                printing_arguments(j, s, arguments);
                run = run_tool(arguments);
                baseline->status = run->status;
                baseline->output = normal(run->output);
                g_assert(run->status == 0);
                g_hash_table_insert(s->baselines, key_of(s, arguments, cut), baseline);
            }
        }
        unlink(case_names[s->format]);
    }
}

/* ── what is written ── */

/* What a subcommand gave, object by object. */
typedef struct Copy {
    uint32_t partitions;
    GArray *objects[SUBJECT_PARTITIONS]; /* of Object */
} Copy;

static Copy *copy_new(uint32_t partitions)
{
    Copy *copy = g_new0(Copy, 1);
    uint32_t i;

    copy->partitions = MIN(partitions, SUBJECT_PARTITIONS);
    for (i = 0; i < SUBJECT_PARTITIONS; i++) {
        copy->objects[i] = g_array_new(FALSE, FALSE, sizeof(Object));
    }
    return copy;
}

static void copy_free(Copy *copy)
{
    uint32_t i;
    guint j;

    for (i = 0; i < SUBJECT_PARTITIONS; i++) {
        for (j = 0; j < copy->objects[i]->len; j++) {
            g_free(g_array_index(copy->objects[i], Object, j).bytes);
        }
        g_array_unref(copy->objects[i]);
    }
    g_free(copy);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Copy, copy_free)

static void copy_add(Copy *copy, uint32_t partition, ObjectKind kind, const uint8_t *bytes,
                     size_t length)
{
    Object object = { .kind = kind, .length = (uint32_t)length };

    object.bytes = kind == BLOCK ? g_memdup2(bytes, length) : NULL;
    g_array_append_val(copy->objects[partition], object);
}

/* A new cartridge that has to be sound. */
static Copy *read_cartridge(Case *c, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TapeMedium) m = medium_open(path, true, executor_inline(), NULL, &error);
    g_autofree uint8_t *buffer = g_malloc(ROOM(c));
    MediumInfo info;
    Copy *copy;
    uint32_t p;

    if (!m) {
        violation(c, "tool: what was written cannot be opened", "%s", error->message);
        return NULL;
    }
    medium_info(m, &info);
    copy = copy_new(info.geometry.partitions);
    for (p = 0; p < copy->partitions; p++) {
        MediumResult result = medium_locate(m, p, MEDIUM_LOCATE_OBJECT, 0);
        size_t length = 0;

        while ((result = medium_read(m, buffer, ROOM(c), &length)) != MEDIUM_EOD) {
            if (result != MEDIUM_OK && result != MEDIUM_FILEMARK && result != MEDIUM_SETMARK) {
                violation(c, "tool: what was written is damaged", "%s: result %d", path,
                          (int)result);
                break;
            }
            copy_add(copy, p,
                     result == MEDIUM_OK         ? BLOCK
                     : result == MEDIUM_FILEMARK ? FILEMARK
                                                 : SETMARK,
                     buffer, MIN(length, ROOM(c)));
        }
    }
    return copy;
}

/* A .tap, read by the description of the format alone. */
static Copy *read_simh(Case *c, const char *path)
{
    g_autofree char *bytes = NULL;
    Copy *copy = copy_new(1);
    gsize length, at = 0;

    if (!g_file_get_contents(path, &bytes, &length, NULL)) {
        return copy;
    }
    while (at + 4 <= length) {
        uint32_t n = get_le32((uint8_t *)bytes + at);

        if (n == 0) {
            copy_add(copy, 0, FILEMARK, NULL, 0);
            at += 4;
        } else if (n == 0xffffffff) {
            break;
        } else if (n > 0xffffff || at + 8 + n + n % 2 > length ||
                   get_le32((uint8_t *)bytes + at + 4 + n + n % 2) != n) {
            violation(c, "tool: what was written is damaged", "%s at %zu", path, at);
            break;
        } else {
            copy_add(copy, 0, BLOCK, (uint8_t *)bytes + at + 4, n);
            at += 8 + n + n % 2;
        }
    }
    return copy;
}

static Copy *read_copy(Case *c, const char *path)
{
    return g_str_has_suffix(path, "out.tap") ? read_simh(c, path) : read_cartridge(c, path);
}

/* How many objects of `b` are in `a`, in this order. */
static guint matches(const GArray *a, const GArray *b)
{
    guint i, n = 0;

    for (i = 0; i < a->len && n < b->len; i++) {
        const Object *x = &g_array_index(b, Object, n);

        n += object_is(&g_array_index(a, Object, i), x->kind, x->bytes, x->length);
    }
    return n;
}

/* Is what was written a part of that tape, in its order? */
static bool is_part(const Copy *copy, const Tape *tape)
{
    uint32_t p;

    for (p = 0; p < copy->partitions; p++) {
        const GArray *all = p < tape->partitions ? tape->objects[p] : NULL;

        if (copy->objects[p]->len > 0 &&
            (!all || matches(all, copy->objects[p]) < copy->objects[p]->len)) {
            return false;
        }
    }
    return true;
}

/* All of it; what was never synced may be missing. */
static bool is_all(const Case *c, const Copy *copy)
{
    const Tape *tape = c->tape;
    uint32_t p;

    if (copy->partitions != tape->partitions || !is_part(copy, tape)) {
        return false;
    }
    for (p = 0; p < tape->partitions; p++) {
        guint n = copy->objects[p]->len, i;

        if (n < tape->durable[p]) {
            return false;
        }
        for (i = 0; i < n; i++) {
            const Object *x = &g_array_index(copy->objects[p], Object, i);

            if (!object_is(tape_object(tape, p, i), x->kind, x->bytes, x->length)) {
                return false;
            }
        }
    }
    return true;
}

static bool may_be_part(const Case *c, const Copy *copy)
{
    bool part = is_part(copy, c->tape) || c->mutation->forged;
    guint i;

    for (i = 0; i < c->subject->earlier->len && !part && c->mutation->superblock; i++) {
        part = is_part(copy, g_array_index(c->subject->earlier, State, i).tape);
    }
    return part;
}

/* `target` is what the subcommand had to write. Returns whether it is all of the original. */
static bool judge_target(Case *c, const char *what, const char *target, int status)
{
    g_autoptr(Copy) copy = NULL;
    bool all;

    if (status == 0 && !c->sound) {
        violation(c, "tool: status 0 for a damaged image", "%s", what);
    }
    if (access(target, F_OK) != 0) {
        if (status == 0) {
            violation(c, "tool: status 0 and nothing written", "%s", what);
        }
        return false;
    }
    copy = read_copy(c, target);
    if (!copy) {
        return false;
    }
    all = is_all(c, copy);
    if (c->sound && !may_be_part(c, copy)) {
        violation(c, "tool: wrote what was not on the tape", "%s, status %d", what, status);
    } else if (status == 0 && !all && !c->mutation->forged) {
        violation(c, "tool: status 0 and not all of the tape written", "%s", what);
    }
    return all;
}

/* Can the format of `target` hold it? */
static bool can_hold(const Subject *s, const char *target)
{
    const Tape *tape = s->tape;
    uint32_t p;
    guint i;

    if (!g_str_has_suffix(target, ".tap")) {
        return true;
    }
    for (p = 0; p < tape->partitions; p++) {
        for (i = 0; i < tape->objects[p]->len; i++) {
            if (tape_object(tape, p, i)->kind == SETMARK) {
                return false;
            }
        }
    }
    return tape->partitions == 1;
}

static int judge_copy(Case *c, const char *subcommand, const char *target)
{
    const char *arguments[] = { subcommand, c->path, target, NULL };
    g_autoptr(Run) run = NULL;

    unlink(target);
    run = judged_run(c, arguments);
    judge_target(c, subcommand, target, run->status);
    if (c->mutation->whole && run->status != 0 && can_hold(c->subject, target)) {
        violation(c, "tool: an undamaged cartridge is refused", "%s: %s", subcommand,
                  run->errors->str);
    }
    unlink(target);
    return run->status;
}

/* ── one file ── */

/* Is it blocks of the tape file, whole and in order? `*all`: all of them. */
static bool is_of_file(const Tape *tape, uint32_t partition, FileRange file, const GString *output,
                       bool *all)
{
    gsize at = 0;
    guint i;

    *all = true;
    for (i = file.first; i < file.end; i++) {
        const Object *object = tape_object(tape, partition, i);

        if (object->kind != BLOCK) {
            continue;
        }
        if (object->length <= output->len - at &&
            memcmp(object->bytes, output->str + at, object->length) == 0) {
            at += object->length;
        } else {
            *all = *all && i >= tape->durable[partition];
        }
    }
    return at == output->len;
}

static bool is_of_earlier(const Case *c, uint32_t partition, guint number, const GString *output)
{
    guint i;

    if (c->mutation->forged) {
        return true;
    }

    for (i = 0; i < c->subject->earlier->len && c->mutation->superblock; i++) {
        const Tape *tape = g_array_index(c->subject->earlier, State, i).tape;
        g_autoptr(GArray) files = partition < tape->partitions ? files_of(tape, partition) : NULL;
        bool all;

        if (files && number < files->len &&
            is_of_file(tape, partition, g_array_index(files, FileRange, number), output, &all)) {
            return true;
        }
    }
    return false;
}

static void judge_cat(Case *c, uint32_t partition, guint number, FileRange file)
{
    g_autofree char *n = g_strdup_printf("--file=%u", number);
    g_autofree char *p = g_strdup_printf("--partition=%u", partition);
    const char *arguments[] = { "cat", n, p, c->path, NULL };
    g_autoptr(Run) run = judged_run(c, arguments);
    bool all;

    if (is_of_file(c->tape, partition, file, run->output, &all)) {
        if (run->status == 0 && !all && !c->mutation->forged) {
            violation(c, "tool: cat ends with 0 and less than the file", "file %u of partition %u",
                      number, partition);
        }
    } else if (!c->sound) {
        return;
    } else if ((run->status == 0 && !c->mutation->forged) ||
               !is_of_earlier(c, partition, number, run->output)) {
        violation(c, "tool: cat prints what is not in the file",
                  "file %u of partition %u, status %d", number, partition, run->status);
    }
}

static void judge_cats(Case *c)
{
    const Tape *tape = c->tape;
    uint32_t p;
    guint i, step_by;

    for (p = 0; p < tape->partitions; p++) {
        g_autoptr(GArray) files = files_of(tape, p);

        step_by = 1 + files->len / 8;
        for (i = (guint)g_rand_int_range(c->rand, 0, (gint32)step_by); i < files->len;
             i += step_by) {
            judge_cat(c, p, i, g_array_index(files, FileRange, i));
        }
    }
}

/* ── repairing ── */

static const char *const repaired_names[] = { "repaired.tape", "repaired.tap", "repaired.aws" };

static void judge_repair(Case *c, bool called_good)
{
    const char *target = repaired_names[c->subject->format];
    const char *arguments[] = { "check", "--repair", target, c->path, NULL };
    const char *again[] = { "check", target, NULL };
    g_autoptr(Run) run = NULL, second = NULL;
    bool all;

    unlink(target);
    run = judged_run(c, arguments);
    all = judge_target(c, "check --repair", target, run->status);
    if (called_good && !all && c->sound && !c->mutation->forged) {
        violation(c, "tool: check says good, and its repair is not the tape", "%s",
                  run->errors->str);
    }
    if (access(target, F_OK) == 0) {
        second = run_tool(again);
        if (second->status != 0) {
            violation(c, "tool: a repaired cartridge is not good", "%s", second->errors->str);
        }
    }
    unlink(target);
}

/* Over the file itself: it stays, or holds all that could be read. */
static void judge_repair_in_place(Case *c)
{
    const char *arguments[] = { "check", "--repair", c->path, c->path, NULL };
    g_autoptr(Run) run = judged_run(c, arguments);
    g_autoptr(Image) now = image_load(c->path);
    g_autoptr(Copy) copy = NULL;
    uint32_t p;
    guint i;

    if (image_equal(now, c->mutation->image)) {
        if (run->status == 0 && !c->equal) {
            violation(c, "tool: status 0 and nothing written", "check --repair in place");
        }
        return;
    }
    judge_target(c, "check --repair in place", c->path, run->status);
    copy = read_copy(c, c->path);
    for (p = 0; copy && p < copy->partitions; p++) {
        guint readable = 0;

        for (i = 0; i < c->readable[p]->len; i++) {
            readable += g_array_index(c->readable[p], bool, i);
        }
        if (copy->objects[p]->len < readable) {
            violation(c, "tool: repair in place lost what could be read", "partition %u: %u of %u",
                      p, copy->objects[p]->len, readable);
        }
    }
    image_save(c->mutation->image, c->path);
}

void judge_tools(Case *c)
{
    bool good = false, single = can_hold(c->subject, "x.tap");
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(printing); i++) {
        const char *arguments[4];
        bool before = c->reported;

        c->reported = false;
        printing_arguments(i, c->subject, arguments);
        judge_output(c, arguments);
        if (strcmp(arguments[0], "check") == 0) {
            good = good || !c->reported;
            if (!c->reported && !c->equal && !c->mutation->forged) {
                violation(c, "tool: check says good of what cannot be read", "%s",
                          c->opens ? "opens" : "does not open");
            }
        }
        if (c->mutation->whole && c->reported) {
            violation(c, "tool: an undamaged cartridge is refused", "%s", arguments[0]);
        }
        c->reported = c->reported || before;
    }
    judge_cats(c);
    if (single) {
        judge_copy(c, "export", "out.tap");
    }
    judge_copy(c, "import", "out.tape");
    judge_repair(c, good);
    if (g_rand_int_range(c->rand, 0, 3) == 0) {
        judge_repair_in_place(c);
    }
}
