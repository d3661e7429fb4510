/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases of the simulated host as a table: what each driver came to in each task. */
#ifndef USBTAPE_SCENARIOS_SIM_TABLE_H
#define USBTAPE_SCENARIOS_SIM_TABLE_H

#include "scenarios/runner/report/summary.h"

/* Each of its lines begins with "# "; empty if there were no such cases. Free with g_free. */
char *sim_table_text(const RunSummary *summary);
/* A <table>, or nothing. */
void sim_table_html(const RunSummary *summary, GString *to);

#endif
