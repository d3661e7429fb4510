/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model of a port driver that a user wrote: a shared object with one table (driver-plugin.h). */
#ifndef USBTAPE_SCENARIOS_DRIVER_FILE_H
#define USBTAPE_SCENARIOS_DRIVER_FILE_H

#include "scenarios/subjects/sim/port-driver.h"

/* Loads it. Its code runs as this user, and stays loaded. NULL: USBTAPE_ERROR_INPUT, in one line.
 * Free with g_free. */
HostModel *driver_file_load(const char *path, GError **error);

#endif
