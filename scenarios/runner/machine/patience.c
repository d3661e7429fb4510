/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/patience.h"

int64_t patience_time(Patience *self, int64_t now, int64_t waited)
{
    if (self->sampled != 0) {
        int64_t passed = now - self->sampled;

        /* It is less than before if another process took the place of one that ended. */
        self->lost +=
            CLAMP(waited - self->waited, 0, passed / PATIENCE_SLOWEST * (PATIENCE_SLOWEST - 1));
    }
    self->sampled = now;
    self->waited = waited;
    return now - self->lost;
}

int64_t patience_schedstat(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 3);
    guint64 waited; /* ns */

    return words[0] && words[1] &&
                   g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXINT64, &waited, NULL)
               ? (int64_t)(waited / 1000)
               : 0;
}

int64_t patience_waited(pid_t pid)
{
    g_autofree char *tasks = g_strdup_printf("/proc/%d/task", (int)pid);
    GDir *dir = g_dir_open(tasks, 0, NULL);
    int64_t longest = 0;
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(tasks, name, "schedstat", NULL);
        g_autofree char *text = NULL;

        if (g_file_get_contents(path, &text, NULL, NULL)) {
            longest = MAX(longest, patience_schedstat(text));
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    return longest;
}
