/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/program/sim-drive.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "emu/base/error.h"
#include "emu/drive.h"
#include "emu/link/port.h"
#include "media/formats/formats.h"

/* Limit of recorded violations, for a host that only violates rules. */
#define BUS_MAX 500u

struct SimDrive {
    Trace trace; /* first */
    GPtrArray *bus;
    Clock *clock;
    FaultPlan *plan;
    Drive *drive;
    Port *port;       /* NULL before the first host */
    TapeMedium *tape; /* owned by the drive */
};

static void sim_on_notice(void *data, const char *text)
{
}

static void sim_on_done(void *data)
{
}

/* ---- connections and time ---- */

static int world_connect(void *data)
{
    static const PortOps ops = { sim_on_notice, sim_on_done };
    SimDrive *self = data;
    g_autofree char *text = NULL;
    int fds[2];

    g_clear_pointer(&self->port, port_free);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
        return -1;
    }
    text = g_strdup_printf("fd:%d", fds[1]);
    self->port = port_new(address_parse("--connect", text, false, NULL), PORT_CONNECT, NULL,
                          drive_usb(self->drive), self->clock, NULL, &ops, self, NULL);
    g_assert(self->port);
    return fds[0];
}

static bool world_turn(void *data, int64_t deadline)
{
    SimDrive *self = data;
    int64_t next, now = clock_now(self->clock);

    if (g_main_context_iteration(g_main_context_get_thread_default(), FALSE)) {
        return true;
    }
    next = virtual_clock_next(self->clock);
    if (next >= 0 && next <= deadline) {
        virtual_clock_advance(self->clock, next - now);
        return true;
    }
    return false;
}

/* ---- the drive ---- */

static void sim_on_violation(Trace *trace, TracePoint point, const char *message)
{
    SimDrive *self = (SimDrive *)trace;

    if (self->bus->len < BUS_MAX) {
        g_ptr_array_add(self->bus, g_strdup(message));
    }
}

static void sim_on_synced(void *data, MediumResult result)
{
}

static void sim_destroy(SimDrive *self)
{
    while (g_main_context_iteration(g_main_context_get_thread_default(), FALSE)) {
    }
    g_clear_pointer(&self->port, port_free);
    if (self->tape) {
        medium_sync(self->tape, sim_on_synced, NULL);
    }
    g_clear_pointer(&self->drive, drive_free);
    fault_plan_free(self->plan);
    clock_free(self->clock);
    g_ptr_array_unref(self->bus);
    g_free(self);
}

static void sim_unplug(void *data, int64_t replug)
{
    port_unplug(((SimDrive *)data)->port, replug);
}

static TapeMedium *sim_new_tape(const SimDriveConfig *config, GError **error)
{
    const char *path = config->cartridge;

    if (!path) {
        return medium_ram_new(&config->geometry);
    }
    return medium_create(path, medium_format_for_path(path), &config->geometry, error)
               ? medium_open(path, false, executor_inline(), NULL, error)
               : NULL;
}

static SimDrive *sim_create(const SimDriveConfig *config, GError **error)
{
    static const DrivePlug plug = { sim_unplug };
    SimDrive *self = g_new0(SimDrive, 1);
    DriveConfig drive = { .speed = USB_SPEED_HIGH, .executor = executor_inline() };

    self->trace = (Trace){ .emit = sim_on_violation, .muted = ~TRACE_BIT(TRACE_BUS_VIOLATION) };
    self->bus = g_ptr_array_new_with_free_func(g_free);
    self->clock = virtual_clock_new();
    self->plan = fault_plan_new(config->seed);
    drive.model = ssc_model_by_name(config->model, error);
    drive.clock = self->clock;
    drive.trace = &self->trace;
    drive.faults = self->plan;
    if (drive.model) {
        drive_default_identity(drive.model, "simulated", &drive.identity);
        self->drive = drive_new(&drive, error);
    }
    if (!self->drive) {
        sim_destroy(self);
        return NULL;
    }
    drive_judge_bus(self->drive);
    drive_set_plug(self->drive, &plug, self);
    self->tape = sim_new_tape(config, error);
    if (!self->tape) {
        sim_destroy(self);
        return NULL;
    }
    drive_insert(self->drive, self->tape);
    return self;
}

static Clock *sim_get_clock(SimDrive *self)
{
    return self->clock;
}

/* What a fault holds back is written first, as at the end of any drive. */
static TapeMedium *sim_get_tape(SimDrive *self)
{
    TapeMedium *seen = ssc_drive_medium(drive_ssc(self->drive));

    if (seen && seen != self->tape) {
        medium_sync(seen, sim_on_synced, NULL);
    }
    return self->tape;
}

static bool sim_add_faults(SimDrive *self, const char *rules, GError **error)
{
    return drive_add_faults(self->drive, "faults", rules, strlen(rules), error);
}

static bool sim_get_fault(SimDrive *self, unsigned index, SimFault *fault)
{
    const FaultRule *rule;

    if (index >= self->plan->rules->len) {
        return false;
    }
    rule = g_ptr_array_index(self->plan->rules, index);
    *fault = (SimFault){ g_intern_string(rule->kind->name), rule->fired };
    return true;
}

static const GPtrArray *sim_get_bus(SimDrive *self)
{
    return self->bus;
}

const SimDriveOps *sim_drive_ops(void)
{
    static const SimWorld world = { world_connect, world_turn };
    static const SimDriveOps ops = { sim_create,     sim_destroy,   sim_get_clock, sim_get_tape,
                                     sim_add_faults, sim_get_fault, sim_get_bus,   &world };

    return &ops;
}
