/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the data that a host stores in the drive: identifying information, the time. */
#ifndef USBTAPE_SSC_CMD_IDENTITY_H
#define USBTAPE_SSC_CMD_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

/* Identifying information that the host gave: of the device, and as text. */
#define SSC_IDENTIFIERS    2
#define SSC_IDENTIFIER_MAX 256

typedef struct SscIdentifier {
    uint16_t length;
    uint8_t bytes[SSC_IDENTIFIER_MAX];
} SscIdentifier;

/* Owned by cmd-identity.c. */
typedef struct SscIdentity {
    SscIdentifier identifiers[SSC_IDENTIFIERS];
    uint64_t timestamp; /* milliseconds, as of timestamp_since */
    int64_t timestamp_since;
    bool timestamp_set; /* by the host; otherwise it counts from power-on */
} SscIdentity;

/* The drive was switched on: the time is lost. */
void ssc_identity_power_on(SscIdentity *identity, int64_t now);

#endif
