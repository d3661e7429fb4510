/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/sim-tally.h"

#include "emu/base/json-build.h"
#include "emu/base/json-read.h"

void sim_tally_free(void *detail)
{
    SimTally *tally = detail;

    if (tally) {
        g_free(tally->driver);
        g_free(tally->task);
        g_free(tally->against);
        g_free(tally->explained);
        g_free(tally);
    }
}

static void add_triggers(JsonBuilder *builder, const SimTally *tally)
{
    unsigned i;

    json_builder_set_member_name(builder, "triggers");
    json_builder_begin_object(builder);
    for (i = 0; i < HOST_N_TRIGGERS; i++) {
        if (tally->by_trigger[i].cases > 0) {
            json_builder_set_member_name(builder, host_trigger_name((HostTrigger)(1u << i)));
            json_builder_begin_object(builder);
            json_add_number(builder, "cases", tally->by_trigger[i].cases);
            json_add_number(builder, "failed", tally->by_trigger[i].failed);
            json_builder_end_object(builder);
        }
    }
    json_builder_end_object(builder);
}

static unsigned read_number(JsonObject *object, const char *name)
{
    return (unsigned)json_number_at(object, name, 0);
}

static void read_triggers(JsonObject *object, SimTally *tally)
{
    JsonObject *triggers = json_object_at(object, "triggers");
    unsigned i;

    for (i = 0; triggers && i < HOST_N_TRIGGERS; i++) {
        JsonObject *one = json_object_at(triggers, host_trigger_name((HostTrigger)(1u << i)));

        if (one) {
            tally->by_trigger[i] =
                (SimCount){ read_number(one, "cases"), read_number(one, "failed") };
        }
    }
}

void sim_tally_add(JsonBuilder *builder, const void *detail)
{
    const SimTally *tally = detail;
    unsigned end;

    json_add_text(builder, "driver", tally->driver);
    json_add_text(builder, "task", tally->task);
    json_add_text(builder, "explained", tally->explained);
    json_add_number(builder, "cases", tally->cases);
    for (end = 0; end < TRIAL_N_ENDS; end++) {
        json_add_number(builder, trial_end_name((TrialEnd)end), tally->ends[end]);
    }
    json_add_number(builder, "needed", tally->needed);
    add_triggers(builder, tally);
    json_add_text(builder, "against", tally->against);
    json_add_number(builder, "against-clean", tally->against_clean);
    json_builder_set_member_name(builder, "seconds");
    json_builder_add_double_value(builder, tally->seconds);
}

void *sim_tally_read(JsonObject *object)
{
    SimTally *tally = g_new0(SimTally, 1);
    unsigned end;

    tally->driver = g_strdup(json_text_at(object, "driver", ""));
    tally->task = g_strdup(json_text_at(object, "task", ""));
    tally->explained = g_strdup(json_text_at(object, "explained", NULL));
    tally->against = g_strdup(json_text_at(object, "against", NULL));
    tally->cases = read_number(object, "cases");
    tally->needed = read_number(object, "needed");
    tally->against_clean = read_number(object, "against-clean");
    read_triggers(object, tally);
    tally->seconds = json_real_at(object, "seconds", 0);
    for (end = 0; end < TRIAL_N_ENDS; end++) {
        tally->ends[end] = read_number(object, trial_end_name((TrialEnd)end));
    }
    return tally;
}
