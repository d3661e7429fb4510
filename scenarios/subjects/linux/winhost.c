/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * winhost TASK DRIVER [SEED [OUTSTANDING [BLOCKS [RUN]]]]: the simulated Windows host at work in
 * the guest. Takes the tape drive from the kernel's driver and gives it back at the end; what is
 * between the model of a port driver and the drive is a real host controller and the kernel's USB
 * core.
 *
 *   TASK    backup, verify (a backup, then read back and compared), append, restore; append and
 *           restore expect a tape that `winhost backup post-fix` wrote, restore with the same
 * BLOCKS DRIVER  a model of a port driver: post-fix (the right one), F1, …
 * (subjects/sim/port-models.c) RUN     what its records say of themselves, or have to say on
 * restore: 2 of append, else 1
 *
 * Standard output is what the backup program tells its user, and what the port driver did. Exit
 * status: 0 the program believes that all is well, and files read back are what they were; 3 it
 * believes so, and they are not; 1 it complains; 2 usage. Where a request was lost, the program
 * waits for ever, and so does this one, once it has said so.
 */
#include "emu/base/clock.h"
#include "scenarios/subjects/linux/usbfs-transport.h"
#include "scenarios/subjects/mtf/backup-plan.h"
#include "scenarios/subjects/sim/workload.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVENTS (HOST_EVENT_RESORTED + 1)

static const char *const tasks[] = { "backup", "verify", "append", "restore", NULL };

typedef struct Settings {
    const char *task;
    const HostModel *driver;
    uint64_t seed;
    unsigned outstanding, blocks, run;
} Settings;

typedef struct Host {
    const Settings *settings;
    UsbfsDevice device;
    Clock *clock;
    UsbfsTransport *bus;
    HostPort *port;
    TapeClass *tape;
    Workload *workload;
    MtfWriter *earlier;
    MtfFilePlan files[MTF_PLAN_FILES];
    unsigned events[EVENTS];
    uint64_t newest;    /* number of a request that has been on the wire */
    unsigned displaced; /* commands that went there although a later one had been there before */
} Host;

static void on_event(void *data, HostEvent event, const HostRequest *request)
{
    Host *host = data;

    host->events[event]++;
    if (event == HOST_EVENT_CBW && request) {
        host->displaced += request->number < host->newest;
        host->newest = MAX(host->newest, request->number);
    }
}

static MtfJob plan_job(Host *host)
{
    mtf_plan_files(host->settings->blocks, host->files);
    return (MtfJob){
        .run = host->settings->run, .set = 1, .files = host->files, .n_files = MTF_PLAN_FILES
    };
}

/* What a program remembers of an earlier backup: the writer tells it without a tape. */
static bool remember_backup(Host *host, GError **error)
{
    MtfJob job = plan_job(host);
    MtfOp op;

    host->earlier = mtf_writer_new(&job, error);
    while (host->earlier && mtf_writer_next(host->earlier, &op)) {
        mtf_op_clear(&op);
    }
    return host->earlier != NULL;
}

static bool open_host(Host *host, GError **error)
{
    const Settings *settings = host->settings;
    bool restore = g_str_equal(settings->task, "restore");
    bool append = g_str_equal(settings->task, "append");
    WorkloadConfig workload = {
        .task = { .type = restore  ? MTF_TASK_RESTORE
                          : append ? MTF_TASK_APPEND
                                   : MTF_TASK_BACKUP,
                  .job = plan_job(host),
                  .verify = g_str_equal(settings->task, "verify"),
                  .wait_at_marks = true,
                  .run = settings->run },
        .outstanding = settings->outstanding,
        .gather = 1,
        .seed = settings->seed,
    };

    if (restore) {
        if (!remember_backup(host, error)) {
            return false;
        }
        workload.task.catalog = mtf_writer_catalog(host->earlier);
    }
    host->clock = virtual_clock_new();
    host->bus = usbfs_transport_new(&host->device);
    host->port = host_port_new(usbfs_transport_bus(host->bus), host->clock, settings->driver);
    host_port_watch(host->port, on_event, host);
    host->tape = tape_class_new(host->port, host->clock, 0);
    /* What a right port driver does not look at. */
    tape_class_leave_keys(host->tape, settings->seed);
    host->workload = workload_new(host->tape, host->clock, &workload, error);
    return host->workload != NULL;
}

static void close_host(Host *host)
{
    g_clear_pointer(&host->bus, usbfs_transport_free);
    g_clear_pointer(&host->port, host_port_free);
    g_clear_pointer(&host->workload, workload_free);
    g_clear_pointer(&host->tape, tape_class_free);
    g_clear_pointer(&host->earlier, mtf_writer_free);
    g_clear_pointer(&host->clock, clock_free);
}

/* How long poll() may wait: until the next timer, rounded up; -1: there is none. */
static int patience(Clock *clock)
{
    int64_t next = virtual_clock_next(clock);

    return next < 0 ? -1 : (int)CLAMP((next - clock_now(clock) + 999) / 1000, 0, 60000);
}

/* False: it waits for what nobody will answer. */
static bool run(Host *host)
{
    int64_t last = g_get_monotonic_time();

    workload_start(host->workload);
    while (!workload_done(host->workload)) {
        int64_t now;
        int timeout = patience(host->clock);

        if (timeout < 0 && !usbfs_transport_busy(host->bus)) {
            return false;
        }
        usbfs_transport_turn(host->bus, timeout);
        now = g_get_monotonic_time();
        virtual_clock_advance(host->clock, now - last);
        last = now;
    }
    return true;
}

static void tell_events(const Host *host)
{
    int event;

    printf("port driver %s:", host->settings->driver->name);
    for (event = 0; event < EVENTS; event++) {
        if (host->events[event] > 0) {
            printf(" %s %u", host_event_name((HostEvent)event), host->events[event]);
        }
    }
    if (host->displaced > 0) {
        printf(" sent after a later one %u", host->displaced);
    }
    printf("\n");
}

static int tell(const Host *host)
{
    const MtfApplication *application = workload_application(host->workload);
    const GPtrArray *differences = mtf_application_differences(application);
    guint i;

    printf("the backup program: %s\n", mtf_application_message(application));
    if (mtf_application_outcome(application) != MTF_OUTCOME_SUCCESS) {
        fprintf(stderr, "winhost: %s (%s)\n", mtf_application_message(application),
                mtf_application_detail(application));
        return 1;
    }
    for (i = 0; i < differences->len; i++) {
        fprintf(stderr, "winhost: what it does not know: %s\n", (char *)differences->pdata[i]);
    }
    return differences->len > 0 ? 3 : 0;
}

static int work(Host *host)
{
    g_autoptr(GError) error = NULL;
    int status = 1;

    if (!open_host(host, &error)) {
        fprintf(stderr, "winhost: %s\n", error->message);
    } else if (run(host)) {
        tell_events(host);
        status = tell(host);
    } else {
        tell_events(host);
        printf("the backup program waits for ever: a request was lost\n");
        fflush(stdout);
        for (;;) {
            pause();
        }
    }
    close_host(host);
    return status;
}

/* A number from 1 on, or the default if the argument is not there. */
static bool number(char **argv, int argc, int i, unsigned usual, unsigned *value)
{
    guint64 parsed = usual;
    bool good =
        i >= argc || g_ascii_string_to_unsigned(argv[i], 10, 1, MTF_PLAN_BLOCKS_MAX, &parsed, NULL);

    *value = (unsigned)parsed;
    return good;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Settings settings = { .task = argc > 1 ? argv[1] : "" };
    Host host = { .settings = &settings, .device = { .fd = -1 } };
    unsigned seed = 1;
    int status;

    if (argc < 3 || argc > 7 || !g_strv_contains(tasks, settings.task) ||
        !number(argv, argc, 3, 1, &seed) || !number(argv, argc, 4, 4, &settings.outstanding) ||
        !number(argv, argc, 5, MTF_PLAN_BLOCKS, &settings.blocks) ||
        !number(argv, argc, 6, g_str_equal(settings.task, "append") ? 2 : 1, &settings.run)) {
        fprintf(stderr, "usage: winhost backup|verify|append|restore DRIVER "
                        "[SEED [OUTSTANDING [BLOCKS [RUN]]]]\n");
        return 2;
    }
    settings.seed = seed;
    settings.driver = host_model_by_name(argv[2], &error);
    if (!settings.driver) {
        fprintf(stderr, "winhost: %s\n", error->message);
        return 2;
    }
    if (!usbfs_take(&host.device, "winhost")) {
        return 1;
    }
    status = work(&host);
    usbfs_give_back(&host.device);
    return status;
}
