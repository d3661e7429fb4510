/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/case.h"

#include "emu/base/units.h"
#include "scenarios/runner/judges/oracle.h"
#include "scenarios/runner/machine/host.h"
#include "scenarios/runner/machine/patience.h"
#include "scenarios/runner/report/case-story.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Case {
    const Scenario *scenario;
    const Guest *guest;
    const char *directory;
    ProgressStyle progress;
    Vm *vm;
    DriveProcess *drive;
    FILE *log;
    int64_t deadline; /* of the whole, by case_time() */
    Patience patience;
    int64_t time,
        timed; /* by case_time(), when it was last asked for, and that moment (monotonic) */
    int64_t heard, quiet; /* when the guest was last heard of: monotonic, and by case_time() */
    int64_t shown;        /* when progress was last shown, since the step's begin */
    Evidence evidence;
    char *act; /* by what the bad driver said that it did; NULL: it did not */
    GPtrArray *reasons;
    char *kernel_log;
    int64_t begun; /* monotonic */
    Story *story;
} Case;

/* What st and usb-storage say when a command went wrong, whatever became of it. What a program
 * asked of st that makes no sense, as a read into a buffer that is too short, is none of it. */
static const char kernel_errors[] =
    "\\[st[0-9]+\\] (Error|Sense Key|Add\\. Sense|Incorrect|Stepping)|I/O error|USB disconnect|"
    "reset (low|full|high|Super)[^ ]* USB device";

/* The first line of every Linux kernel's log; without it, older lines were overwritten. */
static const char log_begins[] = "^<[0-9]+>\\[ *[0-9.]+\\] Linux version ";

static void give_reason(Case *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void give_reason(Case *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(self->reasons, g_strdup_vprintf(format, args));
    va_end(args);
}

static void keep(const Case *self, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(self->directory, name, NULL);

    g_file_set_contents(path, text, -1, NULL);
}

/* A file for the output of a step, as it comes. -1: there can be none, so it is kept in memory. */
static int open_output(const Case *self, guint i, const char *what)
{
    g_autofree char *name = g_strdup_printf("steps/%02u.%s", i + 1, what);
    g_autofree char *path = g_build_filename(self->directory, name, NULL);

    return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

/* What is not known whole is not judged: an expectation may be met by what is missing. */
static void check_kept(Case *self, guint i, const Step *step, const Spool *spool, const char *what)
{
    if (spool_error(spool) != 0) {
        self->evidence.environment_failed = true;
        give_reason(self, "step %u (line %u): its %s could not be kept: %s", i + 1, step->line,
                    what, g_strerror(spool_error(spool)));
    } else if (spool_is_cut(spool)) {
        self->evidence.environment_failed |= step->outputs || step->files;
        give_reason(self,
                    "step %u (line %u): only the first %u MiB of its %s were kept, of "
                    "%" G_GUINT64_FORMAT " bytes",
                    i + 1, step->line, SPOOL_MOST >> 20, what, spool_total(spool));
    }
}

static void keep_step(const Case *self, guint i, const char *what, const char *text)
{
    g_autofree char *name = g_strdup_printf("steps/%02u.%s", i + 1, what);

    keep(self, name, text);
}

/* ---- the guest does not do as it should ---- */

/* Its kernel's log, by way of the agent; not for long, since the guest may be past answering. */
static void fetch_kernel_log(Case *self)
{
    g_autoptr(GError) error = NULL;
    VmReply *reply = vm_running(self->vm) ? vm_kernel_log(self->vm, &error) : NULL;

    if (!reply) {
        return;
    }
    if (vm_finish(self->vm, reply, SECONDS(self->evidence.hung ? 5 : 20), &error)) {
        g_free(self->kernel_log);
        self->kernel_log = g_strdup(spool_text(reply->out));
        keep(self, "guest-dmesg.txt", self->kernel_log);
    }
    vm_forget(self->vm, reply);
    vm_reply_free(reply);
}

static void note_death(Case *self, const GError *error)
{
    if (interrupted()) {
        self->evidence.environment_failed = true;
        give_reason(self, "interrupted");
    } else {
        self->evidence.crashed = true;
        give_reason(self, "the guest is gone: %s", error->message);
    }
}

static bool any_matches(char *const *patterns, const char *text, char **match)
{
    for (; patterns && *patterns; patterns++) {
        g_autoptr(GRegex) regex = g_regex_new(*patterns, G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
        g_autoptr(GMatchInfo) info = NULL;

        if (g_regex_match(regex, text, 0, &info)) {
            *match = g_match_info_fetch(info, 0);
            return true;
        }
    }
    return false;
}

/* Does the scenario name this as how it has to be noticed that something is broken? */
static bool is_named(const Case *self, guint i, const VmReply *reply)
{
    const GPtrArray *complaints = self->scenario->expect.complaints;
    guint n;

    for (n = 0; complaints && n < complaints->len; n++) {
        const Complaint *complaint = complaints->pdata[n];
        char *const text[] = { complaint->text, NULL };
        g_autofree char *match = NULL;

        if ((complaint->step == 0 || complaint->step == i + 1) &&
            (!complaint->text || any_matches(text, spool_text(reply->err), &match) ||
             any_matches(text, spool_text(reply->out), &match))) {
            return true;
        }
    }
    return !complaints;
}

/* True: it is one that the scenario names. */
static bool check_named(Case *self, guint i, const VmReply *reply)
{
    if (is_named(self, i, reply)) {
        return self->scenario->expect.complaints != NULL;
    }
    self->evidence.unnamed = true;
    give_reason(self, "step %u (line %u): that is not the complaint that the scenario names", i + 1,
                ((const Step *)self->scenario->steps->pdata[i])->line);
    return false;
}

/*
 * Of the time since `begun`, the guest and the drive were without a processor for what was added to
 * `lost`. They had their time besides (case_time()); but inside the guest other clocks go on, so
 * what came of more than a half is not blamed on the drive.
 */
static void note_hang(Case *self, guint i, const VmReply *reply, int64_t begun, int64_t lost,
                      const char *why)
{
    g_autofree char *status = vm_status(self->vm);
    int64_t passed = g_get_monotonic_time() - begun;

    lost = self->patience.lost - lost;
    if (lost > passed / 2) {
        self->evidence.environment_failed = true;
        give_reason(
            self,
            "step %u: this machine is too busy: for %d s of %d s there was no processor for "
            "the guest and the drive",
            i + 1, (int)(lost / G_USEC_PER_SEC), (int)(passed / G_USEC_PER_SEC));
    }
    self->evidence.hung = true;
    give_reason(self, "step %u (line %u): %s (the machine is %s, the drive %s)", i + 1,
                ((const Step *)self->scenario->steps->pdata[i])->line, why,
                status ? status : "gone", drive_process_running(self->drive) ? "running" : "ended");
    check_named(self, i, reply);
}

/* ---- steps ---- */

/* The drive that ended by itself or badly is what we are here to find; the rest is not its doing.
 */
static void note_host_failure(Case *self)
{
    if (drive_process_failed(self->drive)) {
        self->evidence.crashed = true;
    } else {
        self->evidence.environment_failed = true;
    }
}

/* Deadlines go by this clock: patience.h. The kernel is asked ten times a second. */
static int64_t case_time(Case *self)
{
    int64_t now = g_get_monotonic_time();
    pid_t drive = drive_process_pid(self->drive);

    if (now - self->timed > SECONDS(1) / 10) {
        self->timed = now;
        self->time = patience_time(&self->patience, now,
                                   patience_waited(vm_pid(self->vm)) +
                                       (drive > 0 ? patience_waited(drive) : 0));
    }
    return self->time;
}

/* How long the guest has not been heard of, by the same clock. */
static int64_t silence(Case *self)
{
    int64_t now = case_time(self);

    if (vm_heard(self->vm) != self->heard) {
        self->heard = vm_heard(self->vm);
        self->quiet = now;
    }
    return now - self->quiet;
}

static int64_t since_begin(const Case *self)
{
    return g_get_monotonic_time() - self->begun;
}

static void note_action(Case *self, const char *text, int64_t begun, bool done)
{
    StoryEvent *event = story_add_event(self->story, STORY_ACTION, done ? STORY_NOTE : STORY_ERROR,
                                        begun, text, done ? "from outside" : "could not be done");

    event->until = since_begin(self);
}

/* A program in the guest called `ask`: does what it asks for, and tells it how that went. */
static bool answer_questions(Case *self, GError **error)
{
    VmQuestion *next;

    while ((next = vm_next_question(self->vm))) {
        g_autoptr(VmQuestion) question = next;
        g_autoptr(GError) why = NULL;
        int64_t begun = since_begin(self);
        bool done = host_do(question->text, self->vm, self->drive, &why);

        note_action(self, question->text, begun, done);

        if (!done) {
            note_host_failure(self);
            give_reason(self, "the guest asked for '%s': %s", question->text, why->message);
        }
        if (!vm_answer(self->vm, question->id, done ? "ok" : why->message, error)) {
            return false;
        }
    }
    return true;
}

/* How long a step has been at it, and how much lies on the tape. */
static void show_progress(Case *self, guint i, int64_t elapsed)
{
    int64_t every = SECONDS(self->progress == PROGRESS_LINES ? 5 : 1);
    g_autofree char *path = NULL;
    g_autofree char *size = NULL;
    GStatBuf status = { 0 };

    if (self->progress == PROGRESS_QUIET || elapsed < self->shown + every) {
        return;
    }
    self->shown = elapsed;
    path = drive_process_cartridge(self->drive, drive_process_cartridges(self->drive), NULL);
    if (path && g_stat(path, &status) == 0) {
        size = units_format_size((uint64_t)status.st_size >> 20 << 20);
    }
    progress_note(self->progress, "%s: step %u of %u: %d s, %s on the tape", self->scenario->name,
                  i + 1, self->scenario->steps->len, (int)(elapsed / G_USEC_PER_SEC),
                  size ? size : "?");
}

/* Pumps until the step is done. False: it is not, and why is noted. */
static bool wait_for_step(Case *self, guint i, VmReply *reply, int64_t end)
{
    int64_t most = self->scenario->deadline.silence;
    int64_t begun = g_get_monotonic_time(), lost = self->patience.lost;
    g_autoptr(GError) error = NULL;
    bool pinged = false;

    self->shown = 0;
    while (!reply->done) {
        int64_t now = case_time(self), quiet = silence(self);

        show_progress(self, i, g_get_monotonic_time() - begun);

        if (interrupted()) {
            note_death(self, NULL);
            return false;
        }
        if (now >= end) {
            note_hang(self, i, reply, begun, lost,
                      now >= self->deadline ? "the scenario's time was over"
                                            : "it did not end in its time");
            return false;
        }
        if (quiet > most) {
            note_hang(self, i, reply, begun, lost, "the guest fell silent");
            return false;
        }
        if (!pinged && quiet > most / 2) {
            pinged = true;
            if (!vm_ping(self->vm, &error)) {
                note_death(self, error);
                return false;
            }
        }
        if (quiet < most / 2) {
            pinged = false;
        }
        if (!vm_pump(self->vm, MIN(end - now, SECONDS(1) / 4), &error) ||
            !answer_questions(self, &error)) {
            note_death(self, error);
            return false;
        }
    }
    return true;
}

static bool is_among(const GArray *statuses, int status)
{
    guint i;

    for (i = 0; statuses && i < statuses->len; i++) {
        if (g_array_index(statuses, int, i) == status) {
            return true;
        }
    }
    return false;
}

static bool status_expected(const Step *step, int status)
{
    return step->statuses ? is_among(step->statuses, status) : status == 0;
}

static char *last_line(const char *text)
{
    g_autofree char *copy = g_strchomp(g_strdup(text));
    char *line = strrchr(copy, '\n');

    return g_strndup(line ? line + 1 : copy, 160);
}

/* Where a program says why it failed, as a rule. */
static const char *said_last(const VmReply *reply)
{
    const char *errors = spool_text(reply->err);

    return *errors ? errors : spool_text(reply->out);
}

/* False: what follows makes no sense, since this step was to succeed and did not. */
static bool judge_step(Case *self, guint i, const Step *step, const VmReply *reply)
{
    bool wrong = is_among(step->wrong, reply->rc);
    bool as_expected = wrong || status_expected(step, reply->rc);
    char **pattern;

    if (wrong) {
        g_autofree char *words = last_line(said_last(reply));

        self->evidence.wrong = true;
        give_reason(self, "step %u (line %u): exit status %d, which says that data is wrong: %s",
                    i + 1, step->line, reply->rc, words);
    }
    if (!as_expected) {
        g_autofree char *words = last_line(said_last(reply));

        self->evidence.complained = true;
        give_reason(self, "step %u (line %u): exit status %d: %s", i + 1, step->line, reply->rc,
                    words);
    }
    for (pattern = step->outputs; pattern && *pattern; pattern++) {
        if (!g_regex_match_simple(*pattern, spool_text(reply->out), G_REGEX_MULTILINE | G_REGEX_RAW,
                                  0)) {
            self->evidence.complained = true;
            give_reason(self, "step %u (line %u): no output matches /%s/", i + 1, step->line,
                        *pattern);
        }
    }
    if (step->files) {
        g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
        guint f;

        oracle_compare_sums(step->files, self->guest->directory, spool_text(reply->out), findings);
        for (f = 0; f < findings->len; f++) {
            self->evidence.wrong = true;
            give_reason(self, "step %u (line %u): %s", i + 1, step->line,
                        (const char *)findings->pdata[f]);
        }
    }
    return as_expected || !step->statuses;
}

static void match_act(Case *self, const Acted *acted, guint i, const VmReply *reply)
{
    if (acted->text && !self->act && (acted->step == 0 || acted->step == i + 1)) {
        char *const text[] = { acted->text, NULL };

        if (!any_matches(text, spool_text(reply->out), &self->act)) {
            any_matches(text, spool_text(reply->err), &self->act);
        }
    }
}

/* Did a driver say here that it did what the bad one does wrong? Also in a step that did not end.
 */
static void look_for_act(Case *self, guint i, const VmReply *reply)
{
    const GPtrArray *unsaid = self->scenario->unsaid;
    guint n;

    if (self->scenario->acted) {
        match_act(self, self->scenario->acted, i, reply);
    }
    for (n = 0; unsaid && n < unsaid->len; n++) {
        match_act(self, unsaid->pdata[n], i, reply);
    }
}

/* What every script has: scenarios/LANGUAGE.md says what these are for. */
static const char prelude[] =
    "set -eo pipefail\n"
    "fails() { ! \"$@\"; }\n"
    "clean() {\n"
    "    local status=0\n"
    "    \"$@\" 2>/run/clean || status=$?\n"
    "    ! grep . /run/clean >&2 || [ $status -ne 0 ] || status=1\n"
    "    return $status\n"
    "}\n"
    "has() {\n"
    "    local pattern line lines\n"
    "    mapfile -t lines\n"
    "    for pattern; do\n"
    "        for line in \"${lines[@]}\"; do [[ $line =~ $pattern ]] && continue 2; done\n"
    "        { echo \"no line matches: $pattern\"; printf '%s\\n' \"${lines[@]}\"; } >&2\n"
    "        return 1\n"
    "    done\n"
    "}\n";

static bool run_in_guest(Case *self, guint i, const Step *step, StoryStep *told)
{
    int64_t timeout = step->timeout ? step->timeout : self->scenario->deadline.step;
    int64_t end = MIN(case_time(self) + timeout, self->deadline);
    g_autofree char *script = g_strdup_printf("%sexport SEED=%" G_GUINT64_FORMAT "\n%s", prelude,
                                              self->scenario->seed, step->text);
    g_autofree char *status = NULL;
    g_autoptr(GError) error = NULL;
    VmReply *reply =
        vm_run(self->vm, script, open_output(self, i, "out"), open_output(self, i, "err"), &error);
    bool done;

    if (!reply) {
        note_death(self, error);
        return false;
    }
    done = wait_for_step(self, i, reply, end);
    check_kept(self, i, step, reply->out, "output");
    check_kept(self, i, step, reply->err, "errors");
    status = done ? g_strdup_printf("%d\n", reply->rc) : g_strdup("did not end\n");
    case_story_step_said(told, spool_text(reply->out), spool_text(reply->err));
    keep_step(self, i, "rc", status);
    look_for_act(self, i, reply);
    if (done) {
        bool complained = self->evidence.complained;

        self->evidence.complained = false;
        done = judge_step(self, i, step, reply);
        /* What was foreseen is no reason to end; under a bad driver it is all that is waited for.
         */
        if (self->evidence.complained && check_named(self, i, reply)) {
            done |= !self->scenario->bad;
        }
        case_story_step_ends(told, since_begin(self), reply->rc, self->evidence.complained);
        self->evidence.complained |= complained;
    } else {
        vm_forget(self->vm, reply);
    }
    vm_reply_free(reply);
    return done;
}

static bool run_on_host(Case *self, guint i, const Step *step, StoryStep *told)
{
    g_autoptr(GError) error = NULL;
    bool done = host_do(step->text, self->vm, self->drive, &error);

    case_story_step_ends(told, since_begin(self), 0, !done);
    case_story_step_said(told, "", done ? "" : error->message);
    if (done) {
        return true;
    }
    note_host_failure(self);
    give_reason(self, "step %u (line %u): %s", i + 1, step->line, error->message);
    return false;
}

static void run_steps(Case *self)
{
    GPtrArray *steps = self->scenario->steps;
    bool going = true;
    guint i;

    for (i = 0; i < steps->len && going; i++) {
        const Step *step = steps->pdata[i];
        g_autofree char *start = g_strndup(step->text, strcspn(step->text, "\n"));
        StoryStep *told;

        progress_note(self->progress, "%s: step %u of %u: %s", self->scenario->name, i + 1,
                      steps->len, start);
        keep_step(self, i, "cmd", step->text);
        told = story_add_step(self->story, step->text, step->line, since_begin(self));
        told->on_host = step->kind == STEP_HOST;
        going =
            told->on_host ? run_on_host(self, i, step, told) : run_in_guest(self, i, step, told);
    }
}

/* ---- before and after ---- */

#define NO_DRIVE 19 /* ENODEV */

static const char prepare[] = "mount -o noatime /dev/vdb /scratch || exit 1\n"
                              "while [ $SECONDS -lt 20 ]; do\n"
                              "    [ ! -c /dev/nst0 ] || exit 0\n"
                              "    sleep 0.05\n"
                              "done\n"
                              "exit " G_STRINGIFY(NO_DRIVE) "\n";

/* The scratch disk mounted, the drive there. */
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
        give_reason(self, "the guest finds no tape drive on its USB bus");
    } else if (answered) {
        g_autofree char *words = last_line(spool_text(reply->err));

        self->evidence.environment_failed = true;
        give_reason(self, "the guest could not be prepared: %s", words);
    } else if (!vm_running(self->vm)) {
        note_death(self, error);
    } else {
        self->evidence.hung = true;
        give_reason(self, "with the drive plugged in, and before the first step: %s",
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

static void keep_command_lines(const Case *self, bool cold)
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
    g_auto(GStrv) argv = vm_arguments(&config);
    g_autoptr(GString) line = g_string_new(NULL);
    char **arg;

    for (arg = argv; *arg; arg++) {
        g_autofree char *quoted = g_shell_quote(*arg);

        g_string_append_printf(line, "%s%s", arg == argv ? "" : " ", quoted);
    }
    g_string_append_c(line, '\n');
    keep(self, "qemu.cmd", line->str);
    drive = describe_drive(&self->scenario->tape);
    text = g_strdup_printf(
        "#!/bin/sh\n"
        "# Runs this very case again (case %.12s; guest %s; %s).\n"
        "# The drive: %s\n"
        "program=%s\n"
        "exec \"${USBTAPE:-$program}\" %s %s --attach %s --case '%s' --seed %" G_GUINT64_FORMAT
        "%s \"$@\"\n",
        id, self->guest->directory, self->guest->qemu_version, drive, program,
        self->scenario->bad ? "selfcheck" : "run", scenario,
        guest_attachment_name(self->guest->attachment), name, self->scenario->seed,
        cold ? " --cold" : "");
    keep(self, "repro.sh", text);
    g_chmod(file, 0755);
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
    if (drive_process_start(self->drive, &error)) {
        VmDrive plug = drive_process_plug(self->drive);

        keep_command_lines(self, cold);
        self->vm = guest_start(self->guest, self->directory, (unsigned)self->scenario->memory, cold,
                               &plug, self->log, &error);
        drive_process_vm(self->drive, self->vm);
    }
    if (!self->vm) {
        self->evidence.environment_failed = true;
        give_reason(self, "%s", interrupted() ? "interrupted" : error->message);
        return false;
    }
    vm_set_log(self->vm, self->log);
    return true;
}

static void judge_kernel_log(Case *self)
{
    const DmesgCheck *dmesg = &self->scenario->expect.dmesg;
    const char *log = self->kernel_log;
    g_autofree char *match = NULL;

    if (!log) {
        /* What was not read cannot be found clean. */
        self->evidence.log_unread = true;
        give_reason(self, "the guest does not hand out its kernel's log");
        return;
    }
    if (!g_regex_match_simple(log_begins, log, G_REGEX_RAW, 0)) {
        self->evidence.log_lost = true;
        give_reason(self, "the guest's kernel log has lost its beginning, perhaps with an error");
    }
    self->evidence.kernel_noted = g_regex_match_simple(kernel_errors, log, G_REGEX_RAW, 0);
    if (any_matches(dmesg->none_of, log, &match)) {
        self->evidence.crashed = true;
        give_reason(self, "the guest's kernel log has '%s'", match);
    }
    if (dmesg->some_of && !any_matches(dmesg->some_of, log, &match)) {
        self->evidence.unfired = true;
        give_reason(self, "the guest's kernel log does not have what was expected");
    }
}

/* A red case has to be red by its bad driver: by the driver's own word. */
static void judge_act(Case *self)
{
    const Acted *acted = self->scenario->acted;

    if (!acted) {
        return;
    }
    if (acted->dmesg && self->kernel_log) {
        char *const text[] = { acted->dmesg, NULL };

        any_matches(text, self->kernel_log, &self->act);
    }
    if (self->act) {
        self->evidence.fault_fired = true;
        give_reason(self, "the bad driver %s acted: %.160s", self->scenario->bad, self->act);
    } else {
        self->evidence.idle = true;
        give_reason(self, "the bad driver %s did nothing: no line of %s matches /%s/",
                    self->scenario->bad, acted->dmesg ? "the kernel's log" : "its step",
                    acted->dmesg ? acted->dmesg : acted->text);
    }
}

/* What the good driver says, too, is no sign of a bad one. */
static void judge_unsaid(Case *self)
{
    const GPtrArray *unsaid = self->scenario->unsaid;
    guint i;

    for (i = 0; unsaid && i < unsaid->len && !self->act; i++) {
        const Acted *acted = unsaid->pdata[i];
        char *const text[] = { acted->dmesg, NULL };

        if (self->kernel_log) {
            any_matches(text, self->kernel_log, &self->act);
        }
    }
    if (unsaid && self->act) {
        self->evidence.unfired = true;
        give_reason(self, "the good driver says what a bad one is known by: %.160s", self->act);
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

/* A rule of the plan whose fault nobody expects a number of has to fire all the same. */
static void judge_unchecked_faults(Case *self)
{
    const GPtrArray *rules = drive_process_rules(self->drive);
    guint i;

    if (self->scenario->faults && rules->len == 0) {
        self->evidence.unfired = true;
        give_reason(self, "the drive did not tell which faults fired");
    }
    for (i = 0; i < rules->len; i++) {
        const DriveRule *rule = rules->pdata[i];

        self->evidence.fault_fired |= rule->fired > 0;
        if (rule->fired == 0 && !is_checked(self->scenario->expect.fired, rule->fault)) {
            self->evidence.unfired = true;
            give_reason(self, "fault %s never fired (rule %" G_GINT64_FORMAT ")", rule->fault,
                        rule->number);
        }
    }
}

static void judge_faults(Case *self)
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
            give_reason(self, "fault %s fired %" G_GINT64_FORMAT " times, not %s", check->name,
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
        give_reason(self, "%s", error->message);
    }
    for (i = 0; i < findings->len; i++) {
        self->evidence.wrong = true;
        give_reason(self, "%s", (const char *)findings->pdata[i]);
    }
    keep(self, "tape.txt", listing->str);
}

static void finish(Case *self)
{
    g_autoptr(GError) error = NULL;

    if (self->vm && !interrupted()) {
        fetch_kernel_log(self);
    }
    if (!drive_process_is_device(self->drive)) {
        g_clear_pointer(&self->vm, vm_free);
    }
    if (!drive_process_stop(self->drive, false, &error)) {
        self->evidence.crashed = true;
        give_reason(self, "%s", error->message);
    }
    drive_process_vm(self->drive, NULL);
    g_clear_pointer(&self->vm, vm_free);
    if (!interrupted()) {
        judge_faults(self); /* as the drive counted them up to its end */
    }
    /* Without its end, a run tells nothing about what should be on the tape. */
    if (!self->evidence.environment_failed) {
        judge_kernel_log(self);
        if (!self->evidence.hung && !self->evidence.crashed && !self->evidence.no_drive) {
            judge_tape(self);
        }
        judge_act(self);
        judge_unsaid(self);
    }
}

/* What cannot be told is no reason to judge otherwise: verdict.json is what counts. */
static void tell(const Case *self, const CaseResult *result)
{
    CaseRemains remains = { .scenario = self->scenario,
                            .guest = self->guest,
                            .directory = self->directory,
                            .result = result,
                            .drive = self->drive,
                            .kernel_log = self->kernel_log,
                            .kernel_errors = kernel_errors,
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
        if (prepare_guest(&self)) {
            run_steps(&self);
        }
    }
    finish(&self);
    if (self.log) {
        fclose(self.log);
    }
    *result = (CaseResult){ .verdict = verdict_of(&self.evidence),
                            .reasons = self.reasons,
                            .duration = g_get_monotonic_time() - begun };
    /* A crash, say, that was to come of a fault, and came without it, was not what was expected. */
    result->passed = (scenario->expect.outcomes & 1u << result->verdict) != 0 &&
                     !self.evidence.unfired && !self.evidence.idle;
    tell(&self, result);
    story_free(self.story);
    drive_process_free(self.drive);
    g_free(self.kernel_log);
    g_free(self.act);
}
