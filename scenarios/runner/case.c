/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/case.h"

#include "scenarios/runner/case-evidence.h"
#include "scenarios/runner/case-steps.h"
#include "scenarios/runner/report/case-story.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/un.h>

/* ---- before the steps ---- */

#define NO_DRIVE 19 /* ENODEV */

static const char prepare[] = "mount -o noatime /dev/vdb /scratch || exit 1\n"
                              "while [ $SECONDS -lt 20 ]; do\n"
                              "    [ ! -c /dev/nst0 ] || exit 0\n"
                              "    sleep 0.05\n"
                              "done\n"
                              "exit " G_STRINGIFY(NO_DRIVE) "\n";

/* Mounts the scratch disk and waits for the drive. */
static bool prepare_guest(Case *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmReply) reply = vm_run(self->vm, prepare, -1, -1, &error);
    bool answered = reply && vm_finish(self->vm, reply, SECONDS(60), &error);

    if (reply && !answered) {
        vm_forget(self->vm, reply);
    }
    if (answered && reply->rc == 0) {
        return true;
    }
    if (answered && reply->rc == NO_DRIVE) {
        self->evidence.no_drive = true;
        case_add_reason(self, "the guest finds no tape drive on its USB bus");
    } else if (answered) {
        g_autofree char *words = case_last_line(spool_text(reply->err));

        self->evidence.environment_failed = true;
        case_add_reason(self, "the guest could not be prepared: %s", words);
    } else if (!vm_running(self->vm)) {
        case_note_death(self, error);
    } else {
        self->evidence.hung = true;
        case_add_reason(self, "with the drive plugged in, and before the first step: %s",
                        error->message);
    }
    return false;
}

/* As `usbtape serve` takes it, in one line. */
static char *describe_drive(const TapeConfig *tape)
{
    GString *text = g_string_new(NULL);
    char **setting;

    g_string_printf(text, "usbtape serve%s%s", tape->model ? " --model " : "",
                    tape->model ? tape->model : "");
    for (setting = tape->settings; setting && *setting; setting++) {
        g_autofree char *escaped = g_strescape(*setting, NULL);

        g_string_append_printf(text, " --set \"%s\"", escaped);
    }
    return g_string_free(text, FALSE);
}

static void write_command_lines(const Case *self, bool cold)
{
    g_autofree char *self_path = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *program = g_shell_quote(self_path ? self_path : "usbtape");
    g_autofree char *path = g_canonicalize_filename(self->scenario->path, NULL);
    g_autofree char *scenario = g_shell_quote(path);
    g_autofree char *name = scenario_case_name(self->scenario);
    g_autofree char *id = scenario_case_id(self->scenario);
    g_autofree char *drive = NULL;
    g_autofree char *text = NULL;
    g_autofree char *file = g_build_filename(self->directory, "repro.sh", NULL);
    VmConfig config = { .qemu = self->guest->qemu,
                        .guest = self->guest->directory,
                        .directory = self->directory,
                        .memory = (unsigned)self->scenario->memory,
                        .kvm = self->guest->kvm,
                        .drive = cold ? drive_process_plug(self->drive) : (VmDrive){ NULL } };
    g_auto(GStrv) argv = self->guest->qemu ? vm_arguments(&config) : NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    char **arg;

    for (arg = self->guest->qemu ? argv : NULL; arg && *arg; arg++) {
        g_autofree char *quoted = g_shell_quote(*arg);

        g_string_append_printf(line, "%s%s", arg == argv ? "" : " ", quoted);
    }
    if (argv) {
        g_string_append_c(line, '\n');
        case_write_file(self, "qemu.cmd", line->str);
    }
    drive = describe_drive(&self->scenario->tape);
    text = g_strdup_printf(
        "#!/bin/sh\n"
        "# Runs this very case again (case %.12s; guest %s; %s).\n"
        "# The drive: %s\n"
        "program=%s\n"
        "exec \"${USBTAPE:-$program}\" %s %s --attach %s --case '%s' --seed %" G_GUINT64_FORMAT
        "%s%s \"$@\"\n",
        id, self->guest->directory, self->guest->qemu_version, drive, program,
        self->scenario->bad ? "selfcheck" : "run", scenario,
        guest_attachment_name(self->guest->attachment), name, self->scenario->seed,
        cold ? " --cold" : "", argv ? "" : " --host-programs");
    case_write_file(self, "repro.sh", text);
    g_chmod(file, 0755);
}

/* What a program on this computer has to know. False: the reason is noted. */
static bool export_places(Case *self)
{
    g_autofree char *directory = g_canonicalize_filename(self->directory, NULL);
    g_autofree char *plug =
        g_build_filename(directory, drive_process_plug(self->drive).socket, NULL);
    g_autofree char *socket = g_shell_quote(plug);
    g_autofree char *work = g_build_filename(directory, "work", NULL);
    g_autofree char *path = g_canonicalize_filename(self->scenario->path, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *scenario = g_shell_quote(folder);
    g_autofree char *quoted = g_shell_quote(work);

    if (strlen(plug) >= sizeof((struct sockaddr_un *)NULL)->sun_path) {
        self->evidence.environment_failed = true;
        case_add_reason(self, "%s: too long for the name of a socket: give a shorter --out", plug);
        return false;
    }
    g_mkdir(work, 0777);
    self->exports =
        g_strdup_printf("export USBTAPE_SOCKET=%s SCENARIO=%s\ncd %s\n", socket, scenario, quoted);
    return true;
}

static bool start(Case *self, bool cold, const CaseOptions *options)
{
    g_autoptr(GError) error = NULL;

    self->drive = drive_process_new(self->directory, &self->scenario->tape, self->scenario->faults,
                                    self->scenario->seed);
    if (self->guest->attachment == GUEST_QEMU_DEVICE) {
        drive_process_be_device(self->drive);
    }
    if (options->pcap) {
        drive_process_capture(self->drive, options->pcap_snap);
    }
    if (!case_has_room(self) || (!self->guest->qemu && !export_places(self))) {
        return false;
    }
    if (drive_process_start(self->drive, &error)) {
        VmDrive plug = drive_process_plug(self->drive);

        write_command_lines(self, cold);
        self->vm = guest_start(self->guest, self->directory, (unsigned)self->scenario->memory, cold,
                               &plug, self->log, &error);
        drive_process_vm(self->drive, self->vm);
    }
    if (!self->vm) {
        self->evidence.environment_failed = true;
        case_add_reason(self, "%s", interrupted() ? "interrupted" : error->message);
        return false;
    }
    vm_set_log(self->vm, self->log);
    return true;
}

/* ---- after them ---- */

static void finish(Case *self)
{
    g_autoptr(GError) error = NULL;

    if (self->vm && self->guest->qemu && !interrupted()) {
        case_fetch_kernel_log(self);
    }
    if (!drive_process_is_device(self->drive)) {
        g_clear_pointer(&self->vm, vm_free);
    }
    if (!drive_process_stop(self->drive, false, &error)) {
        self->evidence.crashed = true;
        case_add_reason(self, "%s", error->message);
    }
    drive_process_vm(self->drive, NULL);
    g_clear_pointer(&self->vm, vm_free);
    if (self->no_room) {
        drive_process_remove_cartridges(self->drive);
    }
    if (!interrupted()) {
        case_read_bus(self);
        case_judge_faults(self);
    }
    /* A case that this computer ended early shows nothing about the tape. */
    if (!self->evidence.environment_failed) {
        case_judge_remains(self);
    }
}

/* A story that cannot be written does not change the verdict; verdict.json is authoritative. */
static void write_story(const Case *self, const CaseResult *result)
{
    CaseRemains remains = { .scenario = self->scenario,
                            .guest = self->guest,
                            .directory = self->directory,
                            .result = result,
                            .drive = self->drive,
                            .kernel_log = self->kernel_log,
                            .begun = self->begun };
    g_autoptr(GError) error = NULL;

    case_story_fill(self->story, &remains);
    if (!story_write(self->story, self->directory, &error)) {
        g_printerr("usbtape: %s\n", error->message);
    }
}

void case_run(const Scenario *scenario, const Guest *guest, const char *directory,
              const CaseOptions *options, CaseResult *result)
{
    g_autofree char *steps = g_build_filename(directory, "steps", NULL);
    g_autofree char *log_path = g_build_filename(directory, "channel.log", NULL);
    int64_t begun = g_get_monotonic_time();
    bool boots = options->cold || scenario->start == START_COLD;
    Case self = { .scenario = scenario,
                  .guest = guest,
                  .directory = directory,
                  .progress = options->progress,
                  .reasons = g_ptr_array_new_with_free_func(g_free),
                  .begun = begun,
                  .story = story_new(),
                  .log = fopen(log_path, "we") };

    g_mkdir(steps, 0777);
    if (start(&self, boots, options)) {
        self.deadline = case_time(&self) + scenario->deadline.scenario;
        if (!guest->qemu || prepare_guest(&self)) {
            case_run_steps(&self);
        }
    }
    finish(&self);
    if (self.log) {
        fclose(self.log);
    }
    *result = (CaseResult){ .verdict = verdict_of(&self.evidence),
                            .reasons = self.reasons,
                            .bus = self.bus,
                            .duration = g_get_monotonic_time() - begun };
    /* An expected verdict without its cause, such as a crash before the fault, is not expected. */
    result->passed = (scenario->expect.outcomes & 1u << result->verdict) != 0 &&
                     !self.evidence.unfired && !self.evidence.idle && !self.evidence.bus_broken;
    write_story(&self, result);
    story_free(self.story);
    drive_process_free(self.drive);
    g_free(self.kernel_log);
    g_free(self.act);
    g_free(self.exports);
}
