/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/formats/formats.h"

#include "emu/base/error.h"
#include "media/cartridge/cartridge.h"
#include "media/formats/format-aws.h"
#include "media/formats/format-simh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* One row a format. `media create` makes the first if neither option nor suffix selects one. */
const MediumFormat *const *medium_formats(void)
{
    static const MediumFormat *const formats[] = { &cartridge_format, &medium_format_simh,
                                                   &medium_format_aws, NULL };

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

const MediumFormat *medium_format_by_suffix(const char *path)
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
    return NULL;
}

const MediumFormat *medium_format_for_path(const char *path)
{
    const MediumFormat *format = medium_format_by_suffix(path);

    return format ? format : medium_formats()[0];
}

static void input_error(GError **error, const char *path, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: %s", path, what);
}

/*
 * Opens a regular file with an exclusive lock, or for reading. Returns -1 and an error otherwise.
 */
static int open_file(const char *path, bool read_only, struct stat *st, GError **error)
{
    /* without O_NONBLOCK, opening a FIFO of that name would wait for a writer */
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

/* The process that /proc/locks names as holder of the lock on a file, or 0. */
static int lock_holder_text(const struct stat *st)
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

        /* "7: FLOCK  ADVISORY  WRITE 3141 fe:00:1234 0 EOF", where a waiting process has "->" */
        if (strstr(*line, wanted) && sscanf(*line, "%*d: FLOCK %*s WRITE %d", &pid) == 1) {
            return pid;
        }
    }
    return 0;
}

/* " (NAME)" of a process, or nothing. */
static char *process_name(int pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", pid);
    g_autofree char *name = NULL;

    if (!g_file_get_contents(path, &name, NULL, NULL)) {
        return g_strdup("");
    }
    return g_strdup_printf(" (%s)", g_strchomp(name));
}

/* One writer at a time. Readers take no lock, so they can read beside a writer. */
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
    holder = lock_holder_text(st);
    if (holder > 0) {
        g_autofree char *name = process_name(holder);

        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: in use by process %d%s; stop it, or open the cartridge read-only", path,
                    holder, name);
    } else {
        input_error(error, path,
                    "in use by another process; stop it, or open the cartridge "
                    "read-only");
    }
    return false;
}

static const MediumFormat *probe_file(int fd, const char *path, uint64_t size, GError **error)
{
    const MediumFormat *named = medium_format_by_suffix(path), *best = NULL;
    HostFile *file = host_file_new(fd);
    const MediumFormat *const *format;
    int best_score = 0;

    for (format = medium_formats(); *format; format++) {
        int score = (*format)->probe(file, size, *format == named);

        if (score > best_score) {
            best_score = score;
            best = *format;
        }
    }
    host_file_release(file);
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

TapeMedium *medium_open_as(const char *path, const MediumFormat *format, bool read_only,
                           Executor *executor, char **notice, GError **error)
{
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
        format = format ? format : probe_file(fd, path, (uint64_t)st.st_size, error);
        m = format ? format->open(fd, path, read_only, executor, notice, error) : NULL;
    }
    if (!m) {
        close(fd);
    }
    return m;
}

TapeMedium *medium_open(const char *path, bool read_only, Executor *executor, char **notice,
                        GError **error)
{
    return medium_open_as(path, NULL, read_only, executor, notice, error);
}

TapeMedium *medium_salvage(const char *path, char **notice, GError **error)
{
    const MediumFormat *const *format;
    TapeMedium *m = NULL;
    struct stat st = { 0 };
    int fd = open_file(path, true, &st, error);

    if (fd < 0) {
        return NULL;
    }
    if (lock_file(fd, path, &st, error)) {
        for (format = medium_formats(); *format && !m; format++) {
            if ((*format)->salvage) {
                g_clear_error(error);
                m = (*format)->salvage(fd, path, notice, error);
            }
        }
    }
    if (!m) {
        close(fd);
    }
    return m;
}

/* Makes the new name durable. Without it a power cut removes the file with all its synced data. */
static bool sync_directory(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = true;

    if (fd < 0) {
        return true; /* a directory that is writable but not readable cannot be synced */
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
        unlink(path); /* this call created the file, so no other process uses it */
    }
    return made;
}

/* ── a cartridge that gets its name at the end ── */

struct NewCartridge {
    const MediumFormat *format;
    char *path;
    char *partial; /* temporary name, or NULL */
    int fd;
};

/* The temporary name, which no cartridge format uses as a suffix. */
static char *partial_path(const char *path)
{
    return g_strconcat(path, ".partial", NULL);
}

static int new_cartridge_open_unnamed(NewCartridge *new)
{
    g_autofree char *directory = g_path_get_dirname(new->path);
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        new->partial = partial_path(new->path);
        fd = open(new->partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    return fd;
}

NewCartridge *new_cartridge_begin(const char *path, const MediumFormat *format,
                                  const MediumGeometry *geometry, GError **error)
{
    g_autoptr(NewCartridge) new = g_new0(NewCartridge, 1);

    new->format = format;
    new->path = g_strdup(path);
    new->fd = new_cartridge_open_unnamed(new);
    if (new->fd < 0) {
        input_error(error, path, g_strerror(errno));
        return NULL;
    }
    return format->create(new->fd, path, geometry, error) ? g_steal_pointer(&new) : NULL;
}

TapeMedium *new_cartridge_open(NewCartridge *new, GError **error)
{
    int fd = fcntl(new->fd, F_DUPFD_CLOEXEC, 0);
    TapeMedium *m;

    if (fd < 0) {
        input_error(error, new->path, g_strerror(errno));
        return NULL;
    }
    m = new->format->open(fd, new->path, false, executor_inline(), NULL, error);
    if (!m) {
        close(fd);
    }
    return m;
}

/* Links the file under a free name. False with errno if the name exists. */
static bool new_cartridge_link(NewCartridge *new, const char *name)
{
    g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", new->fd);

    if (new->partial) {
        return renameat2(AT_FDCWD, new->partial, AT_FDCWD, name, RENAME_NOREPLACE) == 0;
    }
    return linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

bool new_cartridge_finish(NewCartridge *new, bool replace, GError **error)
{
    g_autofree char *partial = partial_path(new->path);
    bool named;

    if (replace && !new->partial) { /* a link cannot replace; a rename can */
        named = new_cartridge_link(new, partial);
        new->partial = named ? g_strdup(partial) : NULL;
    }
    named = replace ? new->partial &&rename(new->partial, new->path) == 0
                    : new_cartridge_link(new, new->path);
    if (!named) {
        input_error(error, new->path, errno == EEXIST ? "exists already" : g_strerror(errno));
        return false;
    }
    g_clear_pointer(&new->partial, g_free);
    return sync_directory(new->path, error);
}

void new_cartridge_free(NewCartridge *new)
{
    if (new) {
        if (new->partial) {
            unlink(new->partial);
        }
        if (new->fd >= 0) {
            close(new->fd);
        }
        g_free(new->partial);
        g_free(new->path);
        g_free(new);
    }
}
