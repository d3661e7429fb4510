/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/compare.h"

#include "emu/base/json-build.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/page.h"

static const struct {
    const char *name, *plural, *about;
} classes[N_COMPARE_CLASSES] = {
    [COMPARE_REGRESSION] = { "regression", "regressions", "passed before, and fails" },
    [COMPARE_REPAIR] = { "repair", "repairs", "failed before, and passes" },
    [COMPARE_CHANGED] = { "changed", "changed", "has another verdict" },
    [COMPARE_NEW] = { "new", "new", "was not in the run before" },
    [COMPARE_GONE] = { "gone", "gone", "is not in this run" },
    [COMPARE_NOTHING] = { "says nothing", "say nothing", "was skipped, or says nothing" },
    [COMPARE_SAME] = { "same", "same", "is the same" },
};

const char *compare_class_name(CompareClass class)
{
    return classes[class].name;
}

/* ---- which class ---- */

static CompareClass compare_class_of(const Result *before, const Result *after)
{
    if (!before) {
        return COMPARE_NEW;
    }
    if (!after) {
        return COMPARE_GONE;
    }
    if (result_says_nothing(before) || result_says_nothing(after)) {
        return COMPARE_NOTHING;
    }
    if (before->passed != after->passed) {
        return after->passed ? COMPARE_REPAIR : COMPARE_REGRESSION;
    }
    return g_str_equal(before->verdict, after->verdict) ? COMPARE_SAME : COMPARE_CHANGED;
}

static void compare_add(Comparison *self, GArray **by_class, const Result *before,
                        const Result *after)
{
    ComparedCase row = { compare_class_of(before, after), before, after };

    g_array_append_val(by_class[row.class], row);
    self->counts[row.class]++;
}

Comparison *comparison_new(const Results *before, const Results *after)
{
    Comparison *self = g_new0(Comparison, 1);
    GArray *by_class[N_COMPARE_CLASSES];
    guint i;

    self->before = before;
    self->after = after;
    self->cases = g_array_new(FALSE, FALSE, sizeof(ComparedCase));
    for (i = 0; i < N_COMPARE_CLASSES; i++) {
        by_class[i] = g_array_new(FALSE, FALSE, sizeof(ComparedCase));
    }
    for (i = 0; i < after->all->len; i++) {
        const Result *result = after->all->pdata[i];

        compare_add(self, by_class, g_hash_table_lookup(before->byname, result->name), result);
    }
    for (i = 0; i < before->all->len; i++) {
        const Result *result = before->all->pdata[i];

        if (!g_hash_table_contains(after->byname, result->name)) {
            compare_add(self, by_class, result, NULL);
        }
    }
    for (i = 0; i < N_COMPARE_CLASSES; i++) {
        g_array_append_vals(self->cases, by_class[i]->data, by_class[i]->len);
        g_array_unref(by_class[i]);
    }
    return self;
}

void comparison_free(Comparison *self)
{
    if (self) {
        g_array_unref(self->cases);
        g_free(self);
    }
}

/* ---- in words ---- */

char *comparison_summary(const Comparison *self)
{
    GString *text = g_string_new(NULL);
    guint i;

    for (i = 0; i < N_COMPARE_CLASSES; i++) {
        g_string_append_printf(text, "%s%u %s", i > 0 ? ", " : "", self->counts[i],
                               self->counts[i] == 1 ? classes[i].name : classes[i].plural);
    }
    return g_string_free(text, FALSE);
}

static const char *compare_name(const ComparedCase *row)
{
    return row->after ? row->after->name : row->before->name;
}

static const char *compare_verdict(const Result *result)
{
    return !result ? "–" : result->verdict ? result->verdict : "skipped";
}

/* The reason that explains the row: of the run that failed. */
static const char *compare_reason(const ComparedCase *row)
{
    return row->class == COMPARE_REPAIR || !row->after ? NULL : row->after->reason;
}

void comparison_text(const Comparison *self, GString *to)
{
    g_autofree char *summary = comparison_summary(self);
    guint i;

    for (i = 0; i < self->cases->len; i++) {
        const ComparedCase *row = &g_array_index(self->cases, ComparedCase, i);
        const char *reason = compare_reason(row);

        if (row->class == COMPARE_SAME) {
            continue;
        }
        g_string_append_printf(to, "%-12s %s: %s → %s\n", compare_class_name(row->class),
                               compare_name(row), compare_verdict(row->before),
                               compare_verdict(row->after));
        if (reason) {
            g_string_append_printf(to, "%-12s # %s\n", "", reason);
        }
        if (row->class == COMPARE_REGRESSION && row->after->directory) {
            g_autofree char *directory = markup_line(row->after->directory);

            g_string_append_printf(to, "%-12s # see %s\n", "", directory);
        }
    }
    g_string_append_printf(to, "# %s\n", summary);
}

/* ---- for other programs ---- */

void comparison_junit(const Comparison *self, GString *to)
{
    guint i;

    g_string_append(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
    markup_attribute(to, "name", "usbtape compare");
    g_string_append_printf(to, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n",
                           self->cases->len, self->counts[COMPARE_REGRESSION],
                           self->counts[COMPARE_NOTHING] + self->counts[COMPARE_GONE]);
    for (i = 0; i < self->cases->len; i++) {
        const ComparedCase *row = &g_array_index(self->cases, ComparedCase, i);
        const char *reason = compare_reason(row);
        g_autofree char *class = g_strconcat("usbtape.", compare_class_name(row->class), NULL);
        g_autofree char *message =
            g_strdup_printf("%s → %s%s%s", compare_verdict(row->before),
                            compare_verdict(row->after), reason ? ": " : "", reason ? reason : "");

        g_string_append(to, "    <testcase");
        markup_attribute(to, "classname", class);
        markup_attribute(to, "name", compare_name(row));
        if (row->class == COMPARE_REGRESSION) {
            g_string_append(to, ">\n      <failure");
            markup_attribute(to, "message", message);
            g_string_append(to, "/>\n    </testcase>\n");
        } else if (row->class == COMPARE_NOTHING || row->class == COMPARE_GONE) {
            g_string_append(to, ">\n      <skipped");
            markup_attribute(to, "message", message);
            g_string_append(to, "/>\n    </testcase>\n");
        } else {
            g_string_append(to, "/>\n");
        }
    }
    g_string_append(to, "  </testsuite>\n</testsuites>\n");
}

static void compare_add_result(JsonBuilder *builder, const char *name, const Result *result)
{
    if (result) {
        json_builder_set_member_name(builder, name);
        json_builder_begin_object(builder);
        json_add_text(builder, "verdict", result->verdict);
        json_add_bool(builder, "passed", result->passed);
        json_add_text(builder, "guest", result->guest);
        json_add_text(builder, "reason", result->reason);
        json_builder_end_object(builder);
    }
}

void comparison_json(const Comparison *self, GString *to)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;
    guint i;

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "usbtape-compare");
    json_builder_begin_object(builder);
    json_add_text(builder, "version", USBTAPE_VERSION);
    json_builder_set_member_name(builder, "counts");
    json_builder_begin_object(builder);
    for (i = 0; i < N_COMPARE_CLASSES; i++) {
        json_add_number(builder, compare_class_name(i), self->counts[i]);
    }
    json_builder_end_object(builder);
    json_builder_set_member_name(builder, "cases");
    json_builder_begin_array(builder);
    for (i = 0; i < self->cases->len; i++) {
        const ComparedCase *row = &g_array_index(self->cases, ComparedCase, i);

        json_builder_begin_object(builder);
        json_add_text(builder, "case", compare_name(row));
        json_add_text(builder, "class", compare_class_name(row->class));
        compare_add_result(builder, "before", row->before);
        compare_add_result(builder, "after", row->after);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, false);
    g_string_append_printf(to, "%s\n", text);
}

/* ---- for people ---- */

void comparison_html(const Comparison *self, GString *to)
{
    g_autofree char *summary = comparison_summary(self);
    guint i;

    g_string_append(to, PAGE_BEGINS);
    page_begin(to, "usbtape compare");
    markup_printf(to, "<h1>%s</h1>\n<p>%s → %s</p>\n", summary, self->before->path,
                  self->after->path);
    g_string_append(to, "<table><tr><th>Case</th><th></th><th>Before</th><th>After</th>"
                        "<th>Reason</th></tr>\n");
    for (i = 0; i < self->cases->len; i++) {
        const ComparedCase *row = &g_array_index(self->cases, ComparedCase, i);
        const char *reason = compare_reason(row);

        markup_printf(to, "<tr><td>%s</td><td title=\"%s\">%s</td><td>", compare_name(row),
                      classes[row->class].about, compare_class_name(row->class));
        page_verdict(to, compare_verdict(row->before));
        g_string_append(to, "</td><td>");
        page_verdict(to, compare_verdict(row->after));
        markup_printf(to, "</td><td>%s</td></tr>\n", reason ? reason : "");
    }
    g_string_append(to, "</table>\n");
    page_end(to);
}
