/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules of the bus a host broke, as its drive found (emu/bot/judge-rules.def): how often
 * each, and where first.
 *
 * Owns: the counts, and how a finding of the drive is read. Does not own: what is expected of them
 * (judge-bus.h).
 */
#ifndef USBTAPE_SCENARIOS_BUS_H
#define USBTAPE_SCENARIOS_BUS_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
#define BOT_RULE(id, key, level, clause, about) BUS_RULE_##id,
#include "emu/bot/judge-rules.def"
#undef BOT_RULE
    BUS_N_RULES
};

/* "cbw-before-csw". Static. */
const char *bus_rule_key(unsigned rule);
/* No standard demands the rule. */
bool bus_rule_is_advice(unsigned rule);
/* BUS_N_RULES: there is none of that name. */
unsigned bus_rule_by_key(const char *key, size_t length);

typedef struct BusCount {
    int64_t times;
    char *first; /* the finding as the drive reported it, its place in front; NULL: none */
} BusCount;

typedef struct BusTally {
    BusCount rules[BUS_N_RULES];
} BusTally;

BusTally *bus_tally_new(void);
void bus_tally_free(BusTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusTally, bus_tally_free)

/* `text` is that of a trace `bus.violation`; `place` says more of where ("seed 5"), NULL: nothing.
 */
void bus_tally_add(BusTally *tally, const char *text, const char *place);
/* Those of a trace file of the drive. False: there is none. */
bool bus_tally_add_trace(BusTally *tally, const char *path, const char *place);

/* "cbw-before-csw 3 times; the first: life 1: transfer 57, …"; NULL: the rule was kept. g_free. */
char *bus_tally_text(const BusTally *tally, unsigned rule);
/* Appends an array with an object for each rule that was broken. */
void bus_tally_add_json(const BusTally *tally, JsonBuilder *builder);

#endif
