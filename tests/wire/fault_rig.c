/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/fault_rig.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>

#include "media/formats/formats.h"

#define RECORD 1024

static void on_notice(void *data, const char *text)
{
}

static void on_done(void *data)
{
}

static const PortOps port_ops = { on_notice, on_done };

static int world_connect(void *data)
{
    FaultRig *rig = data;
    g_autofree char *text = NULL;
    int fds[2];

    g_clear_pointer(&rig->port, port_free);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
        return -1;
    }
    text = g_strdup_printf("fd:%d", fds[1]);
    rig->port = port_new(address_parse("--connect", text, false, NULL), PORT_CONNECT, NULL,
                         drive_usb(rig->drive), rig->clock, NULL, &port_ops, rig, NULL);
    g_assert(rig->port);
    return fds[0];
}

static bool world_turn(void *data, int64_t deadline)
{
    FaultRig *rig = data;
    int64_t next, now = clock_now(rig->clock);

    if (g_main_context_iteration(NULL, FALSE)) {
        return true;
    }
    next = virtual_clock_next(rig->clock);
    if (next >= 0 && next <= deadline) {
        virtual_clock_advance(rig->clock, next - now);
        return true;
    }
    if (deadline > now) {
        virtual_clock_advance(rig->clock, deadline - now);
    }
    return false;
}

static const SimWorld world = { world_connect, world_turn };

static void plug_unplug(void *data, int64_t replug)
{
    port_unplug(((FaultRig *)data)->port, replug);
}

static void on_trace(Trace *trace, TracePoint point, const char *message)
{
    FaultRig *rig = (FaultRig *)(void *)((char *)trace - G_STRUCT_OFFSET(FaultRig, trace));

    if (point == TRACE_FAULT_FIRED) {
        g_string_append_printf(rig->firings, "%s\n", message);
    } else if (point == TRACE_BUS_VIOLATION) {
        g_string_append_printf(rig->violations, "%s\n", message);
    }
}

static void rig_init(FaultRig *rig, bool worm, const char *rules, uint64_t seed)
{
    static const DrivePlug plug = { plug_unplug };
    const MediumGeometry geometry = {
        .capacity = 64 * 1024, .early_warning = 16 * 1024, .partitions = 1, .worm = worm
    };
    DriveConfig config = { .speed = USB_SPEED_HIGH, .executor = executor_inline() };
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL;

    *rig = (FaultRig){ .trace = { .emit = on_trace,
                                  .muted = ~(TRACE_BIT(TRACE_FAULT_FIRED) |
                                             TRACE_BIT(TRACE_BUS_VIOLATION)) } };
    rig->firings = g_string_new(NULL);
    rig->violations = g_string_new(NULL);
    rig->clock = virtual_clock_new();
    rig->plan = fault_plan_new(seed);
    config.model = ssc_model_by_name(NULL, &error);
    config.clock = rig->clock;
    config.trace = &rig->trace;
    config.faults = rig->plan;
    drive_default_identity(config.model, "rig", &config.identity);
    rig->drive = drive_new(&config, &error);
    g_assert_no_error(error);
    drive_judge_bus(rig->drive);
    drive_set_plug(rig->drive, &plug, rig);
    rig->tape = medium_ram_new(&geometry);
    g_assert(drive_insert(rig->drive, rig->tape));
    rig->host = sim_host_new(rig->clock, &world, rig);
    rig->application = (SimApplication){
        .host = rig->host, .clock = rig->clock, .world = &world, .data = rig, .size = RECORD
    };
    g_assert(sim_host_attach(rig->host));
    first = sim_application_run(&rig->application, "tur*3", NULL);
    /* From here on commands count. */
    g_assert(drive_add_faults(rig->drive, "plan", rules, strlen(rules), &error) || error);
    g_assert_no_error(error);
    sim_host_clear_log(rig->host);
}

void fault_rig_init(FaultRig *rig, const char *rules, uint64_t seed)
{
    rig_init(rig, false, rules, seed);
}

void fault_rig_init_worm(FaultRig *rig, const char *rules, uint64_t seed)
{
    rig_init(rig, true, rules, seed);
}

void fault_rig_clear(FaultRig *rig)
{
    sim_host_free(rig->host);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_clear_pointer(&rig->port, port_free);
    drive_free(rig->drive);
    fault_plan_free(rig->plan);
    clock_free(rig->clock);
    g_string_free(rig->firings, TRUE);
    g_string_free(rig->violations, TRUE);
}

char *fault_rig_run(FaultRig *rig, const char *steps)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *results = sim_application_run(&rig->application, steps, &error);
    const char *log = sim_host_log(rig->host);

    g_assert_no_error(error);
    return *log ? g_strdup_printf("%s | %s", results, log) : g_strdup(results);
}

char *fault_rig_tape(FaultRig *rig)
{
    return sim_tape_dump(rig->tape, rig->application.size);
}

static const char *unfired(const FaultPlan *plan, const char *firings)
{
    guint i;

    for (i = 0; i < plan->rules->len; i++) {
        const FaultRule *rule = g_ptr_array_index(plan->rules, i);

        if (rule->fired == 0 || !strstr(firings, rule->kind->name)) {
            return rule->kind->name;
        }
    }
    return NULL;
}

void fault_row_check(const FaultRow *row)
{
    FaultRig rig;
    g_autofree char *results = NULL;
    g_autofree char *tape = NULL;
    g_autofree char *violations = NULL;
    const char *missing;

    rig_init(&rig, row->worm, row->rules, 42);
    results = fault_rig_run(&rig, row->steps);
    tape = fault_rig_tape(&rig);
    missing = unfired(rig.plan, rig.firings->str);
    violations = g_strdup(rig.violations->str);
    fault_rig_clear(&rig);
    ck_assert_msg(g_str_equal(results, row->results) && g_str_equal(tape, row->tape),
                  "%s: %s:\nresults %s\nnot     %s\ntape    %s\nnot     %s", row->rules, row->steps,
                  results, row->results, tape, row->tape);
    ck_assert_msg(!missing, "%s: %s: no trace of %s", row->rules, row->steps, missing);
    /* Whatever the drive does wrong, the host keeps the rules of the bus. */
    ck_assert_msg(!*violations, "%s: %s: %s", row->rules, row->steps, violations);
}
