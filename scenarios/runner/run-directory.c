/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/run-directory.h"

#include "emu/base/error.h"
#include "scenarios/runner/machine/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool run_fail(GError **error, const char *path, int number)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: %s", path, g_strerror(number));
    return false;
}

/*
 * A file of this name and text marks a directory that `usbtape run` made. Nothing in a directory
 * without it is replaced or removed. A name alone, such as case.json, is no proof.
 */
#define MARK_NAME ".usbtape-run"
#define MARK_TEXT "made by usbtape run"

typedef enum Mark {
    MARK_NONE,
    MARK_OURS,
    MARK_FOREIGN, /* a file of that name with another text, or no file */
} Mark;

static Mark read_mark(int dir)
{
    int fd = openat(dir, MARK_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[sizeof MARK_TEXT];
    struct stat status;
    bool ours;

    if (fd < 0) {
        return errno == ENOENT ? MARK_NONE : MARK_FOREIGN;
    }
    ours = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
           read(fd, text, sizeof MARK_TEXT - 1) == sizeof MARK_TEXT - 1 &&
           memcmp(text, MARK_TEXT, sizeof MARK_TEXT - 1) == 0;
    close(fd);
    return ours ? MARK_OURS : MARK_FOREIGN;
}

static bool write_mark(int dir, const char *path, GError **error)
{
    static const char text[] = MARK_TEXT ", version " USBTAPE_VERSION "\n";
    int fd = openat(dir, MARK_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool good;
    int number;

    if (fd < 0) {
        return run_fail(error, path, errno);
    }
    good = write(fd, text, sizeof text - 1) == sizeof text - 1;
    number = errno;
    close(fd);
    return good || run_fail(error, path, number);
}

static bool refuse_foreign(const char *path, const char *what, GError **error)
{
    return usbtape_input_error(error,
                               "%s: %s was not made by `usbtape run`: move it away, or give "
                               "another directory with --out",
                               path, what);
}

bool run_directory_make_case(const char *path, GError **error)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool good;

    if (dir >= 0) {
        good = read_mark(dir) == MARK_OURS;
        close(dir);
        if (!good) {
            return refuse_foreign(path, "it", error);
        }
        tree_remove(path);
    } else if (errno != ENOENT) {
        return errno == ELOOP || errno == ENOTDIR ? refuse_foreign(path, "it", error)
                                                  : run_fail(error, path, errno);
    }
    if (g_mkdir(path, 0777) != 0) {
        return run_fail(error, path, errno);
    }
    dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) {
        return run_fail(error, path, errno);
    }
    good = write_mark(dir, path, error);
    close(dir);
    return good;
}

bool run_directory_claim(int dir, const char *path, GError **error)
{
    struct stat status;

    switch (read_mark(dir)) {
    case MARK_OURS:
        return true;
    case MARK_FOREIGN:
        return refuse_foreign(path, MARK_NAME, error);
    case MARK_NONE:
        break;
    }
    return fstatat(dir, RUN_RESULTS_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0
               ? refuse_foreign(path, RUN_RESULTS_NAME, error)
               : write_mark(dir, path, error);
}

/* The old file is unlinked and not truncated: it may be a link to a file of others. */
FILE *run_directory_open_results(int dir)
{
    int fd;

    if (unlinkat(dir, RUN_RESULTS_NAME, 0) != 0 && errno != ENOENT) {
        return NULL;
    }
    fd = openat(dir, RUN_RESULTS_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd >= 0 ? fdopen(fd, "w") : NULL;
}

/* Two runs would remove each other's directories. The workers have `dir` open, too, so the lock
 * outlives the runner. */
bool run_directory_lock(int dir, const char *out, GError **error)
{
    return flock(dir, LOCK_EX | LOCK_NB) == 0 ||
           usbtape_input_error(
               error, "%s: another `usbtape run` writes there: give this one its own with --out",
               out);
}
