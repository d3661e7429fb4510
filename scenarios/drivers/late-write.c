/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An example of a driver of one's own: after each error, the newest request goes out first. */
#include "scenarios/subjects/sim/driver-plugin.h"

static unsigned newest_when_released(unsigned waiting, bool released)
{
    return released ? waiting - 1 : 0;
}

const UsbtapeDriver usbtape_driver = {
    .version = USBTAPE_DRIVER_VERSION,
    .size = sizeof(UsbtapeDriver),
    .name = "late-write",
    .about = "a released queue starts with the newest request",
    .leaves = "the newest block of the backlog comes first",
    .triggers = "unit-attention busy",
    .next = newest_when_released,
};
