/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit attentions waiting to be reported (SAM-3 § 5.9.7). They are kept apart from the sense of the
 * last command and from deferred errors: one slot for all three loses two of them.
 */
#ifndef USBTAPE_SCSI_ATTENTION_H
#define USBTAPE_SCSI_ATTENTION_H

#include "emu/scsi/sense.h"

/* All zero = none. */
typedef struct ScsiAttention {
    uint32_t pending; /* bit n: row n of the order of priority */
} ScsiAttention;

/*
 * Adds a unit attention; one that is pending already is not added twice. Of the resets (29/xx) only
 * the one of highest priority stays. `code` must be one of those that attention.c lists.
 */
void scsi_attention_raise(ScsiAttention *attention, ScsiSenseCode code);

bool scsi_attention_pending(const ScsiAttention *attention);

/* Takes the one of highest priority; SENSE_NO_SENSE if there is none. */
ScsiSenseCode scsi_attention_take(ScsiAttention *attention);

#endif
