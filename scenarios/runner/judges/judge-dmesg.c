/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-dmesg.h"

#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/language/values.h"

const char dmesg_errors[] =
    "\\[st[0-9]+\\] (Error|Sense Key|Add\\. Sense|Incorrect|Stepping)|I/O error|USB disconnect|"
    "reset (low|full|high|Super)[^ ]* USB device";

/* The first line of every Linux kernel's log; without it, older lines were overwritten. */
static const char log_begins[] = "^<[0-9]+>\\[ *[0-9.]+\\] Linux version ";

static const YamlField dmesg_fields[] = {
    { "none-of", YAML_TYPE_CUSTOM, offsetof(DmesgCheck, none_of), .read = value_read_patterns },
    { "some-of", YAML_TYPE_CUSTOM, offsetof(DmesgCheck, some_of), .read = value_read_patterns },
    { NULL },
};

static void dmesg_init(void *check)
{
    static const char *const oops[] = { "BUG:",        "WARNING: ",    "Oops",
                                        "Call Trace:", "Kernel panic", "blocked for more than",
                                        NULL };

    ((DmesgCheck *)check)->none_of = g_strdupv((char **)oops);
}

static void dmesg_clear(void *check)
{
    DmesgCheck *dmesg = check;

    g_clear_pointer(&dmesg->none_of, g_strfreev);
    g_clear_pointer(&dmesg->some_of, g_strfreev);
}

/* The case may end before the kernel logs anything. */
static void dmesg_relax(void *check, bool hidden)
{
    g_clear_pointer(&((DmesgCheck *)check)->some_of, g_strfreev);
}

static bool dmesg_judge(const void *check, Judgement *judgement, GError **error)
{
    const DmesgCheck *dmesg = check;
    const char *log = judgement->kernel_log;
    g_autofree char *match = NULL;

    if (!log) {
        /* A log that was not read is not clean. */
        judgement->evidence->log_unread = true;
        judge_add_reason(judgement, "the guest does not hand out its kernel's log");
        return true;
    }
    if (!g_regex_match_simple(log_begins, log, G_REGEX_RAW, 0)) {
        judgement->evidence->log_lost = true;
        judge_add_reason(judgement,
                         "the guest's kernel log has lost its beginning, perhaps with an error");
    }
    judgement->evidence->kernel_noted = g_regex_match_simple(dmesg_errors, log, G_REGEX_RAW, 0);
    if (value_match(dmesg->none_of, log, &match)) {
        judgement->evidence->crashed = true;
        judge_add_reason(judgement, "the guest's kernel log has '%s'", match);
    }
    if (dmesg->some_of && !value_match(dmesg->some_of, log, &match)) {
        judgement->evidence->unfired = true;
        judge_add_reason(judgement, "the guest's kernel log does not have what was expected");
    }
    return true;
}

const Judge judge_dmesg = {
    .key = "dmesg",
    .stage = JUDGE_LOG,
    .size = sizeof(DmesgCheck),
    .init = dmesg_init,
    .always = true,
    .fields = dmesg_fields,
    .clear = dmesg_clear,
    .relax = dmesg_relax,
    .judge = dmesg_judge,
};
