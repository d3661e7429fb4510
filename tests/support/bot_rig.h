/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configured device with Bulk-Only over a scripted target, and a host that speaks to it. */
#ifndef USBTAPE_TESTS_BOT_RIG_H
#define USBTAPE_TESTS_BOT_RIG_H

#include "emu/bot/bot.h"
#include "tests/support/scripted_target.h"
#include "tests/support/usb_host.h"

extern const UsbIdentity test_identity;

typedef struct BotRig {
    ScriptedTarget target;
    Bot *bot;
    UsbDevice *device;
    TestHost *host;
    uint32_t tag; /* of the last CBW */
} BotRig;

BotRig *bot_rig_new(void);
/* Checks that every transfer has completed. */
void bot_rig_free(BotRig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BotRig, bot_rig_free)

/* Sends a CBW with the next tag; `in` is the direction bit. */
TestTransfer *bot_rig_cbw(BotRig *rig, uint32_t dCBWDataTransferLength, bool in);

/* Sends `length` bytes of a known pattern, in transfers of `piece` bytes; all must be accepted. */
void bot_rig_data_out(BotRig *rig, size_t length, size_t piece);

/*
 * Asks for `expected` bytes in transfers of `piece` until they are there, or one came short, or
 * one stalled (which it clears, as a host does). Returns the count and checks the pattern.
 */
size_t bot_rig_data_in(BotRig *rig, size_t expected, size_t piece, bool *stalled);

/* Reads the CSW, clearing one halt if need be, and checks it. */
void bot_rig_csw(BotRig *rig, uint32_t dCSWDataResidue, uint8_t bCSWStatus);

bool bot_rig_clear_halt(BotRig *rig, uint8_t endpoint);
bool bot_rig_class_reset(BotRig *rig);
bool bot_rig_is_halted(BotRig *rig, uint8_t endpoint);

/* A command without data passes: the pipes and the state machine are well. */
void bot_rig_works(BotRig *rig);

#endif
