/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/drive.h"

#include <string.h>

#include "emu/base/error.h"
#include "emu/bot/bot.h"
#include "emu/bot/judge.h"
#include "emu/fault/at-medium.h"
#include "emu/fault/at-task.h"
#include "emu/fault/at-transfer.h"
#include "emu/fault/hold.h"
#include "media/formats/formats.h"

/* How often the eject button is polled while a command runs. */
#define EJECT_POLL_US (10 * 1000)

struct Drive {
    Clock *clock;
    Executor *executor;
    bool read_only;
    FaultPlan *faults;
    SscDrive *ssc;
    FaultInterposers interposers; /* each is NULL without a rule for its seam */
    Bot *bot;
    UsbDevice *usb;
    Trace *trace;
    BotJudge *judge; /* or NULL */
    const DrivePlug *plug;
    void *plug_data;
    ClockTimer *unplug_timer; /* unplugs the drive when no call is under way */
    int64_t replug;
    bool cut_power; /* the unplug also cuts the power */

    Hold *hold; /* or NULL */
    void (*held)(void *data, uint8_t opcode);
    void *held_data;

    char *path; /* of the cartridge */
    void (*moved)(void *data, bool loaded, const char *by);
    void *moved_data;
    bool by_user; /* the user is loading or ejecting it */

    /* The eject under way. */
    DriveEjected ejected;
    void *ejected_data;
    bool force;
    TapeMedium *leaving; /* ejected, and being synced */
    bool comes_back;     /* load it again, with write protection `tab` */
    bool tab;
};

void drive_default_identity(const SscModel *model, const char *seed_text, UsbIdentity *identity)
{
    const SscUsbIds *ids = ssc_model_usb_ids(model);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, seed_text, -1);
    g_autofree char *serial = g_ascii_strup(digest, 12);

    *identity = (UsbIdentity){
        .idVendor = ids->vendor,
        .idProduct = ids->product,
        .bcdDevice = ids->release,
    };
    g_strlcpy(identity->manufacturer, ids->manufacturer_text, sizeof identity->manufacturer);
    g_strlcpy(identity->product, ids->product_text, sizeof identity->product);
    g_strlcpy(identity->serial, serial, sizeof identity->serial);
}

/* ---- faults: the rules decide which interposers are needed ---- */

static void drive_fit_at_task(Drive *drive, bool needed)
{
    ScsiTarget *target = ssc_drive_target(drive->ssc);

    if (needed && !drive->interposers.at_task) {
        drive->interposers.at_task = at_task_new(target, drive->faults);
        bot_set_target(drive->bot, at_task_target(drive->interposers.at_task));
    } else if (!needed && drive->interposers.at_task && at_task_idle(drive->interposers.at_task)) {
        bot_set_target(drive->bot, target);
        g_clear_pointer(&drive->interposers.at_task, at_task_free);
    }
}

/* Rebuilds the chain of functions between the device and Bulk-Only. */
static void drive_fit_function(Drive *drive)
{
    UsbFunction *function = drive->interposers.at_transfer
                                ? at_transfer_function(drive->interposers.at_transfer)
                                : bot_function(drive->bot);

    if (drive->hold) {
        hold_set_below(drive->hold, function);
        function = hold_function(drive->hold);
    }
    usb_device_set_function(drive->usb, function);
}

static void drive_fit_at_transfer(Drive *drive, bool needed)
{
    AtTransfer *unneeded = NULL;

    if (needed == (drive->interposers.at_transfer != NULL) ||
        (!needed && !at_transfer_idle(drive->interposers.at_transfer))) {
        return;
    }
    if (needed) {
        drive->interposers.at_transfer = at_transfer_new(bot_function(drive->bot), drive->faults);
    } else {
        unneeded = g_steal_pointer(&drive->interposers.at_transfer);
    }
    drive_fit_function(drive);
    at_transfer_free(unneeded);
}

static void drive_fit_at_medium(Drive *drive, bool needed)
{
    TapeMedium *medium = ssc_drive_medium(drive->ssc);
    AtMedium *at = drive->interposers.at_medium;

    if (needed && !at && medium) {
        at_medium_new(medium, drive->faults, &drive->interposers.at_medium);
        ssc_drive_replace_medium(drive->ssc, at_medium_medium(drive->interposers.at_medium));
    } else if (!needed && at && medium == at_medium_medium(at) && at_medium_idle(at)) {
        ssc_drive_replace_medium(drive->ssc, at_medium_take_out(at));
    }
}

static void drive_fit_faults(Drive *drive)
{
    unsigned seams = drive->faults ? fault_plan_seams(drive->faults) : 0;

    if (drive->faults) {
        drive_fit_at_transfer(drive, seams & FAULT_SEAM_TRANSFER);
        drive_fit_at_task(drive, seams & FAULT_SEAM_TASK);
        drive_fit_at_medium(drive, seams & FAULT_SEAM_MEDIUM);
    }
}

static bool world_position(void *data, MediumPosition *position)
{
    Drive *drive = data;
    TapeMedium *medium = ssc_drive_medium(drive->ssc);

    if (medium) {
        medium_position(medium, position);
    }
    return medium != NULL;
}

static void drive_on_unplug_timer(void *data)
{
    Drive *drive = data;

    drive->unplug_timer = NULL;
    if (drive->plug) {
        drive->plug->unplug(drive->plug_data, drive->replug);
    }
    if (drive->cut_power) {
        drive->cut_power = false;
        drive_power_cycle(drive);
    }
}

static void world_unplug(void *data, int64_t replug)
{
    Drive *drive = data;

    if (drive->plug && !drive->unplug_timer) {
        drive->replug = replug;
        drive->unplug_timer = clock_start(drive->clock, 0, drive_on_unplug_timer, drive);
    }
}

void drive_power_cycle(Drive *drive)
{
    ScsiTarget *target = drive->interposers.at_task ? at_task_target(drive->interposers.at_task)
                                                    : ssc_drive_target(drive->ssc);

    usb_device_reset(drive->usb);
    target->ops->reset(target, SCSI_RESET_POWER_ON);
}

static void world_cut_power(void *data)
{
    ((Drive *)data)->cut_power = true;
}

static void drive_report_moved(Drive *drive, bool loaded, const char *by)
{
    if (drive->moved && !drive->by_user) {
        drive->moved(drive->moved_data, loaded, by);
    }
}

static void world_sees_cartridge(void *data, bool sees)
{
    Drive *drive = data;

    if (ssc_drive_loaded(drive->ssc)) {
        drive_report_moved(drive, sees, "fault");
    }
}

static const FaultWorld fault_world = { world_position, world_unplug, world_cut_power,
                                        world_sees_cartridge };

const FaultPlan *drive_faults(const Drive *drive)
{
    return drive->faults;
}

static bool refuse_without_plan(const Drive *drive, GError **error)
{
    if (!drive->faults) {
        g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                            "this drive was made without a fault plan");
    }
    return !drive->faults;
}

bool drive_add_faults(Drive *drive, const char *name, const char *text, size_t length,
                      GError **error)
{
    if (refuse_without_plan(drive, error) ||
        !fault_plan_add(drive->faults, name, text, length, error)) {
        return false;
    }
    drive_fit_faults(drive);
    return true;
}

bool drive_remove_fault(Drive *drive, unsigned number, GError **error)
{
    if (refuse_without_plan(drive, error) || !fault_plan_remove(drive->faults, number, error)) {
        return false;
    }
    drive_fit_faults(drive);
    return true;
}

void drive_set_plug(Drive *drive, const DrivePlug *plug, void *data)
{
    drive->plug = plug;
    drive->plug_data = data;
    if (!plug && drive->unplug_timer) {
        clock_cancel(drive->clock, drive->unplug_timer);
        drive_on_unplug_timer(drive);
    }
}

/* ---- holds ---- */

/* A released hold stays until the host has fetched the stopped answer. */
static void drive_drop_idle_hold(Drive *drive)
{
    if (drive->hold && hold_idle(drive->hold)) {
        g_clear_pointer(&drive->hold, hold_free);
        drive_fit_function(drive);
    }
}

static void drive_on_command_stopped(void *data, uint8_t opcode)
{
    Drive *drive = data;

    if (drive->held) {
        drive->held(drive->held_data, opcode);
    }
}

void drive_on_held(Drive *drive, void (*held)(void *data, uint8_t opcode), void *data)
{
    drive->held = held;
    drive->held_data = data;
}

static bool parse_hold(const char *phase, const char *command, HoldPhase *which, int *opcode,
                       GError **error)
{
    for (*which = 0; *which < N_HOLD_PHASES; (*which)++) {
        if (g_str_equal(phase, hold_phase_names[*which])) {
            break;
        }
    }
    if (*which == N_HOLD_PHASES) {
        return usbtape_input_error(error, "hold: there is no phase '%s': cbw, data or csw", phase);
    }
    *opcode = command ? fault_opcode(command) : -1;
    if (command && *opcode < 0) {
        return usbtape_input_error(
            error, "hold: there is no command '%s': write WRITE(6), say, or 0Ah", command);
    }
    return true;
}

bool drive_hold(Drive *drive, const char *phase, const char *command, GError **error)
{
    HoldPhase which;
    int opcode = -1; /* of any command */

    if (!parse_hold(phase, command, &which, &opcode, error)) {
        return false;
    }
    drive_drop_idle_hold(drive);
    if (drive->hold) {
        g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                            "hold: one is in force already; release it first");
        return false;
    }
    drive->hold = hold_new(drive->interposers.at_transfer
                               ? at_transfer_function(drive->interposers.at_transfer)
                               : bot_function(drive->bot),
                           which, opcode, drive_on_command_stopped, drive);
    drive_fit_function(drive);
    return true;
}

bool drive_release(Drive *drive, GError **error)
{
    if (!drive_look_at_hold(drive).in_force) {
        g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                            "release: no hold is in force");
        return false;
    }
    hold_release(drive->hold);
    drive_drop_idle_hold(drive);
    return true;
}

DriveHold drive_look_at_hold(const Drive *drive)
{
    const Hold *hold = drive->hold;

    if (!hold || hold_released(hold)) {
        return (DriveHold){ .opcode = -1, .held = -1 };
    }
    return (DriveHold){ .in_force = true,
                        .phase = hold_phase_names[hold_phase(hold)],
                        .opcode = hold_opcode(hold),
                        .held = hold_stopped_opcode(hold) };
}

void drive_set_timed(Drive *drive, bool timed)
{
    ssc_drive_set_timed(drive->ssc, timed);
}

bool drive_timed(const Drive *drive)
{
    return ssc_drive_timed(drive->ssc);
}

void drive_stats(const Drive *drive, SscStats *stats)
{
    ssc_drive_stats(drive->ssc, stats);
}

const char *drive_command_name(uint8_t opcode)
{
    return ssc_command_name(opcode);
}

/* ---- the bus ---- */

static void drive_on_bus_finding(void *data, const BotFinding *finding)
{
    Drive *drive = data;
    uint64_t packets = usb_device_packets(drive->usb);
    g_autofree char *packet = NULL;

    if (!trace_wants(drive->trace, TRACE_BUS_VIOLATION)) {
        return;
    }
    /* The capture writes this transfer next. */
    packet = packets > 0 ? g_strdup_printf(", packet %" G_GUINT64_FORMAT, packets + 1) : NULL;
    TRACE(drive->trace, BUS_VIOLATION,
          "%s: transfer %" G_GUINT64_FORMAT "%s, tag %08x: %s%s%s (%s%s)",
          bot_rule_key(finding->rule), finding->transfer, packet ? packet : "", finding->tag,
          finding->why ? finding->why : "", finding->why ? "; " : "", bot_rule_about(finding->rule),
          bot_rule_clause(finding->rule), bot_rule_is_advice(finding->rule) ? "; advice" : "");
}

void drive_judge_bus(Drive *drive)
{
    g_assert(!drive->judge);
    drive->judge = bot_judge_new(drive_on_bus_finding, drive);
    usb_device_watch(drive->usb, bot_judge_monitor(drive->judge));
}

/* ---- the drive ---- */

static void drive_on_load(void *data, bool loaded, bool by_host)
{
    drive_report_moved(data, loaded, by_host ? "host" : "drive");
}

void drive_on_moved(Drive *drive, void (*moved)(void *data, bool loaded, const char *by),
                    void *data)
{
    drive->moved = moved;
    drive->moved_data = data;
}

Drive *drive_new(const DriveConfig *config, GError **error)
{
    g_autoptr(Drive) drive = NULL;
    const char *serial = config->identity.serial;
    size_t length = strlen(serial);

    if (!usb_identity_check(&config->identity, error)) {
        return NULL;
    }
    drive = g_new0(Drive, 1);
    drive->clock = config->clock;
    drive->executor = config->executor;
    drive->read_only = config->read_only;
    drive->faults = config->faults;
    drive->trace = config->trace;
    /* Both serial numbers agree. VPD page 80h shows the end of the USB serial number. */
    serial += length > 10 ? length - 10 : 0;
    if (ssc_model_own_serial(config->model)) {
        serial = ssc_model_own_serial(config->model);
    }
    drive->ssc = ssc_drive_new(config->model, serial, config->clock, config->trace);
    ssc_drive_on_load(drive->ssc, drive_on_load, drive);
    drive->bot = bot_new(ssc_drive_target(drive->ssc), config->trace);
    drive->usb =
        usb_device_new(&config->identity, config->speed, bot_function(drive->bot), config->trace);
    if (drive->faults) {
        fault_plan_start(drive->faults, config->clock, config->trace, &drive->interposers,
                         &fault_world, drive);
        drive_fit_faults(drive);
    }
    return g_steal_pointer(&drive);
}

void drive_free(Drive *drive)
{
    if (!drive) {
        return;
    }
    g_assert(!drive->ejected);
    if (drive->unplug_timer) {
        clock_cancel(drive->clock, drive->unplug_timer);
    }
    usb_device_free(drive->usb);
    bot_judge_free(drive->judge);
    hold_free(drive->hold);
    at_transfer_free(drive->interposers.at_transfer);
    bot_free(drive->bot);
    at_task_free(drive->interposers.at_task);
    ssc_drive_free(drive->ssc);
    if (drive->faults) {
        fault_plan_stop(drive->faults);
    }
    g_free(drive->path);
    g_free(drive);
}

UsbDevice *drive_usb(Drive *drive)
{
    return drive->usb;
}

SscDrive *drive_ssc(Drive *drive)
{
    return drive->ssc;
}

const char *drive_cartridge(const Drive *drive)
{
    return drive->path;
}

bool drive_load(Drive *drive, const char *path, bool read_only, char **notice, GError **error)
{
    return drive_load_as(drive, path, NULL, read_only, notice, error);
}

bool drive_load_as(Drive *drive, const char *path, const char *format, bool read_only,
                   char **notice, GError **error)
{
    const MediumFormat *as = format ? medium_format_by_name(format, error) : NULL;
    g_autoptr(TapeMedium) medium = NULL;

    if (notice) {
        *notice = NULL;
    }
    if (format && !as) {
        g_prefix_error(error, "format: ");
        return false;
    }
    if (ssc_drive_medium(drive->ssc)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "cannot load %s: %s is in the drive; eject it first", path, drive->path);
        return false;
    }
    if (drive->leaving) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "cannot load %s: %s is still being synced and ejected; try again", path,
                    drive->path);
        return false;
    }
    medium =
        medium_open_as(path, as, read_only || drive->read_only, drive->executor, notice, error);
    if (!medium) {
        return false;
    }
    if (!drive_insert(drive, medium)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "cannot load %s: the drive is busy; try again", path);
        return false;
    }
    medium = NULL; /* the drive has ownership */
    drive->path = g_strdup(path);
    return true;
}

bool drive_insert(Drive *drive, TapeMedium *medium)
{
    bool taken;

    drive->by_user = true;
    taken = ssc_drive_insert(drive->ssc, medium);
    drive->by_user = false;
    if (!taken) {
        return false;
    }
    drive_fit_faults(drive);
    return true;
}

bool drive_look(Drive *drive, MediumInfo *info, MediumPosition *position, bool *loaded)
{
    TapeMedium *medium = ssc_drive_medium(drive->ssc);

    if (!medium) {
        return false;
    }
    medium_info(medium, info);
    medium_position(medium, position);
    *loaded = ssc_drive_loaded(drive->ssc);
    return true;
}

static void drive_end_eject(Drive *drive, const GError *error)
{
    DriveEjected ejected = drive->ejected;

    drive->ejected = NULL;
    ejected(drive->ejected_data, error);
}

static void drive_on_synced(void *data, MediumResult result)
{
    Drive *drive = data;
    g_autoptr(TapeMedium) medium = g_steal_pointer(&drive->leaving);
    g_autofree char *path = g_steal_pointer(&drive->path);
    g_autoptr(GError) error = NULL;

    if (result != MEDIUM_OK) {
        const GError *why = medium_host_error(medium);

        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: not synced: %s", path,
                    why ? why->message : "the host file failed");
    }
    if (drive->comes_back) {
        if (!error && medium_set_write_protect(medium, drive->tab) != MEDIUM_OK) {
            g_set_error(
                &error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "%s: write protection cannot change: the file was opened read-only, or cannot be "
                "written",
                path);
        }
        drive->path = g_steal_pointer(&path);
        if (drive_insert(drive, medium)) {
            medium = NULL; /* the drive has ownership again */
        } else {
            g_clear_pointer(&drive->path, g_free);
        }
    }
    g_clear_pointer(&medium, medium_free);
    drive_end_eject(drive, error);
}

static void drive_try_eject(void *data)
{
    Drive *drive = data;
    g_autoptr(GError) error = NULL;
    SscEject how;

    drive->by_user = true;
    how = ssc_drive_eject(drive->ssc, drive->force, &drive->leaving);
    drive->by_user = false;
    switch (how) {
    case SSC_EJECTED:
        medium_sync(drive->leaving, drive_on_synced, drive);
        return;
    case SSC_EJECT_BUSY:
        clock_start(drive->clock, EJECT_POLL_US, drive_try_eject, drive);
        return;
    case SSC_EJECT_EMPTY:
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "there is no cartridge in the drive");
        break;
    case SSC_EJECT_PREVENTED:
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "the host has locked the cartridge in the drive");
        break;
    }
    drive_end_eject(drive, error);
}

static void drive_begin_eject(Drive *drive, bool force, DriveEjected done, void *data)
{
    drive->ejected = done;
    drive->ejected_data = data;
    drive->force = force;
    drive_try_eject(drive);
}

/* Refuses a second eject. */
static bool drive_refuse_second_eject(Drive *drive, DriveEjected done, void *data)
{
    g_autoptr(GError) error = NULL;

    if (drive->ejected) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "an eject is under way already");
        done(data, error);
    }
    return error != NULL;
}

void drive_eject(Drive *drive, bool force, DriveEjected done, void *data)
{
    if (!drive_refuse_second_eject(drive, done, data)) {
        drive->comes_back = false;
        drive_begin_eject(drive, force, done, data);
    }
}

void drive_write_protect(Drive *drive, bool on, bool force, DriveEjected done, void *data)
{
    TapeMedium *medium = ssc_drive_medium(drive->ssc);
    MediumInfo info;

    if (drive_refuse_second_eject(drive, done, data)) {
        return;
    }
    if (medium) {
        medium_info(medium, &info);
        if (info.tab == on) {
            done(data, NULL);
            return;
        }
    }
    drive->comes_back = true;
    drive->tab = on;
    drive_begin_eject(drive, force, done, data);
}

bool drive_ejecting(const Drive *drive)
{
    return drive->ejected != NULL;
}
