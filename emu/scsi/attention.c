/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/attention.h"

#include <glib.h>

/* By priority: resets first, from the widest to the narrowest (SAM-3 § 5.9.7), then changes. */
static const ScsiSenseCode order[] = {
    SENSE_POWER_ON_OR_RESET,
    SENSE_POWER_ON,
    SENSE_BUS_RESET,
    SENSE_DEVICE_RESET,
    SENSE_MEDIUM_MAY_HAVE_CHANGED,
    SENSE_MODE_PARAMETERS_CHANGED,
    SENSE_LOG_PARAMETERS_CHANGED,
    SENSE_RESERVATIONS_PREEMPTED,
    SENSE_RESERVATIONS_RELEASED,
    SENSE_REGISTRATIONS_PREEMPTED,
    SENSE_TIMESTAMP_CHANGED,
    SENSE_DEVICE_IDENTIFIER_CHANGED,
};

#define RESETS 0x0fu /* the rows of 29/xx */

void scsi_attention_raise(ScsiAttention *attention, ScsiSenseCode code)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        if (order[i] == code) {
            attention->pending |= 1u << i;
            unsigned resets = attention->pending & RESETS;
            attention->pending &= ~RESETS | (resets & -resets);
            return;
        }
    }
    g_assert_not_reached();
}

bool scsi_attention_pending(const ScsiAttention *attention)
{
    return attention->pending != 0;
}

ScsiSenseCode scsi_attention_take(ScsiAttention *attention)
{
    int first = g_bit_nth_lsf(attention->pending, -1);

    if (first < 0) {
        return SENSE_NO_SENSE;
    }
    attention->pending &= attention->pending - 1;
    return order[first];
}
