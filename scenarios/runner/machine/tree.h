/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removes directories of the runner. */
#ifndef USBTAPE_SCENARIOS_TREE_H
#define USBTAPE_SCENARIOS_TREE_H

/* Removes a file, or a directory and all that is in it. Links are removed, never followed. */
void tree_remove(const char *path);

#endif
