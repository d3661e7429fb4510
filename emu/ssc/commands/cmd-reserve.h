/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the reservations of the one initiator on this bus. */
#ifndef USBTAPE_SSC_CMD_RESERVE_H
#define USBTAPE_SSC_CMD_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

/* Owned by cmd-reserve.c. */
typedef struct SscReservation {
    bool reserved;   /* by RESERVE */
    bool registered; /* by PERSISTENT RESERVE OUT, with this key */
    uint64_t key;
    uint8_t type; /* of the persistent reservation, which only a registered host holds; 0: none */
    uint32_t generation;
} SscReservation;

#endif
