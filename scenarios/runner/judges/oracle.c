/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/oracle.h"

#include "emu/base/error.h"
#include "media/formats/formats.h"
#include "scenarios/runner/judges/dump.h"
#include "scenarios/runner/judges/tar.h"
#include "scenarios/subjects/linux/stamp.h"

#include <fnmatch.h>
#include <string.h>

/* More of them would hide the first. */
#define FINDINGS_MAX 20u

static void find(GPtrArray *findings, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void find(GPtrArray *findings, const char *format, ...)
{
    va_list args;

    if (findings->len < FINDINGS_MAX) {
        va_start(args, format);
        g_ptr_array_add(findings, g_strdup_vprintf(format, args));
        va_end(args);
    }
}

/* ---- walking a cartridge ---- */

typedef struct Walker {
    int cartridge;      /* from 1 */
    uint32_t partition; /* from 0 */
    int64_t file;       /* from 0, in the partition */
    int64_t block;      /* from 0, in the file */
    /* Each may be NULL. */
    void (*on_block)(struct Walker *walker, const uint8_t *bytes, size_t length);
    void (*on_file_end)(struct Walker *walker); /* a filemark, or the end of data after a block */
    void (*on_damage)(struct Walker *walker);   /* in place of a block */
    void (*on_partition_end)(struct Walker *walker);
    void *data;
    GPtrArray *findings;
} Walker;

/* "cartridge 1", "cartridge 1 partition 1". */
static char *partition_text(int cartridge, int64_t partition)
{
    return partition > 0
               ? g_strdup_printf("cartridge %d partition %" G_GINT64_FORMAT, cartridge, partition)
               : g_strdup_printf("cartridge %d", cartridge);
}

/* "cartridge 1 file 3", as people count. */
static char *file_text(const Walker *walker)
{
    g_autofree char *partition = partition_text(walker->cartridge, walker->partition);

    return g_strdup_printf("%s file %" G_GINT64_FORMAT, partition, walker->file);
}

static void end_file(Walker *walker)
{
    if (walker->on_file_end) {
        walker->on_file_end(walker);
    }
    walker->file++;
    walker->block = 0;
}

static bool take_object(Walker *walker, MediumResult result, const uint8_t *buffer, size_t length)
{
    g_autofree char *file = NULL;

    switch (result) {
    case MEDIUM_OK:
    case MEDIUM_EARLY_WARNING:
        if (walker->on_block) {
            walker->on_block(walker, buffer, length);
        }
        walker->block++;
        return true;
    case MEDIUM_FILEMARK:
        end_file(walker);
        return true;
    case MEDIUM_SETMARK:
        return true;
    case MEDIUM_READ_ERROR:
    case MEDIUM_CORRUPT:
        if (walker->on_damage) {
            walker->on_damage(walker);
        }
        walker->block++;
        return true;
    case MEDIUM_EOD:
    case MEDIUM_END_OF_PARTITION:
        if (walker->block > 0) {
            end_file(walker);
        }
        return false;
    case MEDIUM_BOP:
    case MEDIUM_WRITE_ERROR:
    case MEDIUM_PROTECTED:
    case MEDIUM_WORM:
    case MEDIUM_INVALID:
    case MEDIUM_UNSUPPORTED:
    case MEDIUM_HOST_ERROR:
        break;
    }
    file = file_text(walker);
    find(walker->findings, "%s block %" G_GINT64_FORMAT ": the tape cannot be read on after it",
         file, walker->block);
    return false;
}

static void walk_partition(Walker *walker, TapeMedium *medium, uint8_t *buffer)
{
    MediumResult result = medium_locate(medium, walker->partition, MEDIUM_LOCATE_OBJECT, 0);
    size_t length = 0;

    walker->file = walker->block = 0;
    if (result != MEDIUM_OK && result != MEDIUM_EOD) {
        g_autofree char *partition = partition_text(walker->cartridge, walker->partition);

        find(walker->findings, "%s: its beginning cannot be reached", partition);
        return;
    }
    do {
        result = medium_read(medium, buffer, MEDIUM_BLOCK_MAX, &length);
    } while (take_object(walker, result, buffer, length));
    if (walker->on_partition_end) {
        walker->on_partition_end(walker);
    }
}

/* `partitions`: how many there are; may be NULL. */
static bool walk(Walker *walker, const char *path, uint32_t *partitions, char **notice,
                 GError **error)
{
    g_autoptr(TapeMedium) medium = medium_open(path, true, executor_inline(), notice, error);
    g_autofree uint8_t *buffer = NULL;
    MediumInfo info;

    if (!medium) {
        return false;
    }
    buffer = g_malloc(MEDIUM_BLOCK_MAX);
    medium_info(medium, &info);
    for (walker->partition = 0; walker->partition < info.geometry.partitions; walker->partition++) {
        walk_partition(walker, medium, buffer);
    }
    if (partitions) {
        *partitions = info.geometry.partitions;
    }
    return true;
}

/* ---- the shape: files of so many blocks of such a size ---- */

typedef struct Shape {
    int64_t blocks;
    size_t first, last; /* sizes */
    int64_t odd; /* the first block, but for the last, that is not as long as the first; -1 */
    bool previous_odd;
    uint64_t bytes;
} Shape;

typedef struct ShapeCheck {
    const GArray *expected; /* of TapeFile; NULL: any */
    Shape shape;
    uint64_t damaged; /* blocks */
    GString *listing;
} ShapeCheck;

/* The `file`th of those that are expected in a partition; NULL: none is. */
static const TapeFile *expected_file(const GArray *expected, int64_t partition, int64_t file)
{
    guint i;

    for (i = 0; i < expected->len; i++) {
        const TapeFile *candidate = &g_array_index(expected, TapeFile, i);

        if (candidate->partition == partition && file-- == 0) {
            return candidate;
        }
    }
    return NULL;
}

static int64_t count_expected(const GArray *expected, int64_t partition)
{
    int64_t count = 0;

    while (expected_file(expected, partition, count)) {
        count++;
    }
    return count;
}

static void shape_block(Walker *walker, const uint8_t *bytes, size_t length)
{
    Shape *shape = &((ShapeCheck *)walker->data)->shape;

    if (shape->blocks == 0) {
        *shape = (Shape){ .first = length, .odd = -1 };
    } else if (shape->odd < 0 && shape->last != shape->first) {
        shape->odd = shape->blocks - 1;
    }
    shape->last = length;
    shape->blocks++;
    shape->bytes += length;
}

static void shape_damage(Walker *walker)
{
    ShapeCheck *check = walker->data;
    g_autofree char *file = file_text(walker);

    check->damaged++;
    find(walker->findings, "%s block %" G_GINT64_FORMAT ": damaged on the medium", file,
         walker->block);
    g_string_append_printf(check->listing, "%s block %" G_GINT64_FORMAT ": damaged\n", file,
                           walker->block);
}

static void compare_shape(const Walker *walker, const Shape *shape, const TapeFile *expected)
{
    g_autofree char *count = count_range_text(expected->blocks);
    g_autofree char *file = file_text(walker);
    const char *where = shape->odd >= 0 ? " in the middle" : "";

    if (!count_in_range(expected->blocks, shape->blocks)) {
        find(walker->findings, "%s has %" G_GINT64_FORMAT " blocks, not %s", file, shape->blocks,
             count);
    }
    if (expected->size == 0 || shape->blocks == 0) {
        return;
    }
    if (shape->odd >= 0 || (shape->first != expected->size && shape->blocks > 1) ||
        (shape->last != expected->size &&
         !(expected->short_last && shape->last < expected->size))) {
        find(walker->findings, "%s: blocks of %zu%s and at last %zu bytes, not %" G_GUINT64_FORMAT,
             file, shape->first, where, shape->last, expected->size);
    }
}

static void shape_end(Walker *walker)
{
    ShapeCheck *check = walker->data;
    Shape *shape = &check->shape;
    g_autofree char *file = file_text(walker);
    const TapeFile *expected =
        check->expected ? expected_file(check->expected, walker->partition, walker->file) : NULL;

    if (shape->blocks == 0) {
        shape->odd = -1;
    }
    g_string_append_printf(check->listing,
                           "%s: %" G_GINT64_FORMAT " blocks, %" G_GUINT64_FORMAT
                           " bytes, first %zu, last %zu%s\n",
                           file, shape->blocks, shape->bytes, shape->first, shape->last,
                           shape->odd >= 0 ? ", others between" : "");
    if (expected) {
        compare_shape(walker, shape, expected);
    }
    *shape = (Shape){ .odd = -1 };
}

static void shape_partition_end(Walker *walker)
{
    const ShapeCheck *check = walker->data;
    int64_t expected = check->expected ? count_expected(check->expected, walker->partition) : 0;
    g_autofree char *partition = partition_text(walker->cartridge, walker->partition);

    if (check->expected && walker->file != expected) {
        find(walker->findings, "%s has %" G_GINT64_FORMAT " files, not %" G_GINT64_FORMAT,
             partition, walker->file, expected);
    }
}

/* What is expected in partitions that are not there. */
static void miss_partitions(const GArray *expected, int number, uint32_t partitions,
                            GPtrArray *findings)
{
    guint i;

    for (i = 0; i < expected->len; i++) {
        int64_t partition = g_array_index(expected, TapeFile, i).partition;

        if (partition >= partitions) {
            find(findings, "cartridge %d has no partition %" G_GINT64_FORMAT, number, partition);
            return;
        }
    }
}

static bool check_shape(const Expectation *expect, int number, const char *path,
                        GPtrArray *findings, GString *listing, GError **error)
{
    GPtrArray *tape = expect->tape;
    ShapeCheck check = { .listing = listing,
                         .expected =
                             tape && number <= (int)tape->len ? tape->pdata[number - 1] : NULL };
    Walker walker = { .cartridge = number,
                      .on_block = shape_block,
                      .on_file_end = shape_end,
                      .on_damage = shape_damage,
                      .on_partition_end = shape_partition_end,
                      .data = &check,
                      .findings = findings };
    g_autofree char *notice = NULL;
    uint32_t partitions;

    if (!walk(&walker, path, &partitions, &notice, error)) {
        return false;
    }
    if (notice) {
        g_string_append_printf(listing, "cartridge %d: %s\n", number, notice);
        if (expect->clean) {
            find(findings, "cartridge %d had to be recovered: %s", number, notice);
        }
    }
    if (check.damaged > FINDINGS_MAX) {
        g_ptr_array_add(findings, g_strdup_printf("cartridge %d: %" G_GUINT64_FORMAT
                                                  " blocks are damaged on the medium",
                                                  number, check.damaged));
    }
    if (check.expected) {
        miss_partitions(check.expected, number, partitions, findings);
    }
    return true;
}

/* ---- stamped records ---- */

typedef struct StampCheck {
    const StampRange *range;
    int64_t found;
    bool wrong; /* one finding is enough: the rest follows from it */
} StampCheck;

static void stamp_block(Walker *walker, const uint8_t *bytes, size_t length)
{
    StampCheck *check = walker->data;
    const StampRange *range = check->range;
    Stamp stamp;

    g_autofree char *file = NULL;

    if (walker->partition != range->partition || walker->file != range->file || check->wrong) {
        return;
    }
    check->wrong = true;
    file = file_text(walker);
    if (!stamp_check(bytes, length, &stamp)) {
        find(walker->findings, "%s record %" G_GINT64_FORMAT ": damaged, or not a stamped record",
             file, walker->block);
    } else if (stamp.run != (uint64_t)range->run ||
               stamp.sequence != (uint64_t)(range->first + check->found)) {
        find(walker->findings,
             "%s: where record %" G_GINT64_FORMAT " of run %" G_GINT64_FORMAT
             " was written, there is record %" G_GUINT64_FORMAT " of run %" G_GUINT64_FORMAT,
             file, range->first + check->found, range->run, stamp.sequence, stamp.run);
    } else {
        check->wrong = false;
        check->found++;
    }
}

static bool check_stamps(const StampRange *range, char *const *cartridges, GPtrArray *findings,
                         GError **error)
{
    StampCheck check = { .range = range };
    Walker walker = { .cartridge = (int)range->cartridge,
                      .on_block = stamp_block,
                      .data = &check,
                      .findings = findings };
    g_autofree char *count = count_range_text(range->records);

    if (range->cartridge > (int64_t)g_strv_length((char **)cartridges)) {
        find(findings, "there is no cartridge %" G_GINT64_FORMAT, range->cartridge);
        return true;
    }
    if (!walk(&walker, cartridges[range->cartridge - 1], NULL, NULL, error)) {
        return false;
    }
    if (!check.wrong && !count_in_range(range->records, check.found)) {
        g_autofree char *partition = partition_text(walker.cartridge, range->partition);

        find(findings,
             "%s file %" G_GINT64_FORMAT " holds %" G_GINT64_FORMAT
             " records of run %" G_GINT64_FORMAT ", not %s",
             partition, range->file, check.found, range->run, count);
    }
    return true;
}

/* ---- files and their sums ---- */

/* Is it one of these, or in one of them? */
static bool is_below(const char *path, char *const *names)
{
    for (; names && *names; names++) {
        size_t length = strlen(*names);

        if (strncmp(path, *names, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* The name that a file of /data has in an archive made in `from`; NULL if it is not of the set. */
static const char *name_in_set(const FileSet *set, char *path)
{
    char *slash;

    for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        int differs;

        *slash = '\0';
        differs = fnmatch(set->from, path, FNM_PATHNAME);
        *slash = '/';
        if (!differs) {
            break;
        }
    }
    if (!slash) {
        return NULL;
    }
    return (!set->names || is_below(slash + 1, set->names)) && !is_below(slash + 1, set->except)
               ? slash + 1
               : NULL;
}

/* Name → sum, of a set. Free with g_hash_table_unref. NULL: the guest has no list of sums. */
static GHashTable *sums_of_set(const FileSet *set, const char *guest)
{
    g_autofree char *path = g_build_filename(guest, "data.sha256", NULL);
    g_autofree char *text = NULL;
    GHashTable *sums;
    char *line, *next;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    sums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (line = text; *line; line = next) {
        const char *name;

        next = line + strcspn(line, "\n");
        if (*next) {
            *next++ = '\0';
        }
        name = strlen(line) > 66 ? name_in_set(set, line + 66) : NULL;
        if (name) {
            g_hash_table_insert(sums, g_strdup(name), g_strndup(line, 64));
        }
    }
    return sums;
}

typedef struct SumCheck {
    GHashTable *expected; /* what has not been seen yet */
    GPtrArray *findings;
    const char *what;
} SumCheck;

static void check_sum(void *data, const char *name, const char *sha256)
{
    SumCheck *check = data;
    const char *expected = g_hash_table_lookup(check->expected, name);

    if (!expected) {
        find(check->findings, "%s holds %s, which is not there or was there before", check->what,
             name);
    } else if (!g_str_equal(expected, sha256)) {
        find(check->findings, "%s: the contents of %s are not what they were", check->what, name);
    }
    g_hash_table_remove(check->expected, name);
}

static bool begin_sums(SumCheck *check, const FileSet *set, const char *guest)
{
    check->expected = sums_of_set(set, guest);
    if (!check->expected || g_hash_table_size(check->expected) == 0) {
        find(check->findings, "%s: no file of the guest's /data is in %s", check->what, set->from);
    }
    return check->expected != NULL;
}

static void end_sums(SumCheck *check)
{
    GHashTableIter iter;
    void *name;

    g_hash_table_iter_init(&iter, check->expected);
    if (g_hash_table_iter_next(&iter, &name, NULL)) {
        find(check->findings, "%s lacks %u files, such as %s", check->what,
             g_hash_table_size(check->expected), (const char *)name);
    }
    g_hash_table_unref(check->expected);
}

void oracle_compare_sums(const FileSet *set, const char *guest, const char *sums,
                         GPtrArray *findings)
{
    SumCheck check = { .findings = findings, .what = "what was restored" };
    g_auto(GStrv) lines = g_strsplit(sums, "\n", -1);
    char **line;

    if (!begin_sums(&check, set, guest)) {
        return;
    }
    for (line = lines; *line; line++) {
        const char *name = strlen(*line) > 66 ? *line + 66 : "";

        if (!*name) {
            if (**line) {
                find(findings, "'%.40s' is no line of sha256sum", *line);
            }
            continue;
        }
        while (g_str_has_prefix(name, "./")) {
            name += 2;
        }
        (*line)[MIN(strlen(*line), 64)] = '\0';
        check_sum(&check, name, *line);
    }
    end_sums(&check);
}

/* ---- tar ---- */

typedef struct TarCheckState {
    const TarCheck *check;
    TarReader *reader;
    bool failed;
} TarCheckState;

static void tar_block(Walker *walker, const uint8_t *bytes, size_t length)
{
    TarCheckState *state = walker->data;
    g_autoptr(GError) error = NULL;

    if (walker->partition == state->check->partition &&
        walker->file == (walker->cartridge == 1 ? state->check->file : 0) && !state->failed &&
        !tar_reader_feed(state->reader, bytes, length, &error)) {
        find(walker->findings, "cartridge %d record %" G_GINT64_FORMAT ": %s", walker->cartridge,
             walker->block, error->message);
        state->failed = true;
    }
}

static bool check_tar(const TarCheck *check, const char *guest, char *const *cartridges,
                      GPtrArray *findings, GError **error)
{
    SumCheck sums = { .findings = findings, .what = "the archive on the tape" };
    g_autoptr(TarReader) reader = tar_reader_new(check_sum, &sums);
    TarCheckState state = { .check = check, .reader = reader };
    Walker walker = { .on_block = tar_block, .data = &state, .findings = findings };
    g_autoptr(GError) incomplete = NULL;

    if (!begin_sums(&sums, &check->files, guest)) {
        return true;
    }
    for (walker.cartridge = 1; walker.cartridge <= check->cartridges; walker.cartridge++) {
        if (!cartridges[walker.cartridge - 1]) {
            find(findings, "there is no cartridge %d", walker.cartridge);
            break;
        }
        if (walker.cartridge > 1) {
            tar_reader_next_volume(reader);
        }
        if (!walk(&walker, cartridges[walker.cartridge - 1], NULL, NULL, error)) {
            g_hash_table_unref(sums.expected);
            return false;
        }
    }
    if (!state.failed && !tar_reader_end(reader, &incomplete)) {
        find(findings, "%s", incomplete->message);
    }
    end_sums(&sums);
    return true;
}

/* ---- dump ---- */

typedef struct DumpCheckState {
    const DumpCheck *check;
    DumpReader *reader;
    bool failed;
} DumpCheckState;

static void dump_block(Walker *walker, const uint8_t *bytes, size_t length)
{
    DumpCheckState *state = walker->data;
    g_autoptr(GError) error = NULL;

    if (walker->partition == state->check->partition && walker->file == state->check->file &&
        !state->failed && !dump_reader_feed(state->reader, bytes, length, &error)) {
        find(walker->findings, "cartridge %d record %" G_GINT64_FORMAT ": %s", walker->cartridge,
             walker->block, error->message);
        state->failed = true;
    }
}

static bool check_dump(const DumpCheck *check, const char *guest, char *const *cartridges,
                       GPtrArray *findings, GError **error)
{
    SumCheck sums = { .findings = findings, .what = "the dump on the tape" };
    g_autoptr(DumpReader) reader = dump_reader_new(check_sum, &sums);
    DumpCheckState state = { .check = check, .reader = reader };
    Walker walker = { .cartridge = (int)check->cartridge,
                      .on_block = dump_block,
                      .data = &state,
                      .findings = findings };
    g_autoptr(GError) incomplete = NULL;
    bool read;

    if (check->cartridge > (int64_t)g_strv_length((char **)cartridges)) {
        find(findings, "there is no cartridge %" G_GINT64_FORMAT, check->cartridge);
        return true;
    }
    if (!begin_sums(&sums, &check->files, guest)) {
        return true;
    }
    read = walk(&walker, cartridges[check->cartridge - 1], NULL, NULL, error);
    if (read && !state.failed && !dump_reader_end(reader, &incomplete)) {
        find(findings, "%s", incomplete->message);
    }
    end_sums(&sums);
    return read;
}

static bool check_mtf(const MtfCheck *check, char *const *cartridges, GPtrArray *findings,
                      GError **error)
{
    if (check->cartridge > g_strv_length((char **)cartridges)) {
        find(findings, "there is no cartridge %" G_GINT64_FORMAT, check->cartridge);
        return true;
    }
    return oracle_judge_mtf(check, cartridges[check->cartridge - 1], findings, error);
}

bool oracle_judge(const Expectation *expect, const char *guest, char *const *cartridges,
                  GPtrArray *findings, GString *listing, GError **error)
{
    guint i;

    for (i = 0; cartridges[i]; i++) {
        if (!check_shape(expect, (int)i + 1, cartridges[i], findings, listing, error)) {
            return false;
        }
    }
    if (expect->tape && expect->tape->len > i) {
        find(findings, "there are %u cartridges, not %u", i, expect->tape->len);
    }
    for (i = 0; expect->stamps && i < expect->stamps->len; i++) {
        if (!check_stamps(expect->stamps->pdata[i], cartridges, findings, error)) {
            return false;
        }
    }
    if (expect->tar && !check_tar(expect->tar, guest, cartridges, findings, error)) {
        return false;
    }
    if (expect->dump && !check_dump(expect->dump, guest, cartridges, findings, error)) {
        return false;
    }
    return !expect->mtf || check_mtf(expect->mtf, cartridges, findings, error);
}
