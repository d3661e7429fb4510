/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thirteen cases (BOT 1.0 § 6.7): what the host expects (H) against what the device intends
 * (D), each none (n), in (i) or out (o). A pure function of four numbers.
 *
 * The standard leaves some choices to the device. This device chooses:
 *  - (4), (5) less to send than the host expects: the data is not padded, and bulk-in halts after
 *    the last byte. § 6.7.2 allows a short packet to end the data but demands the STALL in any
 * case. The STALL ends the data also when it happens to fill the host's last transfer.
 *  - (7), (8) the device sends no data, and bulk-in halts at once (demanded when less than all is
 *    sent).
 *  - (9), (10), (11), (13) the device accepts every byte the host announced and discards the
 * excess. § 6.7.3 allows this. The host sees no halt in the middle of its write, and Linux and
 * Windows receive only a CSW.
 *  - (2), (3) bulk-in does not halt. The CSW can be sent at once.
 */
#ifndef USBTAPE_BOT_CASES_H
#define USBTAPE_BOT_CASES_H

#include "emu/scsi/task.h"

typedef struct BotCase {
    uint8_t number;   /* 1 to 13, as in table 6.1 */
    bool phase_error; /* bCSWStatus is 02h; the command must not be executed */
    bool stall_in;    /* bulk-in halts once `moved` bytes went in */
    uint32_t moved;   /* bytes that go to the device's account */
    uint32_t residue; /* dCSWDataResidue: what the host announced less `moved` */
} BotCase;

/* A length of zero is no data for any direction (§ 5.1, bmCBWFlags). */
BotCase bot_case(ScsiDirection host, uint32_t host_length, ScsiDirection device,
                 uint32_t device_length);

#endif
