/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints which of the files named on standard input, a line each, are taken for a tape by what they
 * hold: "FORMAT PATH". */
#include "media/formats/formats.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void look_at(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const MediumFormat *const *format;
    struct stat st;
    HostFile *file;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    file = host_file_new(fd);
    for (format = medium_formats(); *format; format++) {
        if ((*format)->probe(file, (uint64_t)st.st_size, false) > 0) {
            printf("%s %s\n", (*format)->name, path);
        }
    }
    host_file_free(file);
}

int main(void)
{
    char path[4096];

    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        look_at(path);
    }
    return 0;
}
