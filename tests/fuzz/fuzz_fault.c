/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fault plans, as they come from a file or a control socket; then some commands go by the rules. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "emu/fault/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t opcodes[] = { 0x0a, 0x08, 0x10, 0x01, 0x34, 0x12, 0x03 };
    g_autoptr(FaultPlan) plan = fault_plan_new(1);
    g_autoptr(GError) error = NULL;
    MediumPosition position = { .object = 3, .files = 1, .used = 4096 };
    FaultEvent event = { .hook = FAULT_HOOK_REQUEST,
                         .request = FAULT_CLEAR_HALT,
                         .position = &position };
    unsigned cursor, i;

    if (!fault_plan_add(plan, "fuzz", (const char *)data, size, &error)) {
        g_assert(error && !strchr(error->message, '\n'));
        g_assert(plan->rules->len == 0);
        return 0;
    }
    for (i = 0; i < G_N_ELEMENTS(opcodes); i++) {
        fault_plan_command(plan, i, &opcodes[i], 1);
        fault_plan_request(plan, event.request);
        cursor = 0;
        while (fault_plan_next(plan, &event, &cursor)) {
        }
    }
    fault_plan_remove(plan, 1, NULL);
    fault_plan_remove(plan, 0, NULL);
    return 0;
}
