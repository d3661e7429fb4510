/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the drive found of its host's bus, and what `expect: bus:` makes of it. */
#include "scenarios/runner/judges/judge-bus.h"
#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/language/scenario.h"
#include "tests/support/suite.h"

#include <glib/gstdio.h>
#include <string.h>

TCase *make_bus_tcase(void);

#define OVERLAP  "cbw-before-csw: transfer 57, packet 113, tag 0000001c: a CBW too early"
#define UNSENSED "sense-missing: transfer 60, tag 0000001d: no sense (SPC-3 § 6.27; advice)"

static BusTally *tally_of(unsigned overlaps, unsigned unsensed)
{
    BusTally *tally = bus_tally_new();

    for (; overlaps > 0; overlaps--) {
        bus_tally_add(tally, OVERLAP, NULL);
    }
    for (; unsensed > 0; unsensed--) {
        bus_tally_add(tally, UNSENSED, NULL);
    }
    return tally;
}

/* A key of `expect:`, against a host that broke the first rule so often, and so often an advice. */
static const struct {
    const char *bus;
    unsigned overlaps, unsensed;
    bool broken, missing;
    const char *reason; /* "": there is none */
} rows[] = {
    { "clean", 0, 0, false, false, "" },
    { "clean", 1, 0, true, false,
      "the host broke a rule of the bus: cbw-before-csw: transfer 57, packet 113, tag 0000001c: a "
      "CBW too early" },
    { "clean", 3, 0, true, false,
      "the host broke a rule of the bus: cbw-before-csw, 3 times; the first: transfer 57, packet "
      "113, tag 0000001c: a CBW too early" },
    /* advice is no violation, unless it is named */
    { "clean", 0, 9, false, false, "" },
    { "{sense-missing: 0}", 0, 1, true, false,
      "the host broke a rule of the bus 1 times, not 0: sense-missing: transfer 60, tag 0000001d: "
      "no "
      "sense (SPC-3 § 6.27; advice)" },
    { "{sense-missing: 1}", 0, 1, false, false, "" },
    { "{sense-missing: 1}", 1, 1, true, false,
      "the host broke a rule of the bus: cbw-before-csw: transfer 57, packet 113, tag 0000001c: a "
      "CBW too early" },
    { "{cbw-before-csw: 2..3}", 2, 0, false, false, "" },
    { "{cbw-before-csw: 2..3}", 4, 0, true, false,
      "the host broke a rule of the bus 4 times, not 2 to 3: cbw-before-csw, 4 times; the first: "
      "transfer 57, packet 113, tag 0000001c: a CBW too early" },
    { "{cbw-before-csw: \">=1\"}", 0, 0, false, true,
      "the host broke a rule of the bus 0 times, not at least 1: cbw-before-csw" },
    { "cbw-before-csw", 1, 0, false, false, "" },
    { "cbw-before-csw", 0, 0, false, true,
      "the host broke a rule of the bus 0 times, not at least 1: cbw-before-csw" },
    { "[cbw-before-csw, sense-missing]", 2, 2, false, false, "" },
    { "[cbw-before-csw, sense-missing]", 2, 0, false, true,
      "the host broke a rule of the bus 0 times, not at least 1: sense-missing" },
};

static GPtrArray *read_scenario(const char *bus, GError **error)
{
    g_autofree char *text =
        g_strdup_printf("name: n\nabout: a\nsteps: [{run: x}]\nexpect: {bus: %s}\n"
                        "selfcheck: [{bad: b, faults: [{name: drive.busy}], outcome: detected}]\n",
                        bus);

    return scenario_parse("f", text, strlen(text), NULL, error);
}

START_TEST(bus_is_compared_with_what_was_expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases = read_scenario(rows[_i].bus, &error);
    g_autoptr(BusTally) tally = tally_of(rows[_i].overlaps, rows[_i].unsensed);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    bool broken = false, missing = false;

    ck_assert_msg(cases != NULL, "%s: %s", rows[_i].bus, error ? error->message : "");
    bus_check_judge(EXPECT_CHECK(&((const Scenario *)cases->pdata[0])->expect, bus), tally, reasons,
                    &broken, &missing);
    ck_assert_str_eq(reasons->len > 0 ? reasons->pdata[0] : "", rows[_i].reason);
    ck_assert_int_eq(broken, rows[_i].broken);
    ck_assert_int_eq(missing, rows[_i].missing);
}
END_TEST

START_TEST(without_the_key_nothing_is_expected)
{
    g_autoptr(BusTally) tally = tally_of(2, 2);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    bool broken = false, missing = false;

    bus_check_judge(NULL, tally, reasons, &broken, &missing);
    ck_assert(reasons->len == 0 && !broken && !missing);
}
END_TEST

/* A drive whose trace is not there shows nothing. */
START_TEST(without_a_trace_nothing_is_shown)
{
    g_autoptr(GPtrArray) cases = read_scenario("clean", NULL);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    Evidence evidence = { 0 };
    Judgement judgement = { .evidence = &evidence, .reasons = reasons };
    void *const *checks;

    ck_assert_ptr_nonnull(cases);
    checks = ((const Scenario *)cases->pdata[0])->expect.checks;
    ck_assert(judge_bus.judge(checks[JUDGE_NUMBER_bus], &judgement, NULL));
    ck_assert(evidence.unfired && !evidence.bus_broken);
    ck_assert_uint_eq(reasons->len, 1);
}
END_TEST

static const struct {
    const char *bus, *error;
} refused[] = {
    { "dirty", "f:4:15: there is no rule 'dirty' of the bus: see `usbtape list bus-rules`" },
    { "{cbw: 1}", "f:4:16: there is no rule 'cbw' of the bus: see `usbtape list bus-rules`" },
    { "{cbw-before-csw: many}", "f:4:32: " },
    { "[]", "f:4:15: write `clean`, or the rules that are to be broken" },
    { "[[]]", "f:4:16: " },
    { "{clean: 1}", "f:4:16: there is no rule 'clean' of the bus" },
};

START_TEST(other_values_are_refused)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases = read_scenario(refused[_i].bus, &error);

    ck_assert(cases == NULL && error != NULL);
    ck_assert_msg(g_str_has_prefix(error->message, refused[_i].error), "%s", error->message);
}
END_TEST

START_TEST(a_trace_is_read)
{
    static const char trace[] =
        "{\"us\":1,\"point\":\"bot.state\",\"text\":\"bus.violation\"}\n"
        "{\"us\":2,\"point\":\"bus.violation\",\"text\":\"" OVERLAP "\"}\n"
        "{\"us\":3,\"point\":\"bus.violation\",\"text\":\"" UNSENSED "\"}\n"
        "{\"us\":3,\"point\":\"bus.violation\",\"text\":\"a-rule-of-later: transfer 1\"}\n"
        "{\"us\":3,\"point\":\"bus.violation\",\"text\":\"\"}\n"
        "{\"us\":4,\"point\":\"bus.violation\",\"text\":\"" OVERLAP "\"}\n"
        "{\"us\":5,\"point\":\"bus.violation\",\"te";
    g_autofree char *directory = suite_temp_dir();
    g_autofree char *path = g_build_filename(directory, "trace-1.jsonl", NULL);
    g_autofree char *none = g_build_filename(directory, "trace-2.jsonl", NULL);
    g_autoptr(BusTally) tally = bus_tally_new();
    unsigned overlap = bus_rule_by_key("cbw-before-csw", strlen("cbw-before-csw"));
    g_autofree char *text = NULL, *other = NULL;

    ck_assert(g_file_set_contents(path, trace, -1, NULL));
    ck_assert(bus_tally_add_trace(tally, path, "life 1"));
    ck_assert(!bus_tally_add_trace(tally, none, "life 2"));
    text = bus_tally_text(tally, overlap);
    ck_assert_str_eq(text,
                     "cbw-before-csw, 2 times; the first: life 1: transfer 57, packet 113, tag "
                     "0000001c: a CBW too early");
    other = bus_tally_text(tally, (overlap + 1) % BUS_N_RULES);
    ck_assert_ptr_null(other);
    g_unlink(path);
    g_rmdir(directory);
}
END_TEST

TCase *make_bus_tcase(void)
{
    TCase *tcase = tcase_create("bus");

    tcase_add_loop_test(tcase, bus_is_compared_with_what_was_expected, 0, G_N_ELEMENTS(rows));
    tcase_add_test(tcase, without_the_key_nothing_is_expected);
    tcase_add_test(tcase, without_a_trace_nothing_is_shown);
    tcase_add_loop_test(tcase, other_values_are_refused, 0, G_N_ELEMENTS(refused));
    tcase_add_test(tcase, a_trace_is_read);
    return tcase;
}
