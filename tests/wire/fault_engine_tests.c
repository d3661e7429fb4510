/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine over a whole drive: all kinds are tried, runs repeat, and nothing is paid for nothing.
 */
#include <string.h>

#include "emu/base/error.h"
#include "emu/ssc/table.h"
#include "tests/support/suite.h"
#include "tests/wire/fault_rig.h"

TCase *make_fault_engine_tcase(void);

static bool is_tried(const FaultRow *rows, const char *name)
{
    g_autofree char *text = g_strdup_printf("name: %s", name);
    size_t length = strlen(text);

    for (; rows->rules; rows++) {
        const char *found = strstr(rows->rules, text);

        if (found && (found[length] == ',' || found[length] == '}')) {
            return true;
        }
    }
    return false;
}

START_TEST(every_kind_is_tried)
{
    const FaultKind *const *kind;

    for (kind = fault_kinds(); *kind; kind++) {
        const char *name = (*kind)->name;

        ck_assert_msg(is_tried(fault_usb_rows, name) || is_tried(fault_queue_rows, name) ||
                          is_tried(fault_medium_rows, name) || is_tried(fault_drive_rows, name),
                      "no row tries %s", name);
    }
}
END_TEST

/* What the rules do to a run of the same steps, and the lines they leave. */
static char *record_of(const char *rules, uint64_t seed)
{
    FaultRig rig;
    g_autofree char *results = NULL;
    g_autofree char *tape = NULL;
    char *record;

    fault_rig_init(&rig, rules, seed);
    results = fault_rig_run(&rig, "w*40 fm rw r*42");
    tape = fault_rig_tape(&rig);
    record = g_strconcat(results, "\n", tape, "\n", rig.firings->str, NULL);
    fault_rig_clear(&rig);
    return record;
}

START_TEST(same_seed_same_run)
{
    const char *rules = "[{name: queue.reorder, window: 4, policy: random, prob: 0.3, count: inf},"
                        " {name: drive.busy, prob: 0.1, count: inf},"
                        " {name: medium.bit-rot, prob: 0.1, count: inf, on: READ(6)},"
                        " {name: usb.csw-tag, prob: 0.05, count: inf}]";
    g_autofree char *first = record_of(rules, 7), *again = record_of(rules, 7);
    g_autofree char *other = record_of(rules, 8);

    ck_assert_str_eq(first, again);
    ck_assert_str_ne(first, other);
    ck_assert_ptr_nonnull(strstr(first, "seed=7"));
}
END_TEST

/* One line a firing, with all that there is to know. */
START_TEST(firings_are_traced)
{
    FaultRig rig;
    g_autofree char *results = NULL;

    fault_rig_init(&rig, "{name: drive.busy, on: \"WRITE(6)#2\"}", 5);
    results = fault_rig_run(&rig, "w*2");
    ck_assert_str_eq(rig.firings->str,
                     "drive.busy rule=1 at=plan:1 seed=5 firing=1 command=2 tag=7 "
                     "cdb=0a000004000000000000000000000000 object=0/1 phase=command\n");
    fault_rig_clear(&rig);
}
END_TEST

/* What there is to know stays in as many words, and one line, whatever the file is called. */
START_TEST(firings_have_their_words)
{
    const char *rule = "{name: drive.busy}";
    FaultRig rig;
    g_autofree char *results = NULL;
    g_auto(GStrv) words = NULL;

    fault_rig_init(&rig, "{name: drive.hang, on: ERASE(16)}", 5);
    ck_assert(drive_add_faults(rig.drive, "a b\n100%.yaml", rule, strlen(rule), NULL));
    results = fault_rig_run(&rig, "w");
    words = g_strsplit(rig.firings->str, " ", -1);
    ck_assert_uint_eq(g_strv_length(words), 10);
    ck_assert_str_eq(words[2], "at=a%20b%0A100%25.yaml:1");
    fault_rig_clear(&rig);
}
END_TEST

/* A rule can name whatever the drive can be told. */
START_TEST(every_command_has_a_name)
{
    unsigned n, i;
    const SscRow *rows = ssc_table(&n);

    for (i = 0; i < n; i++) {
        g_auto(GStrv) parts = g_strsplit(rows[i].command->name, " (", 2);

        if (rows[i].command->opcode < 0xa3) { /* MAINTENANCE IN and OUT are many in one */
            ck_assert_msg(fault_opcode(parts[0]) == rows[i].command->opcode, "%s",
                          rows[i].command->name);
        }
    }
    ck_assert_int_eq(fault_opcode("MAINTENANCE IN"), 0xa3);
    ck_assert_int_eq(fault_opcode("REPORT TIMESTAMP"), -1); /* one of MAINTENANCE IN's many */
    ck_assert_int_eq(fault_opcode("READ POSITION (long)"), -1);
    ck_assert_int_eq(fault_opcode("0Ah"), 0x0a);
    ck_assert_int_eq(fault_opcode("READ"), -1);
}
END_TEST

/* Interposers are there only while a rule needs them. */
START_TEST(no_rule_no_interposer)
{
    g_autoptr(GError) error = NULL;
    FaultRig rig;
    g_autofree char *results = NULL;
    const char *usb = "{name: usb.stall-csw, on: WRITE(6)}";

    fault_rig_init(&rig, "{name: drive.busy}", 1);
    ck_assert(rig.plan->in_place->at_task && !rig.plan->in_place->at_transfer &&
              !rig.plan->in_place->at_medium);
    ck_assert(drive_add_faults(rig.drive, "live", usb, strlen(usb), &error));
    ck_assert(rig.plan->in_place->at_transfer && !rig.plan->in_place->at_medium);
    results = fault_rig_run(&rig, "tur w");
    ck_assert_str_eq(results, "0/00/00 ok | stall-csw clear-in");
    ck_assert(drive_remove_fault(rig.drive, 2, &error));
    ck_assert(rig.plan->in_place->at_task && !rig.plan->in_place->at_transfer);
    ck_assert(drive_remove_fault(rig.drive, 0, &error));
    ck_assert(!rig.plan->in_place->at_task && !rig.plan->in_place->at_transfer &&
              !rig.plan->in_place->at_medium);
    ck_assert_uint_eq(rig.plan->removed->len, 2);
    fault_rig_clear(&rig);
}
END_TEST

/* While a queue lies, it stays; it goes when the tape has been positioned. */
START_TEST(liars_stay_until_nobody_notices)
{
    g_autoptr(GError) error = NULL;
    FaultRig rig;
    g_autofree char *a = NULL, *b = NULL;
    const char *more = "{name: drive.busy, on: LOAD UNLOAD}";

    fault_rig_init(&rig, "{name: queue.drop}", 1);
    a = fault_rig_run(&rig, "w*2 pos");
    ck_assert_str_eq(a, "ok*2 @2");
    ck_assert(drive_remove_fault(rig.drive, 0, &error));
    ck_assert_ptr_nonnull(rig.plan->in_place->at_medium);
    b = fault_rig_run(&rig, "pos rw r r");
    ck_assert_str_eq(b, "@2 ok =1 eod | stall-in clear-in");
    ck_assert(drive_add_faults(rig.drive, "live", more, strlen(more), &error));
    ck_assert_ptr_null(rig.plan->in_place->at_medium);
    fault_rig_clear(&rig);
}
END_TEST

/* A host that attaches, works and leaves while rules come and go at every step. */
START_TEST(rules_may_come_at_any_time)
{
    static const char *const rules[] = {
        "{name: usb.csw-late, delay: 1s}",
        "{name: queue.hold, records: 3}",
        "{name: drive.slow, for: 1s}",
        "{name: medium.filemark, how: extra}",
    };
    g_autoptr(GError) error = NULL;
    FaultRig rig;
    unsigned i;

    fault_rig_init(&rig, "{name: drive.slow, for: 1s}", 3);
    for (i = 0; i < 40; i++) {
        const char *rule = rules[i % G_N_ELEMENTS(rules)];
        g_autofree char *results = fault_rig_run(&rig, i % 9 ? "w fm" : "rw reset tur");

        ck_assert(!strstr(results, "gone"));
        ck_assert(drive_add_faults(rig.drive, "live", rule, strlen(rule), &error));
        if (i % 3 == 2) {
            ck_assert(drive_remove_fault(rig.drive, 0, &error));
        }
    }
    fault_rig_clear(&rig);
}
END_TEST

/* A rule of any kind, with what it must be told, at any command. */
static char *any_rule(Random *random)
{
    unsigned n = 0;
    const FaultKind *const *kinds = fault_kinds();
    const FaultKind *kind;
    GString *text;
    const FaultParam *param;

    while (kinds[n]) {
        n++;
    }
    kind = kinds[random_below(random, n)];
    text = g_string_new(NULL);
    g_string_printf(text, "{name: %s, prob: 0.%u, count: %u", kind->name,
                    1 + (unsigned)random_below(random, 9), 1 + (unsigned)random_below(random, 4));
    for (param = kind->params; param->name; param++) {
        if (!param->fallback) {
            const char *value = param->type == FAULT_DURATION ? "2s"
                                : param->name[0] == 'b'       ? "3"
                                                              : "2";

            g_string_append_printf(text, ", %s: %s", param->name, value);
        }
    }
    if (g_str_equal(kind->name, "usb.identity-change")) {
        g_string_append(text, ", serial: 0123456789AB");
    } else if (g_str_equal(kind->name, "drive.unsupported")) {
        g_string_append(text, ", on: READ POSITION");
    }
    g_string_append(text, "}");
    return g_string_free(text, FALSE);
}

static const char *any_step(Random *random)
{
    static const char *const steps[] = {
        "w",
        "w*3",
        "w*20",
        "r",
        "r*3",
        "fm",
        "fm=2",
        "sync",
        "rw",
        "eod",
        "fsf=1",
        "bsf=1",
        "fsr=2",
        "bsr=2",
        "loc=3",
        "loc=99",
        "pos",
        "tur",
        "inq",
        "ms",
        "alerts",
        "unload",
        "load",
        "lock",
        "unlock",
        "plug",
        "reset",
        "wait=3s",
        "comp=1",
        "bl=0",
        "size=100",
        "size=2000",
        "pieces=512",
        "pieces=0",
        "status",
        "cdb=190000000000",
        "cdb=010100000000",
    };

    return steps[random_below(random, G_N_ELEMENTS(steps))];
}

/* Whatever the rules and the host do together, nobody asserts, hangs or leaks. */
static void run_at_random(uint64_t seed)
{
    Random random = random_new(seed, 0);
    g_autofree char *rule = any_rule(&random);
    FaultRig rig;
    g_autofree char *tape = NULL;
    unsigned i;

    fault_rig_init(&rig, rule, seed);
    sim_host_set_timeout(rig.host, 5 * G_USEC_PER_SEC);
    for (i = 0; i < 40; i++) {
        g_autofree char *results = NULL;

        if (i % 8 == 3) {
            g_autofree char *another = any_rule(&random);

            ck_assert(drive_add_faults(rig.drive, "live", another, strlen(another), NULL));
        } else if (i % 16 == 15) {
            ck_assert(drive_remove_fault(rig.drive, 0, NULL));
        }
        results = fault_rig_run(&rig, any_step(&random));
        sim_host_clear_log(rig.host);
    }
    tape = fault_rig_tape(&rig);
    fault_rig_clear(&rig);
}

START_TEST(any_rules_with_any_steps)
{
    uint64_t seed;
    const char *from = g_getenv("FAULT_SEED"); /* for a long look, by hand */
    uint64_t first = from ? g_ascii_strtoull(from, NULL, 10) : 1;

    for (seed = first; seed < first + 200; seed++) {
        run_at_random(seed);
    }
}
END_TEST

TCase *make_fault_engine_tcase(void)
{
    TCase *tcase = tcase_create("engine");

    tcase_add_test(tcase, every_kind_is_tried);
    tcase_add_test(tcase, same_seed_same_run);
    tcase_add_test(tcase, firings_are_traced);
    tcase_add_test(tcase, firings_have_their_words);
    tcase_add_test(tcase, every_command_has_a_name);
    tcase_add_test(tcase, no_rule_no_interposer);
    tcase_add_test(tcase, liars_stay_until_nobody_notices);
    tcase_add_test(tcase, rules_may_come_at_any_time);
    tcase_add_test(tcase, any_rules_with_any_steps);
    return tcase;
}
