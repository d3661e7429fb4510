/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/case-state.h"

#include "scenarios/runner/machine/room.h"

#include <string.h>

void case_add_reason(Case *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(self->reasons, g_strdup_vprintf(format, args));
    va_end(args);
}

void case_write_file(const Case *self, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(self->directory, name, NULL);

    g_file_set_contents(path, text, -1, NULL);
}

void case_note_death(Case *self, const GError *error)
{
    if (interrupted()) {
        self->evidence.environment_failed = true;
        case_add_reason(self, "interrupted");
    } else {
        self->evidence.crashed = true;
        case_add_reason(self, "the guest is gone: %s", error->message);
    }
}

bool case_has_room(Case *self)
{
    int64_t now = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;

    if (self->looked > 0 && now - self->looked < SECONDS(1) / 4) {
        return true;
    }
    self->looked = now;
    if (room_check(self->directory, ROOM_LEAST, &error)) {
        return true;
    }
    self->no_room = true;
    self->evidence.environment_failed = true;
    case_add_reason(self, "%s", error->message);
    return false;
}

void case_note_host_failure(Case *self)
{
    if (drive_process_failed(self->drive)) {
        self->evidence.crashed = true;
    } else {
        self->evidence.environment_failed = true;
    }
}

char *case_last_line(const char *text)
{
    g_autofree char *copy = g_strchomp(g_strdup(text));
    char *line = strrchr(copy, '\n');

    return g_strndup(line ? line + 1 : copy, 160);
}
