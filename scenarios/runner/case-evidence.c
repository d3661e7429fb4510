/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/case-evidence.h"

#include "scenarios/runner/judges/judges.h"

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

/* A case under a bad driver has to fail by that driver, as a line of its own proves. */
static void judge_act(Case *self)
{
    const Acted *acted = self->scenario->acted;

    if (!acted) {
        return;
    }
    if (acted->dmesg && self->kernel_log) {
        char *const text[] = { acted->dmesg, NULL };

        value_match(text, self->kernel_log, &self->act);
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
            value_match(text, self->kernel_log, &self->act);
        }
    }
    if (unsaid && self->act) {
        self->evidence.unfired = true;
        case_add_reason(self, "the good driver says what a bad one is known by: %.160s", self->act);
    }
}

void case_read_bus(Case *self)
{
    guint lives = drive_process_lives(self->drive)->len;
    g_autoptr(BusTally) bus = bus_tally_new();
    guint life;

    for (life = 1; life <= lives; life++) {
        g_autofree char *name = g_strdup_printf(DRIVE_TRACE, life);
        g_autofree char *path = g_build_filename(self->directory, name, NULL);
        g_autofree char *place = lives > 1 ? g_strdup_printf("life %u of the drive", life) : NULL;

        if (!bus_tally_add_trace(bus, path, place)) {
            return;
        }
    }
    self->bus = lives > 0 ? g_steal_pointer(&bus) : NULL;
}

void case_judge_faults(Case *self)
{
    Judgement judgement = { .drive = self->drive,
                            .bus = self->bus,
                            .has_faults = self->scenario->faults != NULL,
                            .evidence = &self->evidence,
                            .reasons = self->reasons };

    judges_ask(JUDGE_FAULTS, self->scenario->expect.checks, &judgement, NULL);
}

static void judge_log(Case *self)
{
    Judgement judgement = { .kernel_log = self->kernel_log,
                            .evidence = &self->evidence,
                            .reasons = self->reasons };

    judges_ask(JUDGE_LOG, self->scenario->expect.checks, &judgement, NULL);
}

static void judge_cartridges(Case *self)
{
    g_auto(GStrv) paths = g_new0(char *, (gsize)drive_process_cartridges(self->drive) + 1);
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) listing = g_string_new(NULL);
    Judgement judgement = { .cartridges = paths,
                            .guest = self->guest->directory,
                            .listing = listing,
                            .findings = findings,
                            .evidence = &self->evidence,
                            .reasons = self->reasons };
    g_autoptr(GError) error = NULL;
    guint i;
    int n;

    for (n = 0; n < drive_process_cartridges(self->drive); n++) {
        paths[n] = drive_process_cartridge(self->drive, n + 1, NULL);
    }
    if (!judges_ask(JUDGE_TAPE, self->scenario->expect.checks, &judgement, &error)) {
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
    if (self->guest->qemu) { /* the log of this computer says nothing of the case */
        judge_log(self);
    }
    if (!self->evidence.hung && !self->evidence.crashed && !self->evidence.no_drive) {
        judge_cartridges(self);
    }
    judge_act(self);
    judge_unsaid(self);
}
