/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to emu/fault: reads one rule from its text. */
#ifndef USBTAPE_FAULT_RULE_H
#define USBTAPE_FAULT_RULE_H

#include "emu/base/yaml.h"
#include "emu/fault/plan.h"

/* NULL and an error that names the place. References to other rules are not resolved yet. */
FaultRule *fault_rule_read(const YamlNode *node, const char *source, GError **error);
void fault_rule_free(FaultRule *rule);
/* Its triggers, for users: "WRITE(6)#5 record 3". Free with g_free. */
char *fault_rule_describe(const FaultRule *rule);

#endif
