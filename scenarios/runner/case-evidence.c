/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/case-evidence.h"

#include "scenarios/runner/judges/oracle.h"

/* The first line of every Linux kernel's log; without it, older lines were overwritten. */
static const char log_begins[] = "^<[0-9]+>\\[ *[0-9.]+\\] Linux version ";

void case_fetch_kernel_log(Case *self)
{
    g_autoptr(GError) error = NULL;
    VmReply *reply = vm_running(self->vm) ? vm_kernel_log(self->vm, &error) : NULL;

    if (!reply) {
        return;
    }
    if (vm_finish(self->vm, reply, SECONDS(self->evidence.hung ? 5 : 20), &error)) {
        g_free(self->kernel_log);
        self->kernel_log = g_strdup(spool_text(reply->out));
        case_write_file(self, "guest-dmesg.txt", self->kernel_log);
    }
    vm_forget(self->vm, reply);
    vm_reply_free(reply);
}

static void judge_kernel_log(Case *self)
{
    const DmesgCheck *dmesg = &self->scenario->expect.dmesg;
    const char *log = self->kernel_log;
    g_autofree char *match = NULL;

    if (!log) {
        /* A log that was not read is not clean. */
        self->evidence.log_unread = true;
        case_add_reason(self, "the guest does not hand out its kernel's log");
        return;
    }
    if (!g_regex_match_simple(log_begins, log, G_REGEX_RAW, 0)) {
        self->evidence.log_lost = true;
        case_add_reason(self,
                        "the guest's kernel log has lost its beginning, perhaps with an error");
    }
    self->evidence.kernel_noted = g_regex_match_simple(case_kernel_errors, log, G_REGEX_RAW, 0);
    if (case_match(dmesg->none_of, log, &match)) {
        self->evidence.crashed = true;
        case_add_reason(self, "the guest's kernel log has '%s'", match);
    }
    if (dmesg->some_of && !case_match(dmesg->some_of, log, &match)) {
        self->evidence.unfired = true;
        case_add_reason(self, "the guest's kernel log does not have what was expected");
    }
}

/* A case under a bad driver has to fail by that driver, as a line of its own proves. */
static void judge_act(Case *self)
{
    const Acted *acted = self->scenario->acted;

    if (!acted) {
        return;
    }
    if (acted->dmesg && self->kernel_log) {
        char *const text[] = { acted->dmesg, NULL };

        case_match(text, self->kernel_log, &self->act);
    }
    if (self->act) {
        self->evidence.fault_fired = true;
        case_add_reason(self, "the bad driver %s acted: %.160s", self->scenario->bad, self->act);
    } else {
        self->evidence.idle = true;
        case_add_reason(self, "the bad driver %s did nothing: no line of %s matches /%s/",
                        self->scenario->bad, acted->dmesg ? "the kernel's log" : "its step",
                        acted->dmesg ? acted->dmesg : acted->text);
    }
}

/* A line that the good driver writes, too, proves nothing about a bad one. */
static void judge_unsaid(Case *self)
{
    const GPtrArray *unsaid = self->scenario->unsaid;
    guint i;

    for (i = 0; unsaid && i < unsaid->len && !self->act; i++) {
        const Acted *acted = unsaid->pdata[i];
        char *const text[] = { acted->dmesg, NULL };

        if (self->kernel_log) {
            case_match(text, self->kernel_log, &self->act);
        }
    }
    if (unsaid && self->act) {
        self->evidence.unfired = true;
        case_add_reason(self, "the good driver says what a bad one is known by: %.160s", self->act);
    }
}

static bool is_checked(const GPtrArray *checks, const char *fault)
{
    guint i;

    for (i = 0; checks && i < checks->len; i++) {
        if (g_str_equal(((const FaultCheck *)checks->pdata[i])->name, fault)) {
            return true;
        }
    }
    return false;
}

/* A rule has to fire even if `faults-fired` does not name its fault. */
static void judge_unchecked_faults(Case *self)
{
    const GPtrArray *rules = drive_process_rules(self->drive);
    guint i;

    if (self->scenario->faults && rules->len == 0) {
        self->evidence.unfired = true;
        case_add_reason(self, "the drive did not report which faults fired");
    }
    for (i = 0; i < rules->len; i++) {
        const DriveRule *rule = rules->pdata[i];

        self->evidence.fault_fired |= rule->fired > 0;
        if (rule->fired == 0 && !is_checked(self->scenario->expect.fired, rule->fault)) {
            self->evidence.unfired = true;
            case_add_reason(self, "fault %s never fired (rule %" G_GINT64_FORMAT ")", rule->fault,
                            rule->number);
        }
    }
}

void case_judge_faults(Case *self)
{
    GPtrArray *checks = self->scenario->expect.fired;
    guint i;

    judge_unchecked_faults(self);
    for (i = 0; checks && i < checks->len; i++) {
        const FaultCheck *check = checks->pdata[i];
        int64_t fired = drive_process_fired(self->drive, check->name);
        g_autofree char *expected = count_range_text(check->fired);

        if (!count_in_range(check->fired, fired)) {
            self->evidence.unfired = true;
            case_add_reason(self, "fault %s fired %" G_GINT64_FORMAT " times, not %s", check->name,
                            fired, expected);
        }
    }
}

static void judge_tape(Case *self)
{
    g_auto(GStrv) paths = g_new0(char *, (gsize)drive_process_cartridges(self->drive) + 1);
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) listing = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    guint i;
    int n;

    for (n = 0; n < drive_process_cartridges(self->drive); n++) {
        paths[n] = drive_process_cartridge(self->drive, n + 1, NULL);
    }
    if (!oracle_judge(&self->scenario->expect, self->guest->directory, paths, findings, listing,
                      &error)) {
        self->evidence.wrong = true;
        case_add_reason(self, "%s", error->message);
    }
    for (i = 0; i < findings->len; i++) {
        self->evidence.wrong = true;
        case_add_reason(self, "%s", (const char *)findings->pdata[i]);
    }
    case_write_file(self, "tape.txt", listing->str);
}

void case_judge_remains(Case *self)
{
    judge_kernel_log(self);
    if (!self->evidence.hung && !self->evidence.crashed && !self->evidence.no_drive) {
        judge_tape(self);
    }
    judge_act(self);
    judge_unsaid(self);
}
