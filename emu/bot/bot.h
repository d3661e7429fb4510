/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB Mass Storage, Bulk-Only Transport 1.0: implements SEAM 1, calls SEAM 2.
 *
 * Owns: the CBW/CSW state machine, the data phase, the thirteen cases, the two class requests. Does
 * not own: endpoint halts (it asks for them), SCSI (it never looks into a CDB).
 */
#ifndef USBTAPE_BOT_BOT_H
#define USBTAPE_BOT_BOT_H

#include "emu/base/trace.h"
#include "emu/scsi/task.h"
#include "emu/usb/function.h"

typedef struct Bot Bot;

/* Borrows the target, which must outlive it. */
Bot *bot_new(ScsiTarget *target, Trace *trace);
void bot_free(Bot *bot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bot, bot_free)

UsbFunction *bot_function(Bot *bot);

/*
 * Sends tasks to this target from now on. The new target passes to the old one the calls for tasks
 * that the old one has not ended. Must not be called from inside a call of either target.
 */
void bot_set_target(Bot *bot, ScsiTarget *target);

#endif
