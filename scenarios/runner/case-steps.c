/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/case-steps.h"

#include "emu/base/error.h"
#include "emu/base/units.h"
#include "scenarios/runner/judges/sums.h"
#include "scenarios/runner/machine/host-actions.h"
#include "scenarios/runner/report/case-story.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

/* A frame has one file. Larger ones belong on a disk. */
#define PUT_MAX (16 * 1024 * 1024)

/* ---- the files of a step ---- */

/* A file for the output of a step, as it comes. -1: none can be made. The spool then keeps the
 * output in memory. */
static int open_output(const Case *self, guint i, const char *what)
{
    g_autofree char *name = g_strdup_printf("steps/%02u.%s", i + 1, what);
    g_autofree char *path = g_build_filename(self->directory, name, NULL);

    return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

/* Output that is not whole is not judged: the missing part may be what was expected. */
static void check_output(Case *self, guint i, const Step *step, const Spool *spool,
                         const char *what)
{
    if (spool_error(spool) != 0) {
        self->evidence.environment_failed = true;
        case_add_reason(self, "step %u (line %u): its %s could not be kept: %s", i + 1, step->line,
                        what, g_strerror(spool_error(spool)));
    } else if (spool_is_cut(spool)) {
        self->evidence.environment_failed |= step->outputs || step->files;
        case_add_reason(self,
                        "step %u (line %u): only the first %u MiB of its %s were kept, of "
                        "%" G_GUINT64_FORMAT " bytes",
                        i + 1, step->line, SPOOL_MOST >> 20, what, spool_total(spool));
    }
}

static void write_step_file(const Case *self, guint i, const char *what, const char *text)
{
    g_autofree char *name = g_strdup_printf("steps/%02u.%s", i + 1, what);

    case_write_file(self, name, text);
}

/* ---- complaints and hangs ---- */

/* Does the scenario name a complaint of this step, or one with this text? */
static bool is_named(const Case *self, guint i, const VmReply *reply)
{
    const GPtrArray *complaints = self->scenario->expect.complaints;
    guint n;

    for (n = 0; complaints && n < complaints->len; n++) {
        const Complaint *complaint = complaints->pdata[n];
        char *const text[] = { complaint->text, NULL };
        g_autofree char *match = NULL;

        if ((complaint->step == 0 || complaint->step == i + 1) &&
            (!complaint->text || value_match(text, spool_text(reply->err), &match) ||
             value_match(text, spool_text(reply->out), &match))) {
            return true;
        }
    }
    return !complaints;
}

/* True: the scenario names this complaint. */
static bool check_named(Case *self, guint i, const VmReply *reply)
{
    if (is_named(self, i, reply)) {
        return self->scenario->expect.complaints != NULL;
    }
    self->evidence.unnamed = true;
    case_add_reason(self, "step %u (line %u): that is not the complaint that the scenario names",
                    i + 1, ((const Step *)self->scenario->steps->pdata[i])->line);
    return false;
}

/*
 * `lost` is the time that the guest and the drive waited for a processor, as it was at `begun`.
 * case_time() does not count that time. Clocks inside the guest do: if it is more than a half, the
 * hang is not blamed on the drive.
 */
static void note_hang(Case *self, guint i, const VmReply *reply, int64_t begun, int64_t lost,
                      const char *why)
{
    g_autofree char *status = vm_status(self->vm);
    int64_t passed = g_get_monotonic_time() - begun;

    lost = self->patience.lost - lost;
    if (lost > passed / 2) {
        self->evidence.environment_failed = true;
        case_add_reason(
            self,
            "step %u: this machine is too busy: for %d s of %d s there was no processor for "
            "the guest and the drive",
            i + 1, (int)(lost / G_USEC_PER_SEC), (int)(passed / G_USEC_PER_SEC));
    }
    self->evidence.hung = true;
    case_add_reason(self, "step %u (line %u): %s (the machine is %s, the drive %s)", i + 1,
                    ((const Step *)self->scenario->steps->pdata[i])->line, why,
                    status ? status : "gone",
                    drive_process_running(self->drive) ? "running" : "ended");
    check_named(self, i, reply);
}

/* ---- waiting ---- */

/* Asks the kernel ten times a second. */
int64_t case_time(Case *self)
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

/* How long the guest has sent nothing, by the same clock. */
static int64_t silence(Case *self)
{
    int64_t now = case_time(self);

    if (vm_last_message(self->vm) != self->message) {
        self->message = vm_last_message(self->vm);
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

/* A program in the guest called `ask`: does the host action, and answers with its result. */
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
            case_note_host_failure(self);
            case_add_reason(self, "the guest asked for '%s': %s", question->text, why->message);
        }
        if (!vm_answer(self->vm, question->id, done ? "ok" : why->message, error)) {
            return false;
        }
    }
    return true;
}

/* The time that a step took so far, and the size of the tape. */
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

/* Returns when the step has ended. False: it has not, and the reason is noted. */
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
            case_note_death(self, NULL);
            return false;
        }
        if (!case_has_room(self)) {
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
                case_note_death(self, error);
                return false;
            }
        }
        if (quiet < most / 2) {
            pinged = false;
        }
        if (!vm_pump(self->vm, MIN(end - now, SECONDS(1) / 4), &error) ||
            !answer_questions(self, &error)) {
            case_note_death(self, error);
            return false;
        }
    }
    return true;
}

/* ---- what a step showed ---- */

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

/* The output that explains a failure: the errors, if there are any. */
static const char *explanation(const VmReply *reply)
{
    const char *errors = spool_text(reply->err);

    return *errors ? errors : spool_text(reply->out);
}

/* False: this step had to succeed and did not, so no further one makes sense. */
static bool judge_step(Case *self, guint i, const Step *step, const VmReply *reply)
{
    bool wrong = is_among(step->wrong, reply->rc);
    bool as_expected = wrong || status_expected(step, reply->rc);
    char **pattern;

    if (wrong) {
        g_autofree char *words = case_last_line(explanation(reply));

        self->evidence.wrong = true;
        case_add_reason(self,
                        "step %u (line %u): exit status %d, which says that data is wrong: %s",
                        i + 1, step->line, reply->rc, words);
    }
    if (!as_expected) {
        g_autofree char *words = case_last_line(explanation(reply));

        self->evidence.complained = true;
        case_add_reason(self, "step %u (line %u): exit status %d: %s", i + 1, step->line, reply->rc,
                        words);
    }
    for (pattern = step->outputs; pattern && *pattern; pattern++) {
        if (!g_regex_match_simple(*pattern, spool_text(reply->out), G_REGEX_MULTILINE | G_REGEX_RAW,
                                  0)) {
            self->evidence.complained = true;
            case_add_reason(self, "step %u (line %u): no output matches /%s/", i + 1, step->line,
                            *pattern);
        }
    }
    if (step->files) {
        g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
        guint f;

        sums_compare(step->files, self->guest->directory, spool_text(reply->out), findings);
        for (f = 0; f < findings->len; f++) {
            self->evidence.wrong = true;
            case_add_reason(self, "step %u (line %u): %s", i + 1, step->line,
                            (const char *)findings->pdata[f]);
        }
    }
    return as_expected || !step->statuses;
}

static void match_act(Case *self, const Acted *acted, guint i, const VmReply *reply)
{
    if (acted->text && !self->act && (acted->step == 0 || acted->step == i + 1)) {
        char *const text[] = { acted->text, NULL };

        if (!value_match(text, spool_text(reply->out), &self->act)) {
            value_match(text, spool_text(reply->err), &self->act);
        }
    }
}

/* Looks for the line that proves that the bad driver misbehaved, also in a step that did not end.
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

/* Begins every script. scenarios/LANGUAGE.md has the use of its functions. */
static const char prelude[] =
    "set -eo pipefail\n"
    "fails() { ! \"$@\"; }\n"
    "clean() {\n"
    "    local status=0 said=/run/clean\n"
    "    [ ! -v USBTAPE_SOCKET ] || said=clean.said\n" /* a program may not write to /run */
    "    \"$@\" 2>$said || status=$?\n"
    "    ! grep . $said >&2 || [ $status -ne 0 ] || status=1\n"
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

static bool run_in_guest(Case *self, guint i, const Step *step, StoryStep *record)
{
    int64_t timeout = step->timeout ? step->timeout : self->scenario->deadline.step;
    int64_t end = MIN(case_time(self) + timeout, self->deadline);
    g_autofree char *script =
        g_strdup_printf("%sexport SEED=%" G_GUINT64_FORMAT "\n%s%s", prelude, self->scenario->seed,
                        self->exports ? self->exports : "", step->text);
    g_autofree char *status = NULL;
    g_autoptr(GError) error = NULL;
    VmReply *reply =
        vm_run(self->vm, script, open_output(self, i, "out"), open_output(self, i, "err"), &error);
    bool done;

    if (!reply) {
        case_note_death(self, error);
        return false;
    }
    done = wait_for_step(self, i, reply, end);
    check_output(self, i, step, reply->out, "output");
    check_output(self, i, step, reply->err, "errors");
    status = done ? g_strdup_printf("%d\n", reply->rc) : g_strdup("did not end\n");
    case_story_step_said(record, spool_text(reply->out), spool_text(reply->err));
    write_step_file(self, i, "rc", status);
    look_for_act(self, i, reply);
    if (done) {
        bool complained = self->evidence.complained;

        self->evidence.complained = false;
        done = judge_step(self, i, step, reply);
        /* A complaint that the scenario names does not end the case, except under a bad driver:
         * there it is the result. */
        if (self->evidence.complained && check_named(self, i, reply)) {
            done |= !self->scenario->bad;
        }
        case_story_step_ends(record, since_begin(self), reply->rc, self->evidence.complained);
        self->evidence.complained |= complained;
    } else {
        vm_forget(self->vm, reply);
    }
    vm_reply_free(reply);
    return done;
}

static bool run_on_host(Case *self, guint i, const Step *step, StoryStep *record)
{
    g_autoptr(GError) error = NULL;
    bool done = host_do(step->text, self->vm, self->drive, &error);

    case_story_step_ends(record, since_begin(self), 0, !done);
    case_story_step_said(record, "", done ? "" : error->message);
    if (done) {
        return true;
    }
    case_note_host_failure(self);
    case_add_reason(self, "step %u (line %u): %s", i + 1, step->line, error->message);
    return false;
}

/* Waits for a copy. False: it failed, and the reason is noted. */
static bool finish_copy(Case *self, guint i, const Step *step, const StepCopy *copy, VmReply *reply,
                        const GError *why)
{
    g_autoptr(GError) error = NULL;
    bool done = reply && vm_finish(self->vm, reply, self->scenario->deadline.step, &error);

    if (done && reply->rc == 0) {
        return true;
    }
    if (reply && !done) {
        vm_forget(self->vm, reply);
    }
    if (!vm_running(self->vm)) {
        case_note_death(self, why ? why : error);
        return false;
    }
    /* A file that is not there is the doing of a program, or of none; one that does not fit is not.
     */
    self->evidence.complained |= done && step->kind == STEP_GET;
    self->evidence.environment_failed |= !done || step->kind == STEP_PUT;
    case_add_reason(self, "step %u (line %u): %s %s: %s", i + 1, step->line,
                    step_kind_name(step->kind), copy->from,
                    done    ? spool_text(reply->err)
                    : error ? error->message
                            : why->message);
    return false;
}

/* The file's name is relative to the scenario. */
static bool put_file(Case *self, guint i, const Step *step, const StepCopy *copy)
{
    g_autofree char *directory = g_path_get_dirname(self->scenario->path);
    g_autofree char *path = g_path_is_absolute(copy->from)
                                ? g_strdup(copy->from)
                                : g_build_filename(directory, copy->from, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(VmReply) reply = NULL;
    g_autoptr(GBytes) body = NULL;
    GStatBuf status;
    char *bytes;
    gsize length;

    if (g_stat(path, &status) != 0 || status.st_size > PUT_MAX || !S_ISREG(status.st_mode) ||
        !g_file_get_contents(path, &bytes, &length, NULL)) {
        self->evidence.environment_failed = true;
        case_add_reason(self,
                        "step %u (line %u): put %s: it is no file of at most %d MiB that can "
                        "be read",
                        i + 1, step->line, path, PUT_MAX >> 20);
        return false;
    }
    body = g_bytes_new_take(bytes, length);
    reply = vm_put(self->vm, status.st_mode & 0777, copy->to, body, &error);
    return finish_copy(self, i, step, copy, reply, error);
}

static bool get_file(Case *self, guint i, const Step *step, const StepCopy *copy)
{
    g_autofree char *directory = g_build_filename(self->directory, "files", NULL);
    g_autofree char *path = g_build_filename(directory, copy->to, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(VmReply) reply = NULL;
    int fd;

    g_mkdir(directory, 0777);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    reply = fd >= 0 ? vm_get(self->vm, copy->from, fd, &error) : NULL;
    if (fd < 0) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s", path, g_strerror(errno));
    }
    if (!finish_copy(self, i, step, copy, reply, error)) {
        return false;
    }
    check_output(self, i, step, reply->out, "file");
    return spool_error(reply->out) == 0;
}

static bool copy_files(Case *self, guint i, const Step *step, StoryStep *record)
{
    bool done = true;
    guint c;

    for (c = 0; done && c < step->copies->len; c++) {
        const StepCopy *copy = step->copies->pdata[c];

        done =
            step->kind == STEP_PUT ? put_file(self, i, step, copy) : get_file(self, i, step, copy);
    }
    case_story_step_ends(record, since_begin(self), 0, !done);
    return done;
}

static bool run_step(Case *self, guint i, const Step *step, StoryStep *record)
{
    switch (step->kind) {
    case STEP_RUN:
        return run_in_guest(self, i, step, record);
    case STEP_HOST:
        return run_on_host(self, i, step, record);
    case STEP_PUT:
    case STEP_GET:
        return copy_files(self, i, step, record);
    case N_STEP_KINDS:
        break;
    }
    g_return_val_if_reached(false);
}

void case_run_steps(Case *self)
{
    GPtrArray *steps = self->scenario->steps;
    bool going = true;
    guint i;

    for (i = 0; i < steps->len && going; i++) {
        const Step *step = steps->pdata[i];
        g_autofree char *start = g_strndup(step->text, strcspn(step->text, "\n"));
        StoryStep *record;

        progress_note(self->progress, "%s: step %u of %u: %s", self->scenario->name, i + 1,
                      steps->len, start);
        write_step_file(self, i, "cmd", step->text);
        record = story_add_step(self->story, step->text, step->line, since_begin(self));
        record->on_host = step->kind != STEP_RUN;
        going = run_step(self, i, step, record);
    }
}
