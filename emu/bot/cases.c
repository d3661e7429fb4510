/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/bot/cases.h"

/* Table 6.1, from how the two expectations compare. */
static uint8_t case_number(ScsiDirection host, uint32_t host_length, ScsiDirection device,
                           uint32_t device_length)
{
    if (host == SCSI_NO_DATA) {
        return device == SCSI_NO_DATA ? 1 : device == SCSI_DATA_IN ? 2 : 3;
    }
    if (host == SCSI_DATA_IN) {
        if (device != SCSI_DATA_IN) {
            return device == SCSI_NO_DATA ? 4 : 8;
        }
        return host_length > device_length ? 5 : host_length == device_length ? 6 : 7;
    }
    if (device != SCSI_DATA_OUT) {
        return device == SCSI_NO_DATA ? 9 : 10;
    }
    return host_length > device_length ? 11 : host_length == device_length ? 12 : 13;
}

BotCase bot_case(ScsiDirection host, uint32_t host_length, ScsiDirection device,
                 uint32_t device_length)
{
    static const struct {
        bool phase_error;
        bool stall_in;
    } rules[14] = {
        [2] = { true, false },  /* Hn < Di */
        [3] = { true, false },  /* Hn < Do */
        [4] = { false, true },  /* Hi > Dn */
        [5] = { false, true },  /* Hi > Di */
        [7] = { true, true },   /* Hi < Di */
        [8] = { true, true },   /* Hi <> Do */
        [10] = { true, false }, /* Ho <> Di */
        [13] = { true, false }, /* Ho < Do */
    };
    BotCase c;

    host = host_length ? host : SCSI_NO_DATA;
    device = device_length ? device : SCSI_NO_DATA;
    c.number = case_number(host, host_length, device, device_length);
    c.phase_error = rules[c.number].phase_error;
    c.stall_in = rules[c.number].stall_in;
    c.moved = c.phase_error || device == SCSI_NO_DATA ? 0 : device_length;
    c.residue = host == SCSI_NO_DATA ? 0 : host_length - c.moved;
    return c;
}
