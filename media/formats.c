/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/formats.h"

#include "emu/base/error.h"
#include "media/cartridge.h"
#include "media/format-aws.h"
#include "media/format-simh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    PROBE_LENGTH = 64 * 1024 + 512, /* to the second superblock of a native cartridge */
};

/* One row a format; the first is what `media create` makes when nothing says otherwise. */
const MediumFormat *const *medium_formats(void)
{
    static const MediumFormat *const formats[] = { &cartridge_format, &simh_format, &aws_format,
                                                   NULL };

    return formats;
}

const MediumFormat *medium_format_by_name(const char *name, GError **error)
{
    const MediumFormat *const *format;
    g_autoptr(GString) names = g_string_new(NULL);

    for (format = medium_formats(); *format; format++) {
        if (strcmp((*format)->name, name) == 0) {
            return *format;
        }
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", (*format)->name);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "there is no format '%s': there are %s",
                name, names->str);
    return NULL;
}

const MediumFormat *medium_format_for_path(const char *path)
{
    const MediumFormat *const *format;

    for (format = medium_formats(); *format; format++) {
        g_auto(GStrv) suffixes = g_strsplit((*format)->suffixes, " ", -1);
        char **suffix;

        for (suffix = suffixes; *suffix; suffix++) {
            size_t at = strlen(path) - MIN(strlen(path), strlen(*suffix));

            if (g_ascii_strcasecmp(path + at, *suffix) == 0) {
                return *format;
            }
        }
    }
    return medium_formats()[0];
}

static void input_error(GError **error, const char *path, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: %s", path, what);
}

/* Opens a regular file for us alone, or for reading; -1 and an error otherwise. */
static int open_file(const char *path, bool read_only, struct stat *st, GError **error)
{
    /* O_NONBLOCK: a FIFO of that name must not hang us */
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int reason = errno;

    if (fd < 0) {
        struct stat target;

        if (!read_only && (reason == EACCES || reason == EROFS) && access(path, R_OK) == 0 &&
            stat(path, &target) == 0 && S_ISREG(target.st_mode)) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                        "%s: %s: it can only be opened read-only", path, g_strerror(reason));
        } else {
            input_error(error, path, g_strerror(reason));
        }
        return -1;
    }
    if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
        input_error(error, path, S_ISDIR(st->st_mode) ? "is a directory" : "is not a regular file");
        close(fd);
        return -1;
    }
    return fd;
}

/* The process that holds the lock on a file, as /proc/locks has it; 0 if it does not say. */
static int lock_holder(const struct stat *st)
{
    g_autofree char *locks = NULL;
    g_autofree char *wanted = NULL;
    g_auto(GStrv) lines = NULL;
    char **line;

    if (!g_file_get_contents("/proc/locks", &locks, NULL, NULL)) {
        return 0;
    }
    wanted = g_strdup_printf(":%llu ", (unsigned long long)st->st_ino);
    lines = g_strsplit(locks, "\n", -1);
    for (line = lines; *line; line++) {
        int pid;

        /* "7: FLOCK  ADVISORY  WRITE 3141 fe:00:1234 0 EOF"; waiters have "->" */
        if (strstr(*line, wanted) && sscanf(*line, "%*d: FLOCK %*s WRITE %d", &pid) == 1) {
            return pid;
        }
    }
    return 0;
}

/* One writer at a time. Readers take no lock: they may look on. */
static bool lock_file(int fd, const char *path, const struct stat *st, GError **error)
{
    int holder;

    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    if (errno != EWOULDBLOCK) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: cannot lock: %s", path,
                    g_strerror(errno));
        return false;
    }
    holder = lock_holder(st);
    if (holder > 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: in use by process %d; stop it, or open the cartridge read-only", path,
                    holder);
    } else {
        input_error(error, path,
                    "in use by another process; stop it, or open the cartridge "
                    "read-only");
    }
    return false;
}

static const MediumFormat *probe_file(int fd, const char *path, uint64_t size, GError **error)
{
    g_autofree uint8_t *head = g_malloc(PROBE_LENGTH);
    ssize_t length = pread(fd, head, PROBE_LENGTH, 0);
    const MediumFormat *const *format;
    const MediumFormat *best = NULL;
    int best_score = 0;

    if (length < 0) {
        input_error(error, path, g_strerror(errno));
        return NULL;
    }
    for (format = medium_formats(); *format; format++) {
        int score = (*format)->probe(head, (size_t)length, size);

        if (score > best_score) {
            best_score = score;
            best = *format;
        }
    }
    if (size == 0 && medium_format_for_path(path)->empty_is_blank) {
        return medium_format_for_path(path);
    }
    if (!best) {
        input_error(error, path,
                    size == 0 ? "is empty: not a cartridge"
                              : "is not a cartridge of any known format");
    }
    return best;
}

TapeMedium *medium_open(const char *path, bool read_only, Executor *executor, char **notice,
                        GError **error)
{
    const MediumFormat *format;
    TapeMedium *m = NULL;
    struct stat st = { 0 };
    int fd = open_file(path, read_only, &st, error);

    if (notice) {
        *notice = NULL;
    }
    if (fd < 0) {
        return NULL;
    }
    if (read_only || lock_file(fd, path, &st, error)) {
        format = probe_file(fd, path, (uint64_t)st.st_size, error);
        m = format ? format->open(fd, path, read_only, executor, notice, error) : NULL;
    }
    if (!m) {
        close(fd);
    }
    return m;
}

/* The new name is on disk, too: else a power cut takes the file with all that was synced to it. */
static bool sync_directory(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = true;

    if (fd < 0) {
        return true; /* we may write to it, not read it: nothing to sync it by */
    }
    if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot sync: %s", directory,
                    g_strerror(errno));
        good = false;
    }
    close(fd);
    return good;
}

bool medium_create(const char *path, const MediumFormat *format, const MediumGeometry *geometry,
                   GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool made;

    if (fd < 0) {
        input_error(error, path, errno == EEXIST ? "exists already" : g_strerror(errno));
        return false;
    }
    made = format->create(fd, path, geometry, error) && sync_directory(path, error);
    close(fd);
    if (!made) {
        unlink(path); /* nobody else has seen it: we made it just now */
    }
    return made;
}
