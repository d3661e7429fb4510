/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges whether the host keeps the rules of Bulk-Only Transport.
 *
 * Owns: the rules (judge-rules.def), and the state of the bus that they need.
 * Does not own: the transfers, which it sees as a monitor of the device (usb/monitor.h); where
 * findings go.
 *
 * The judge looks at the host alone. A drive whose faults break the standard changes what the host
 * has to do next, but is never blamed. It is lenient where the drive cannot know:
 *  - A transfer is judged as it arrives. Those that a host had under way before it learned of a
 *    STALL count as sent afterwards only if they arrive afterwards.
 *  - IN transfers may be asked for at any time (BOT 1.0 § 3.3), and may be longer than the data:
 *    neither is seen on a wire.
 *  - Once commands overlap, what the device does is indeterminate (§ 3.4). Until all of them have
 *    ended, only further CBWs are judged.
 *  - A port reset, a configuration or an interface setting ends each duty.
 */
#ifndef USBTAPE_BOT_JUDGE_H
#define USBTAPE_BOT_JUDGE_H

#include "emu/usb/monitor.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum BotRule {
#define BOT_RULE(id, key, level, clause, about) BOT_RULE_##id,
#include "emu/bot/judge-rules.def"
#undef BOT_RULE
    BOT_N_RULES
} BotRule;

/* Static texts. `advice`: the standard does not demand it. */
const char *bot_rule_key(BotRule rule);
const char *bot_rule_clause(BotRule rule);
const char *bot_rule_about(BotRule rule);
bool bot_rule_is_advice(BotRule rule);

typedef struct BotFinding {
    BotRule rule;
    uint64_t transfer; /* the transfer that broke it: its number since the judge began, from 1 */
    uint32_t tag;      /* of the last CBW, this one included; 0: there was none */
    const char
        *why; /* what made it a duty ("the CSW reported a phase error"); NULL: it always is */
} BotFinding;

typedef struct BotJudge BotJudge;

/* `found` is called from inside the submission of the transfer, before the device sees it. It may
 * not submit or cancel. */
BotJudge *bot_judge_new(void (*found)(void *data, const BotFinding *finding), void *data);
void bot_judge_free(BotJudge *judge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BotJudge, bot_judge_free)

UsbMonitor *bot_judge_monitor(BotJudge *judge);

#endif
