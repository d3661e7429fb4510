/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/error.h"
#include "scenarios/runner/judges/judge-clean.h"
#include "scenarios/runner/judges/judge-dmesg.h"
#include "scenarios/runner/judges/judge-dump.h"
#include "scenarios/runner/judges/judge-faults-fired.h"
#include "scenarios/runner/judges/judge-tape.h"
#include "scenarios/runner/judges/judge-tar.h"
#include "scenarios/runner/language/scenario.h"
#include "scenarios/runner/language/sim-plan.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_scenario_tcase(void);

#define HEAD  "name: n\nabout: a\n"
#define STEPS "steps: [{run: true}]\n"
#define SIM   "guest: sim\nsim: {task: backup, driver: F1}\n"

static const struct {
    const char *text;
    const char *message;
} refused[] = {
    { "[]\n", "f:1:1: this must be a map of keys, not a list" },
    { HEAD STEPS "expect: {mtf: {}}\n",
      "f:4:15: write runs, of `winhost`, or how many sets there are" },
    { HEAD STEPS "expect: {mtf: {runs: []}}\n", "f:4:22: an empty list" },
    { HEAD STEPS "expect: {mtf: {sets: 1, blocks: 24}}\n",
      "f:4:33: so many blocks of which 'runs'?" },
    { HEAD STEPS "expect: {mtf: {runs: [1, 0]}}\n",
      "f:4:26: '0' is out of range: from 1 to 100000" },
    { HEAD "guest: sim\nsim: {task: backup, driver: F1, shows: [{ends: silent}]}\n",
      "f:4:41: the key 'least' is missing" },
    { HEAD "guest: sim\nsim: {task: backup, driver: F1, shows: [{ends: clean, least: 1}]}\n",
      "f:4:48: a driver fails by reported, unreadable, silent or hang" },
    { HEAD "guest: sim\nsim: {task: backup, driver: F1, shows: [{ends: hang, least: 0}]}\n",
      "f:4:61: '0' is out of range: from 1 to 100" },
    { HEAD "guest: sim\nsim: {task: backup, driver: F1, shows: [{task: append, ends: hang, least: "
           "1}]}\nexpect: {outcome: hang}\n",
      "f:4:40: 'shows' says nothing of F1 in backup" },
    { HEAD "guest: sim\nsim: {task: backup, driver: F1, shows: [{ends: [silent, hang], least: "
           "1}]}\nexpect: {outcome: [detected, hang]}\n",
      "f:4:48: silent is silent-corruption, which 'expect: outcome' does not have" },
    { HEAD "guest: sim\nsim: {task: backup, driver: F1, shows: [{ends: silent, least: 1},\n"
           "  {task: append, ends: reported, least: 1}]}\nexpect: {outcome: silent-corruption}\n",
      "f:5:24: reported is detected, which 'expect: outcome' does not have" },
    { HEAD "guest: sim\nsim: {task: backup, driver: F1, shows: [{ends: hang, least: 1}]}\n",
      "f:4:48: hang is hang, which 'expect: outcome' does not have" },
    { "name: n\n" STEPS, "f:1:1: the key 'about' is missing" },
    { HEAD, "f:1:1: the key 'steps' is missing" },
    { "name: ../x\nabout: a\n" STEPS,
      "f:1:7: a name begins with a letter or digit and has at most 60" },
    { "name: ''\nabout: a\n" STEPS,
      "f:1:7: a name begins with a letter or digit and has at most 60" },
    { HEAD STEPS "guest: program\nexpect: {dmesg: {none-of: [x]}}\n",
      "f:5:17: a program has no kernel log" },
    { HEAD "steps: [{put: [a]}]\n", "f:3:15: this must be a map of keys, not a list" },
    { HEAD "steps: [{put: {}}]\n", "f:3:15: no file is named" },
    { HEAD "steps: [{put: {a: /b}, get: {c: d}}]\n",
      "f:3:9: a step has one of 'run', 'host', 'put' and 'get'" },
    { HEAD "steps: [{get: {/a: b/c}}]\n",
      "f:3:20: write a plain name: it lies in the case's directory, in files/" },
    { HEAD "steps: [{get: {/a: .c}}]\n",
      "f:3:20: write a plain name: it lies in the case's directory, in files/" },
    { HEAD "steps: [{put: {a: \"b\\n\"}}]\n", "f:3:19: a file's name is one line" },
    { HEAD "steps: [{put: {a: /b}, expect-out: x}]\n",
      "f:3:9: only a 'run' step has output to expect" },
    { HEAD "steps: []\n", "f:3:8: a scenario without steps shows nothing" },
    { HEAD "steps: x\n", "f:3:8: this must be a list, not a single value" },
    { HEAD "steps: [{}]\n", "f:3:9: a step has one of 'run', 'host', 'put' and 'get'" },
    { HEAD "steps: [{run: a, host: eject}]\n",
      "f:3:9: a step has one of 'run', 'host', 'put' and 'get'" },
    { HEAD "steps: [{host: explode}]\n",
      "f:3:16: no action 'explode': scenarios/LANGUAGE.md lists them" },
    { HEAD "steps: [{host: swap-tape}]\n",
      "f:3:16: 'swap-tape N': N is a cartridge from 1 to 99, not ''" },
    { HEAD "steps: [{host: eject now}]\n", "f:3:16: 'eject' takes nothing, not 'now'" },
    { HEAD "steps: [{host: wait 5}]\n", "f:3:16: '5' is not a duration: write a number and a unit, "
                                        "such as 250ms, 40s or 2min" },
    { HEAD "steps: [{host: eject, expect-out: a}]\n",
      "f:3:9: only a 'run' step has output to expect" },
    { HEAD "steps: [{run: a, expect-rc: 256}]\n", "f:3:29: '256' is out of range: from 0 to 255" },
    { HEAD "steps: [{run: a, expect-out: \"(\"}]\n", NULL },
    { HEAD "steps: [{run: a, timeout: 5}]\n", NULL },
    { HEAD "steps: [{run: a, tiemout: 5s}]\n",
      "f:3:18: unknown key 'tiemout': known are run, "
      "host, put, get, timeout, expect-rc, wrong-rc, expect-out, "
      "expect-files" },
    { HEAD STEPS "guest: beos\n",
      "f:4:8: no guest 'beos': `usbtape list guests` shows those there are" },
    { HEAD STEPS "seed: -1\n", NULL },
    { HEAD STEPS "seed: {from: 1, to: 3}\n", "f:4:17: unknown key 'to': known are from, count" },
    { HEAD STEPS "vary: [a]\n", "f:4:7: this must be a map of keys, not a list" },
    { HEAD STEPS "vary: {a: []}\n", "f:4:11: an axis without values" },
    { HEAD STEPS "vary: {a: [[1]]}\n", "f:4:12: this must be a single value, not a list" },
    { HEAD STEPS "start: warm\n", "f:4:8: 'warm' is not known here: choose from restored, cold" },
    { HEAD STEPS "memory: 64\n", "f:4:9: '64' is out of range: from 128 to 65536" },
    { HEAD STEPS "tape: {capacity: big}\n",
      "f:4:18: 'big' is not a size: write a number and a unit, such as 512, 64KiB or 35GB" },
    { HEAD STEPS "tape: {format: foo}\n", "f:4:16: no image format has the suffix 'foo'" },
    { HEAD STEPS "faults: drive.busy\n", "f:4:9: this must be a list, not a single value" },
    { HEAD STEPS "expect: {outcome: fine}\n",
      "f:4:19: 'fine' is not known here: choose from intact, recovered, detected, "
      "silent-corruption, false-alarm, hang, no-drive, crash, inconclusive, env-error" },
    { HEAD "steps: [{run: a, wrong-rc: any}]\n", "f:3:28: write the exit statuses" },
    { HEAD "steps: [{host: eject, wrong-rc: 1}]\n",
      "f:3:9: only a 'run' step has output to expect" },
    { HEAD STEPS "expect: {dump: {names: x}}\n", "f:4:16: the key 'from' is missing" },
    { HEAD STEPS "expect: {outcome: detected, complaint: []}\n",
      "f:4:40: no complaint at all cannot be expected" },
    { HEAD STEPS "expect: {outcome: detected, complaint: {}}\n",
      "f:4:40: a complaint has a 'step', a 'text', or both" },
    { HEAD STEPS "expect: {outcome: detected, complaint: {step: 2}}\n",
      "f:4:47: there are 1 steps" },
    { HEAD STEPS "expect: {outcome: detected, complaint: [{step: 1}, {step: 0}]}\n",
      "f:4:59: '0' is out of range: from 1 to 100000" },
    { HEAD STEPS "expect: {outcome: detected, complaint: {text: \"(\"}}\n", NULL },
    { HEAD STEPS "expect: {complaint: {step: 1}}\n",
      "f:4:21: only where the outcome is 'detected' or 'hang' is there one" },
    { HEAD STEPS "expect: {stamps: {run: 1, records: 1, partition: 256}}\n",
      "f:4:50: '256' is out of range: from 0 to 255" },
    { HEAD STEPS "tape: {set: [a]}\n", "f:4:13: this must be a map of keys, not a list" },
    { HEAD STEPS "tape: {set: {a: [1]}}\n", "f:4:17: this must be a single value, not a list" },
    { HEAD STEPS "expect: {outcome: env-error}\n",
      "f:4:19: 'env-error' shows nothing, so it cannot be expected" },
    { HEAD STEPS "expect: {tape: [{blocks: 1}]}\n",
      "f:4:17: this must be a list, not a map of keys" },
    { HEAD STEPS "expect: {tape: [[{blocks: \"~5\"}]]}\n",
      "f:4:27: '~5' is not a count: write 5, \">=5\", \"<=5\" or 3..5" },
    { HEAD STEPS "expect: {tape: [[{blocks: 5..3}]]}\n", NULL },
    { HEAD STEPS "expect: {tape: [[{blocks: \">5\"}]]}\n", NULL },
    { HEAD STEPS "expect: {stamps: {records: 1}}\n", "f:4:18: the key 'run' is missing" },
    { HEAD STEPS "expect: {faults-fired: [a]}\n",
      "f:4:24: this must be a map of keys, not a list" },
    { HEAD STEPS "expect: {dmesg: {none-of: [\"(\"]}}\n", NULL },
    { HEAD STEPS "deadline: {step: soon}\n", NULL },
    { HEAD STEPS "seed: []\n", "f:4:7: an empty list leaves no case" },
    { HEAD STEPS "guest: []\n", "f:4:8: an empty list leaves no case" },
    { HEAD STEPS "expect: {outcome: []}\n", "f:4:19: no verdict at all cannot be expected" },
    { HEAD "guest: sim\n", "f:1:1: the key 'sim' is missing" },
    { HEAD SIM STEPS,
      "f:5:1: unknown key 'steps': known are name, about, guest, seed, vary, faults, sim, "
      "expect, selfcheck" },
    { HEAD SIM "expect: {outcome: hang, complaint: {step: 1}}\n",
      "f:5:25: unknown key 'complaint': known are outcome, bus, faults-fired" },
    { HEAD SIM "expect: {tape: []}\n",
      "f:5:10: unknown key 'tape': known are outcome, bus, faults-fired" },
    { HEAD STEPS "sim: {task: backup, driver: F1}\n",
      "f:4:6: the guest 'linux' is no simulated host: write guest: sim" },
    { HEAD "guest: sim\nsim: {driver: F1}\n", "f:4:6: the key 'task' is missing" },
    { HEAD "guest: sim\nsim: {task: backup}\n", "f:4:6: the key 'driver' is missing" },
    { HEAD "guest: sim\nsim: {task: nap, driver: F1}\n",
      "f:4:13: 'nap' is not known here: choose from backup, backup-verify, restore, append" },
    { HEAD "guest: sim\nsim: {task: append, driver: [F1]}\n",
      "f:4:29: this must be a single value, not a list" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, against: nobody}\n",
      "f:4:42: there is no model 'nobody' of a driver; there are post-fix, F1, F2, F3, F4-lifo, "
      "F4-overlap, F5, F6, F7, F8, F9, F10" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, trigger: luck}\n",
      "f:4:42: no trigger 'luck': write needed, none, or some of stale-keys, early-warning, "
      "unit-attention, busy, stall, queued-mark, stall-cbw, nak-forever, csw-lost" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, trigger: []}\n",
      "f:4:42: an empty list: write none" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, trigger: [busy, needed]}\n", NULL },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, outstanding: 65}\n",
      "f:4:46: '65' is out of range: from 1 to 64" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, blocks: 0}\n",
      "f:4:41: '0' is out of range: from 1 to 4096" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, buffer: 20KiB}\n",
      "f:4:41: a tape buffer holds 1 to 64 blocks of 16KiB" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, maximum-transfer: 1KiB}\n",
      "f:4:51: an adapter's maximum is some blocks of 16KiB, up to 16MiB" },
    { HEAD "guest: sim\nsim: {task: append, driver: F1, colour: red}\n", NULL },
    { HEAD STEPS "?\n", "f:4:2: a key is missing here: write its name before the ':'" },
    { "?\n", "f:1:2: a key is missing here: write its name before the ':'" },
    { "{~: a}", "f:1:2: a key is missing here: write its name before the ':'" },
    { HEAD STEPS "expect: {faults-fired: {~: 1}}\n",
      "f:4:25: a key is missing here: write its name before the ':'" },
    { HEAD STEPS "tape: {set: {\"a\\nb\": ~}}\n", "f:4:22: a value is missing here" },
    { HEAD STEPS "vary: {a: ~}\n", "f:4:11: a value is missing here" },
    { HEAD STEPS "faults: [~]\nexpect: ~\n",
      "f:5:9: this must be a map of keys, not a single value" },
    { HEAD STEPS "expect: {tape: [[{blocks: 99999999999999999999}]]}\n",
      "f:4:27: '99999999999999999999' is not a count: write 5, \">=5\", \"<=5\" or 3..5" },
    { HEAD STEPS "guest: \"a\\nb\"\n",
      "f:4:8: no guest 'a\\x0ab': `usbtape list guests` shows those there are" },
    { HEAD STEPS "name: again\n", "f:4:1: duplicate key 'name': it is already on line 1" },
};

START_TEST(bad_scenario_is_refused_with_its_place)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases =
        scenario_parse("f", refused[_i].text, strlen(refused[_i].text), NULL, &error);

    ck_assert_msg(!cases, "accepted: %s", refused[_i].text);
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
    ck_assert_msg(g_str_has_prefix(error->message, "f:"), "%s", error->message);
    if (refused[_i].message) {
        ck_assert_str_eq(error->message, refused[_i].message);
    }
}
END_TEST

static const Scenario *nth(const GPtrArray *cases, guint i)
{
    ck_assert_uint_lt(i, cases->len);
    return cases->pdata[i];
}

START_TEST(every_key_is_read)
{
    static const char text[] =
        "name: n\nabout: a\nmemory: 512\nstart: cold\n"
        "tape: {model: sdx-500c, capacity: 64MiB, early-warning: 2MiB, format: tap}\n"
        "faults: [{name: drive.hang, on: \"WRITE(6)#5\"}]\n"
        "steps:\n"
        "  - {run: x, timeout: 5s, expect-rc: [0, 2], wrong-rc: 3, expect-out: [a, b],\n"
        "     expect-files: {from: \"lib/*\", names: [net, fs]}}\n"
        "  - {run: y, expect-rc: any}\n"
        "  - {host: swap-tape 2}\n"
        "expect:\n"
        "  outcome: [not-silent, hang]\n"
        "  tape: [[{blocks: 3..5, size: 64KiB, short-last: true}, {blocks: \">=1\"}], []]\n"
        "  stamps: {run: 7, records: 600, file: 1, first: 5}\n"
        "  tar: {from: lib, cartridges: 2}\n"
        "  dump: {from: lib, names: fs, cartridge: 2, partition: 1, file: 3}\n"
        "  faults-fired: {drive.hang: 1}\n"
        "  clean: false\n"
        "  dmesg: {none-of: [x], some-of: y}\n"
        "deadline: {scenario: 1min, step: 2s, silence: 3s}\n";
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, strlen(text), NULL, NULL);
    const Scenario *s = nth(cases, 0);
    const Step *first = s->steps->pdata[0], *second = s->steps->pdata[1];
    const TapeCheck *tapes = EXPECT_CHECK(&s->expect, tape);
    const TarCheck *tar = EXPECT_CHECK(&s->expect, tar);
    const DumpCheck *dump = EXPECT_CHECK(&s->expect, dump);
    const CleanCheck *clean = EXPECT_CHECK(&s->expect, clean);
    const GArray *tape = tapes->cartridges->pdata[0];
    const TapeFile *file = &g_array_index(tape, TapeFile, 0);

    ck_assert_uint_eq(cases->len, 1);
    ck_assert_int_eq(s->memory, 512);
    ck_assert_int_eq(s->start, START_COLD);
    ck_assert_str_eq(s->tape.format, "tap");
    ck_assert_uint_eq(s->tape.capacity, 64 << 20);
    ck_assert_str_eq(s->faults, "- {name: drive.hang, on: \"WRITE(6)#5\"}\n");
    ck_assert_uint_eq(s->steps->len, 3);
    ck_assert_int_eq(first->timeout, 5000000);
    ck_assert_int_eq(g_array_index(first->statuses, int, 1), 2);
    ck_assert_uint_eq(first->wrong->len, 1);
    ck_assert_int_eq(g_array_index(first->wrong, int, 0), 3);
    ck_assert_str_eq(first->files->names[1], "fs");
    ck_assert_ptr_null(second->wrong);
    ck_assert_ptr_null(second->statuses);
    ck_assert_uint_eq(second->line, 10);
    ck_assert_uint_eq(s->expect.outcomes, 1u << VERDICT_INTACT | 1u << VERDICT_RECOVERED |
                                              1u << VERDICT_DETECTED | 1u << VERDICT_HANG);
    ck_assert_int_eq(file->blocks.min, 3);
    ck_assert_int_eq(file->blocks.max, 5);
    ck_assert(file->short_last);
    ck_assert_int_eq(tar->cartridges, 2);
    ck_assert_str_eq(dump->files.names[0], "fs");
    ck_assert_int_eq(dump->cartridge, 2);
    ck_assert_int_eq(dump->partition, 1);
    ck_assert_int_eq(dump->file, 3);
    ck_assert(!clean->clean);
    ck_assert_int_eq(s->deadline.silence, 3000000);
}
END_TEST

START_TEST(matrix_is_every_combination_in_order)
{
    static const char text[] = "name: n\nabout: a\nvary: {size: [1KiB, 2KiB], word: [x, y]}\n"
                               "seed: {from: 3, count: 2}\n"
                               "steps: [{run: \"<word> <size> <other>\"}]\n";
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, strlen(text), NULL, NULL);
    g_autofree char *first = scenario_case_name(nth(cases, 0));
    g_autofree char *last = scenario_case_name(nth(cases, 7));
    g_autofree char *id = scenario_case_id(nth(cases, 0));
    g_autofree char *other_id = scenario_case_id(nth(cases, 1));
    const Step *step = nth(cases, 2)->steps->pdata[0];

    ck_assert_uint_eq(cases->len, 8);
    ck_assert_str_eq(first, "n.size=1KiB.word=x.seed=3");
    ck_assert_str_eq(last, "n.size=2KiB.word=y.seed=4");
    ck_assert_str_eq(step->text, "y 1KiB <other>");
    ck_assert_str_ne(id, other_id);
}
END_TEST

/* Its axes are read once, and cut out of what is read again for each case: wherever they stand. */
static const struct {
    const char *text;
    const char *said; /* the cases' first steps; or the error */
} expansions[] = {
    { "vary: {a: [x, y]}\n" HEAD "steps: [{run: <a>}]\n", "x y" },
    { HEAD "steps: [{run: <a>}]\nvary: {a: [x, y]}\n", "x y" },
    { HEAD "steps: [{run: <a>}]\nvary: {a: [x, y]}", "x y" },
    { HEAD "vary:\n  a:\n    - x\n    # a comment\n    - y\nsteps: [{run: <a>}]\n", "x y" },
    { HEAD "vary:\n  a: [x,\n    y]\n\n\nsteps: [{run: <a>}]\n", "x y" },
    { "{name: n, about: a, vary: {a: [x, y]}, steps: [{run: <a>}]}\n", "x y" },
    { "{\nname: n, about: a,\nvary: {a: [x, y]}, steps: [{run: <a>}]}\n", "x y" },
    { "{name: n, about: a, steps: [{run: <a>}],\nvary: {a: [x, y]}\n}\n", "x y" },
    { "\"vary\": {a: [x, y]}\n" HEAD "steps: [{run: <a>}]\n", "x y" },
    { HEAD "steps: [{run: \"<a>\\nvary: 5\"}]\nvary: {a: [x]}\n", "x\nvary: 5" },
    { HEAD "vary: {a: [x, y]}\nsteps: [{run: 1}]\nmemory: <a>\n",
      "f:5:9: 'x' is not a whole number" },
    { HEAD "vary:\n  a: [64,\n    256]\nsteps: [{run: 1}]\nmemory: <a>\n",
      "f:7:9: '64' is out of range: from 128 to 65536" },
};

START_TEST(axes_may_stand_anywhere)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases =
        scenario_parse("f", expansions[_i].text, strlen(expansions[_i].text), NULL, &error);
    g_autoptr(GString) said = g_string_new(error ? error->message : NULL);
    guint i;

    for (i = 0; cases && i < cases->len; i++) {
        g_string_append_printf(said, "%s%s", i > 0 ? " " : "",
                               ((const Step *)nth(cases, i)->steps->pdata[0])->text);
    }
    ck_assert_str_eq(said->str, expansions[_i].said);
}
END_TEST

/* libyaml breaks lines at a lone CR and at U+2028, too, which no other count of lines here does. */
START_TEST(axes_are_found_by_their_place)
{
    static const char *const texts[] = {
        "name: n\rabout: a\r\r\r\rvary: {a: [1, 2]}\rsteps: [{run: <a>}]\r",
        "name: n\nabout: é\xe2\x80\xa8vary: {a: [1, 2]}\nsteps: [{run: <a>}]\n",
        "name: n\r\nabout: a\r\nvary:\r\n  a: [1, 2]\r\nsteps: [{run: <a>}]\r\n",
        "\xef\xbb\xbfvary: {a: [1, 2]}\nname: n\nabout: a\nsteps: [{run: <a>}]\n",
        "name: n\nabout: a\n? vary\n: {a: [1, 2]}\nsteps: [{run: <a>}]\n",
        "name: n\nabout: a\nvary: {a: [1, 2]}\n? steps\n: [{run: <a>}]\n",
        "name: n\nabout: a\nsteps: [{run: <a>}]\n\"vary\": {a: [1, 2]}",
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases = scenario_parse("f", texts[_i], strlen(texts[_i]), NULL, &error);

    g_assert_no_error(error);
    ck_assert_uint_eq(cases->len, 2);
    ck_assert_str_eq(((const Step *)nth(cases, 1)->steps->pdata[0])->text, "2");
}
END_TEST

/* A value is text: what looks like an axis in it is none. */
START_TEST(values_are_put_in_once)
{
    static const char text[] = HEAD "vary: {a: <b>, b: <a>}\nsteps: [{run: \"<a><b><c><\"}]\n";
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, strlen(text), NULL, NULL);

    ck_assert_ptr_nonnull(cases);
    ck_assert_str_eq(((const Step *)nth(cases, 0)->steps->pdata[0])->text, "<b><a><c><");
}
END_TEST

/* The text of the steps is an axis of its own, so a bad driver may take them away. */
START_TEST(bad_driver_changes_no_kind)
{
    static const char *const texts[] = {
        HEAD "vary: {a: \"steps\"}\n<a>: [{run: x}]\n"
             "selfcheck: [{bad: b, vary: {a: deadline}, acted: {dmesg: x}, outcome: hang}]\n",
        HEAD "vary: {a: \"steps: [{run: x}]\"}\n<a>\n"
             "selfcheck: [{bad: b, vary: {a: \"\"}, acted: {step: 1, text: x}, outcome: hang}]\n",
        HEAD "vary: {a: \"steps: [{run: x}]\"}\n<a>\n"
             "selfcheck: [{bad: b, vary: {a: \"sim: {task: backup, driver: F1}\"}, outcome: "
             "hang}]\n",
    };
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(scenario_parse("f", texts[_i], strlen(texts[_i]), NULL, &error));
    ck_assert_msg(g_str_has_prefix(error->message, "f:"), "%s", error->message);
}
END_TEST

START_TEST(a_given_range_of_seeds_replaces_the_files)
{
    static const char text[] = "name: n\nabout: a\nseed: [1, 2, 3]\nvary: {a: [x, y]}\n" STEPS;
    const SeedRange range = { G_MAXUINT64 - 1, G_MAXUINT64 };
    const ScenarioOptions options = { .seeds = &range };
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, strlen(text), &options, NULL);

    ck_assert_uint_eq(cases->len, 4);
    ck_assert_uint_eq(nth(cases, 0)->seed, G_MAXUINT64 - 1);
    ck_assert_uint_eq(nth(cases, 3)->seed, G_MAXUINT64);
}
END_TEST

/* ---- what only the drive can judge ---- */

static bool only_busy(const char *name, const char *text, size_t length, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    int i;

    for (i = 0; lines[i] && *lines[i]; i++) {
        if (!strstr(lines[i], "drive.busy")) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s:%d:9: not busy: no", name,
                        i + 1);
            return false;
        }
    }
    return true;
}

static bool only_sdx(const char *name, char *const *settings, int *wrong, GError **error)
{
    int i;

    *wrong = -1;
    if (name && !g_str_equal(name, "sdx")) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "no model '%s'", name);
        return false;
    }
    for (i = 0; settings && settings[i]; i++) {
        if (!g_str_equal(settings[i], "a=1")) {
            *wrong = i;
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "not a=1: %s", settings[i]);
            return false;
        }
    }
    if (i > 1) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "two of them");
    }
    return i <= 1;
}

static const struct {
    const char *text, *message; /* NULL: it is good */
} checked[] = {
    { HEAD STEPS "tape: {model: sdx}\n", NULL },
    { HEAD STEPS "tape: {model: xxx}\n", "f:4:15: no model 'xxx'" },
    { HEAD STEPS "tape: {set: {a: 1}}\n", NULL },
    { HEAD STEPS "tape: {model: sdx, set: {a: 1}}\n", NULL },
    { HEAD STEPS "tape: {set: {a: 2}}\n", "f:4:17: not a=1: a=2" },
    { HEAD STEPS "tape: {set: {a: 1, b: 1}}\n", "f:4:23: not a=1: b=1" },
    { HEAD STEPS "faults: [{name: drive.busy}]\n", NULL },
    { HEAD STEPS "faults:\n  - {name: drive.busy}\n  - name: drive.hang\n    on: any\n",
      "f:6:5: not busy: no" },
    { HEAD STEPS "faults: [{name: drive.busy}, {name: x}]\n", "f:4:30: not busy: no" },
};

START_TEST(the_drive_is_asked)
{
    static const ScenarioChecks checks = { only_busy, only_sdx };
    const ScenarioOptions options = { .checks = &checks };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases =
        scenario_parse("f", checked[_i].text, strlen(checked[_i].text), &options, &error);

    ck_assert_str_eq(error ? error->message : "", checked[_i].message ? checked[_i].message : "");
    ck_assert((cases != NULL) == !checked[_i].message);
}
END_TEST

/* ---- bad drivers ---- */

#define BAD "selfcheck: [{bad: x, faults: [{name: drive.hang}], outcome: hang}]\n"

START_TEST(selfcheck_adds_the_bad_drivers)
{
    static const char text[] = "name: n\nabout: a\nseed: [1, 2]\nvary: {a: [x, y]}\n" STEPS
                               "faults: [{name: drive.busy}]\nexpect: {outcome: recovered}\n" BAD;
    const ScenarioOptions options = { .selfcheck = true };
    g_autoptr(GPtrArray) all = scenario_parse("f", text, strlen(text), &options, NULL);
    g_autoptr(GPtrArray) good = scenario_parse("f", text, strlen(text), NULL, NULL);
    guint i, bad = 0;

    ck_assert_uint_eq(good->len, 4);
    ck_assert_uint_eq(all->len, 5);
    for (i = 0; i < all->len; i++) {
        const Scenario *s = nth(all, i);

        if (s->bad) {
            g_autofree char *name = scenario_case_name(s);

            ck_assert_str_eq(name, "n.a=x.bad=x");
            ck_assert_str_eq(s->faults, "- {name: drive.busy}\n- {name: drive.hang}\n");
            ck_assert_uint_eq(s->expect.outcomes, 1u << VERDICT_HANG);
            bad++;
        } else {
            ck_assert_uint_eq(s->expect.outcomes, 1u << VERDICT_RECOVERED);
        }
    }
    ck_assert_uint_eq(bad, 1);
}
END_TEST

/* A driver with a switch, say: the scenario's axis has only what is good. */
START_TEST(bad_driver_has_its_own_values_of_axes)
{
    static const char text[] =
        "name: n\nabout: a\nvary:\n  mutant: [0]\n  size: [1, 2]\n"
        "steps: [run: do <mutant> <size>]\nselfcheck: [{bad: swap, "
        "vary: {mutant: 7}, acted: {dmesg: \"mutant 7\"}, outcome: silent-corruption}]\n";
    const ScenarioOptions options = { .selfcheck = true };
    g_autoptr(GPtrArray) all = scenario_parse("f", text, strlen(text), &options, NULL);
    guint i, bad = 0;

    ck_assert_ptr_nonnull(all);
    ck_assert_uint_eq(all->len, 3);
    for (i = 0; i < all->len; i++) {
        const Scenario *s = nth(all, i);
        g_autofree char *name = scenario_case_name(s);
        const Step *step = s->steps->pdata[0];

        if (s->bad) {
            bad++;
            ck_assert_str_eq(name, "n.mutant=7.size=1.bad=swap");
            ck_assert_str_eq(step->text, "do 7 1");
            ck_assert_str_eq(s->acted->dmesg, "mutant 7");
            ck_assert_ptr_null(s->acted->text);
            ck_assert_ptr_null(s->faults);
            ck_assert_ptr_null(s->unsaid);
        } else {
            ck_assert(g_str_has_prefix(step->text, "do 0 "));
            ck_assert_uint_eq(s->unsaid->len, 1);
            ck_assert_str_eq(((const Acted *)s->unsaid->pdata[0])->dmesg, "mutant 7");
            ck_assert_ptr_null(s->acted);
        }
    }
    ck_assert_uint_eq(bad, 1);
}
END_TEST

/* Nor what only its faults would leave. */
START_TEST(a_bad_driver_may_hide_the_faults)
{
    static const char text[] =
        "name: n\nabout: a\n" STEPS "faults: [{name: drive.busy}]\n"
        "expect: {outcome: detected, faults-fired: {drive.busy: 1}, dmesg: {some-of: [reset]}}\n"
        "selfcheck:\n  - {bad: x, hides-faults: true, outcome: intact}\n"
        "  - {bad: y, hides-faults: true, faults: [{name: drive.hang}], outcome: hang}\n";
    const ScenarioOptions options = { .selfcheck = true };
    g_autoptr(GPtrArray) all = scenario_parse("f", text, strlen(text), &options, NULL);
    static const char *const faults[] = { "- {name: drive.busy}\n", "", "- {name: drive.hang}\n" };
    guint i;

    ck_assert_uint_eq(all->len, 3);
    for (i = 0; i < all->len; i++) {
        const Scenario *s = nth(all, i);
        const FaultsFiredCheck *fired = EXPECT_CHECK(&s->expect, faults_fired);
        const DmesgCheck *dmesg = EXPECT_CHECK(&s->expect, dmesg);
        unsigned which = !s->bad ? 0 : s->bad[0] == 'x' ? 1 : 2;

        ck_assert_str_eq(s->faults ? s->faults : "", faults[which]);
        ck_assert((fired->faults->len > 0) == !s->bad);
        ck_assert((dmesg->some_of != NULL) == !s->bad);
    }
}
END_TEST

/* Also when nobody asks for them: `run --check` reads all of a file. */
static const struct {
    const char *text, *message;
} bad_ones[] = {
    { HEAD STEPS "selfcheck: {bad: x}\n", "f:4:12: this must be a list, not a map of keys" },
    { HEAD STEPS "selfcheck: [{bad: x, outcome: hang}]\n",
      "f:4:13: a bad driver is made by 'faults', by a 'guest', by 'vary', or by 'hides-faults'" },
    { HEAD STEPS "selfcheck: [{bad: x, vary: {a: 1}, outcome: hang}]\n",
      "f:4:29: the scenario has no axis 'a'" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: [1]}, outcome: hang}]\n",
      "f:5:32: this must be a single value, not a list" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: 1, outcome: hang}]\n",
      "f:5:28: this must be a map of keys, not a single value" },
    { HEAD STEPS "selfcheck: [{bad: x, hides-faults: true, outcome: hang}]\n",
      "f:4:36: the scenario has no faults" },
    { HEAD STEPS "faults: [{name: drive.busy}]\n"
                 "selfcheck: [{bad: x, hides-faults: true, faults: [{name: drive.hang}], "
                 "outcome: hang}]\n",
      "f:5:51: not busy: no" },
    { HEAD STEPS "selfcheck: [{bad: x, faults: [{name: drive.busy}]}]\n",
      "f:4:13: the key 'outcome' is missing" },
    { HEAD STEPS "selfcheck: [{bad: x, guest: beos, outcome: hang}]\n",
      "f:4:29: no guest 'beos': `usbtape list guests` shows those there are" },
    { HEAD STEPS "selfcheck: [{bad: x, faults: [{name: drive.busy}], outcome: [hang, intact]}]\n",
      "f:4:61: the good driver may come to this, so it proves nothing" },
    { HEAD STEPS "faults: [{name: drive.busy}]\n" BAD, "f:5:31: not busy: no" },
    { HEAD STEPS "selfcheck: [{bad: x, faults: [{name: drive.busy}], outcome: hang, "
                 "complaint: {step: 2}}]\n",
      "f:4:85: there are 1 steps" },
    { HEAD STEPS "selfcheck: [{bad: x, faults: [{name: drive.busy}], outcome: silent-corruption, "
                 "complaint: {step: 1}}]\n",
      "f:4:91: only where the outcome is 'detected' or 'hang' is there one" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: 1}, outcome: hang}]\n",
      "f:5:28: say in 'acted' by what it is known that it did something" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: 1}, acted: {step: 2, text: t}, "
                 "outcome: hang}]\n",
      "f:5:50: there are 1 steps" },
    { HEAD "steps: [{run: true}, {host: eject}]\nvary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: "
           "1}, acted: {step: 2, text: t}, outcome: hang}]\n",
      "f:5:50: step 2 is done from outside, and says nothing" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: 1}, acted: {step: 1}, "
                 "outcome: hang}]\n",
      "f:5:43: it is known by a 'text' of some step, or from 'dmesg'" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: 1}, acted: {step: 1, dmesg: d}, "
                 "outcome: hang}]\n",
      "f:5:43: it is known by a 'text' of some step, or from 'dmesg'" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: 1}, acted: {text: t, dmesg: d}, "
                 "outcome: hang}]\n",
      "f:5:43: it is known by a 'text' of some step, or from 'dmesg'" },
    { HEAD STEPS "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: 1}, acted: {dmesg: \"(\"}, "
                 "outcome: hang}]\n",
      "f:5:51: Error while compiling regular expression ‘(’ at char 1: missing terminating )" },
    { HEAD SIM "vary: {a: [0]}\nselfcheck: [{bad: x, vary: {a: 1}, acted: {dmesg: d}, "
               "outcome: hang}]\n",
      "f:6:13: a simulated host's bad driver is made by 'vary' and 'faults' alone" },
    { HEAD SIM "selfcheck: [{bad: x, guest: linux, outcome: hang}]\n",
      "f:5:13: a simulated host's bad driver is made by 'vary' and 'faults' alone" },
    { HEAD STEPS "selfcheck: [{bad: x, guest: sim, outcome: hang}]\n",
      "f:4:29: a simulated host has no steps to do" },
};

START_TEST(bad_drivers_are_checked)
{
    static const ScenarioChecks checks = { only_busy, only_sdx };
    const ScenarioOptions options = { .checks = &checks };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases =
        scenario_parse("f", bad_ones[_i].text, strlen(bad_ones[_i].text), &options, &error);

    ck_assert_ptr_null(cases);
    ck_assert_str_eq(error->message, bad_ones[_i].message);
}
END_TEST

/* All seeds of a simulated host are one case. */
START_TEST(a_simulated_host_is_one_case_with_many_seeds)
{
    static const char text[] =
        HEAD "guest: sim\nseed: {from: 5, count: 100}\n"
             "vary: {driver: [F1, F8], task: [restore, append]}\n"
             "sim: {task: <task>, driver: <driver>, against: post-fix, trigger: [busy, stall],\n"
             "  outstanding: 3, blocks: 9, at: 2, buffer: 128KiB, maximum-transfer: 32KiB}\n"
             "expect: {outcome: [detected, hang]}\n"
             "selfcheck: [{bad: none, vary: {driver: post-fix}, outcome: intact}]\n";
    const ScenarioOptions options = { .selfcheck = true };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, strlen(text), &options, &error);
    const Scenario *scenario;
    const SimPlan *plan;
    g_autofree char *name = NULL;
    TrialConfig trial;

    ck_assert_msg(cases != NULL, "%s", error ? error->message : "");
    ck_assert_uint_eq(cases->len, 5);
    scenario = cases->pdata[1];
    ck_assert_str_eq(scenario->bad, "none");
    plan = scenario->plan;
    ck_assert_str_eq(plan->driver->name, "post-fix");
    ck_assert_uint_eq(plan->seeds->len, 100);
    scenario = cases->pdata[2];
    name = scenario_case_name(scenario);
    ck_assert_str_eq(name, "n.driver=F1.task=append");
    plan = scenario->plan;
    ck_assert_uint_eq(plan->seeds->len, 100);
    ck_assert_int_eq(g_array_index(plan->seeds, int64_t, 99), 104);
    trial = sim_plan_trial(plan, plan->driver, 7);
    ck_assert_int_eq(trial.task, TRIAL_APPEND);
    ck_assert_str_eq(trial.model->name, "F1");
    ck_assert_uint_eq(trial.triggers, HOST_TRIGGER_BUSY | HOST_TRIGGER_STALL);
    ck_assert_uint_eq(trial.outstanding, 3);
    ck_assert_uint_eq(trial.blocks, 9);
    ck_assert_uint_eq(trial.gather, 8);
    ck_assert_uint_eq(trial.maximum, 32768);
    ck_assert_uint_eq(trial.at, 2);
    ck_assert_ptr_null(sim_plan_explains(plan));
    ck_assert_ptr_nonnull(sim_plan_explains(((Scenario *)cases->pdata[0])->plan));
}
END_TEST

START_TEST(seeds_are_parsed)
{
    SeedRange range;

    ck_assert(scenario_parse_seeds("5", &range, NULL) && range.from == 5 && range.to == 5);
    ck_assert(scenario_parse_seeds("1..20", &range, NULL) && range.from == 1 && range.to == 20);
    ck_assert(scenario_parse_seeds("18446744073709551615", &range, NULL));
    ck_assert_uint_eq(range.to, G_MAXUINT64);
    ck_assert(scenario_parse_seeds("18446744073709551606..18446744073709551615", &range, NULL));
    ck_assert(!scenario_parse_seeds("18446744073709551616", &range, NULL));
    ck_assert(!scenario_parse_seeds("1..18446744073709551616", &range, NULL));
    ck_assert(!scenario_parse_seeds("99999999999999999999..99999999999999999999", &range, NULL));
    ck_assert(!scenario_parse_seeds("1...2", &range, NULL));
    ck_assert(!scenario_parse_seeds("+1", &range, NULL));
    ck_assert(!scenario_parse_seeds(" 1", &range, NULL));
    ck_assert(!scenario_parse_seeds("20..1", &range, NULL));
    ck_assert(!scenario_parse_seeds("", &range, NULL));
    ck_assert(!scenario_parse_seeds("-1", &range, NULL));
    ck_assert(!scenario_parse_seeds("1..", &range, NULL));
    ck_assert(!scenario_parse_seeds("0..99999999999", &range, NULL));
}
END_TEST

TCase *make_scenario_tcase(void)
{
    TCase *tcase = tcase_create("scenario");

    tcase_add_loop_test(tcase, bad_scenario_is_refused_with_its_place, 0, G_N_ELEMENTS(refused));
    tcase_add_test(tcase, every_key_is_read);
    tcase_add_test(tcase, matrix_is_every_combination_in_order);
    tcase_add_loop_test(tcase, axes_may_stand_anywhere, 0, G_N_ELEMENTS(expansions));
    tcase_add_loop_test(tcase, axes_are_found_by_their_place, 0, 7);
    tcase_add_test(tcase, values_are_put_in_once);
    tcase_add_loop_test(tcase, bad_driver_changes_no_kind, 0, 3);
    tcase_add_test(tcase, a_given_range_of_seeds_replaces_the_files);
    tcase_add_loop_test(tcase, the_drive_is_asked, 0, G_N_ELEMENTS(checked));
    tcase_add_test(tcase, selfcheck_adds_the_bad_drivers);
    tcase_add_test(tcase, bad_driver_has_its_own_values_of_axes);
    tcase_add_test(tcase, a_bad_driver_may_hide_the_faults);
    tcase_add_loop_test(tcase, bad_drivers_are_checked, 0, G_N_ELEMENTS(bad_ones));
    tcase_add_test(tcase, a_simulated_host_is_one_case_with_many_seeds);
    tcase_add_test(tcase, seeds_are_parsed);
    return tcase;
}
