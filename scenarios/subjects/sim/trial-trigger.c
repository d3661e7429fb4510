/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tasks, ends and triggers of a trial are called, and what the drive does for a trigger.
 */
#include "scenarios/subjects/sim/trial.h"

static const char *const task_names[] = { [TRIAL_BACKUP] = "backup",
                                          [TRIAL_BACKUP_VERIFY] = "backup-verify",
                                          [TRIAL_RESTORE] = "restore",
                                          [TRIAL_APPEND] = "append",
                                          [TRIAL_N_TASKS] = NULL };

const char *const *trial_task_names(void)
{
    return task_names;
}

const char *trial_end_name(TrialEnd end)
{
    static const char *const names[] = {
        [TRIAL_CLEAN] = "clean",
        [TRIAL_REPORTED] = "reported",
        [TRIAL_FALSE_ALARM] = "false-alarm",
        [TRIAL_UNREADABLE] = "unreadable",
        [TRIAL_SILENT] = "silent",
        [TRIAL_HUNG] = "hang",
        [TRIAL_INCONCLUSIVE] = "inconclusive",
    };

    return names[end];
}

bool trial_writes(TrialTask task)
{
    return task != TRIAL_RESTORE;
}

/* Reads meet no early warning, and there is no mark among them. */
unsigned trial_triggers(TrialTask task, unsigned triggers)
{
    return trial_writes(task)
               ? triggers
               : triggers & ~(unsigned)(HOST_TRIGGER_EARLY_WARNING | HOST_TRIGGER_QUEUED_MARK);
}

char *trial_rules(TrialTask task, HostTrigger trigger, unsigned at, uint64_t draw)
{
    const char *command = trial_writes(task) ? "WRITE(6)" : "READ(6)";

    switch (trigger) {
    case HOST_TRIGGER_UNIT_ATTENTION:
        return g_strdup_printf("- {name: %s, on: \"%s#%u\"}\n",
                               draw ? "drive.ua-power-on" : "drive.ua-medium", command, at);
    case HOST_TRIGGER_BUSY:
        return g_strdup_printf("- {name: drive.busy, as: sense, on: \"%s#%u\", count: %d}\n",
                               command, at, (int)draw + 1);
    case HOST_TRIGGER_STALL:
        /* Twice, so that it takes Reset Recovery; the command was executed. */
        return g_strdup_printf("- {name: usb.stall-csw, on: \"%s#%u\", count: 2}\n", command, at);
    case HOST_TRIGGER_STALL_CBW:
        return g_strdup_printf("- {name: usb.stall-cbw, on: \"%s#%u\"}\n", command, at);
    case HOST_TRIGGER_NAK_FOREVER:
        return g_strdup_printf("- {name: usb.nak-forever, on: \"%s#%u\", phase: data}\n", command,
                               at);
    case HOST_TRIGGER_CSW_LOST:
        return g_strdup_printf("- {name: usb.csw-lost, on: \"%s#%u\"}\n", command, at);
    case HOST_TRIGGER_QUEUED_MARK:
    case HOST_TRIGGER_STALE_KEYS:
    case HOST_TRIGGER_EARLY_WARNING:
    default:
        return g_strdup("");
    }
}
