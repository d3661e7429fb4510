/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host actions: what a scenario does to the drive and the machine from outside the guest. A `host:`
 * step names one. So does a script in the guest that calls `ask ACTION …` and waits.
 */
#ifndef USBTAPE_SCENARIOS_HOST_H
#define USBTAPE_SCENARIOS_HOST_H

#include "scenarios/runner/machine/drive-process.h"
#include "scenarios/runner/machine/vm.h"

typedef struct HostAction {
    const char *usage; /* "swap-tape N" */
    const char *about;
} HostAction;

/* The i-th of them; NULL after the last. */
const HostAction *host_action(size_t i);

/* Is there such an action, and does it have what it needs? */
bool host_check(const char *text, GError **error);

/* Does it. The error says why it could not be done. */
bool host_do(const char *text, Vm *vm, DriveProcess *drive, GError **error);

#endif
