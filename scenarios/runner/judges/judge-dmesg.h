/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `dmesg:` what the guest's kernel log has and has not. */
#ifndef USBTAPE_SCENARIOS_JUDGE_DMESG_H
#define USBTAPE_SCENARIOS_JUDGE_DMESG_H

typedef struct DmesgCheck {
    char **none_of, **some_of; /* patterns */
} DmesgCheck;

/* Matches the lines of a kernel's log with which st and usb-storage report that a command failed,
 * whatever came of it. A request to st that makes no sense, as a read into a short buffer, is no
 * such line. */
extern const char dmesg_errors[];

#endif
