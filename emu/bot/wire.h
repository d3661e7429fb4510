/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two wrappers as bytes (BOT 1.0 § 5.1, § 5.2). Everything is little-endian.
 *
 * Owns: their layout and what makes one valid or meaningful. Does not own: when one may come.
 */
#ifndef USBTAPE_BOT_WIRE_H
#define USBTAPE_BOT_WIRE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOT_CBW_LENGTH 31
#define BOT_CSW_LENGTH 13

#define BOT_CBW_SIGNATURE 0x43425355u /* "USBC" */
#define BOT_CSW_SIGNATURE 0x53425355u /* "USBS" */

#define BOT_CBW_DATA_IN 0x80 /* bmCBWFlags, bit 7; the other bits are reserved or obsolete */

typedef struct BotCbw {
    uint32_t dCBWTag;
    uint32_t dCBWDataTransferLength;
    uint8_t bmCBWFlags;
    uint8_t bCBWLUN;      /* the whole byte, reserved bits included */
    uint8_t bCBWCBLength; /* the same */
    uint8_t CBWCB[16];
} BotCbw;

/* bCSWStatus (BOT 1.0 table 5.3) */
typedef enum BotStatus {
    BOT_PASSED = 0,
    BOT_FAILED = 1,
    BOT_PHASE_ERROR = 2,
} BotStatus;

/*
 * False: not a valid CBW (§ 6.2.1): not 31 bytes, or another signature. The third condition, that
 * it comes after a CSW or a reset, is the state machine's.
 */
bool bot_cbw_parse(const uint8_t *bytes, size_t length, BotCbw *cbw);

/* § 6.2.2: no reserved bit set, a logical unit that exists, 1 to 16 bytes of command block. */
bool bot_cbw_is_meaningful(const BotCbw *cbw, unsigned lun_count);

void bot_csw_build(uint8_t csw[BOT_CSW_LENGTH], uint32_t dCSWTag, uint32_t dCSWDataResidue,
                   BotStatus bCSWStatus);

#endif
