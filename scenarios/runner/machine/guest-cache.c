/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/guest-cache.h"

#include "emu/base/error.h"
#include "scenarios/runner/machine/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How the names of scratch directories begin: of runners, and of build-guest. */
#define SCRATCH  ".scratch-"
#define BUILDING ".building."

#define KEY_LENGTH 16 /* hex digits behind the guest's name */
#define DAY        (24 * 3600)

char *guest_cache_directory(void)
{
    const char *given = g_getenv("USBTAPE_CACHE");

    /* QEMU runs in another directory, so the name has to be absolute. */
    return given && *given ? g_canonicalize_filename(given, NULL)
                           : g_build_filename(g_get_user_cache_dir(), "usbtape", NULL);
}

/* ---- the lock, and scratch directories under it ---- */

/* Such a directory exists under a lock only. One that is there now is of a killed process. */
static void remove_scratch(const char *folder, const char *prefix)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, prefix)) {
            g_autofree char *path = g_build_filename(folder, name, NULL);

            tree_remove(path);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
}

int guest_cache_lock(GError **error)
{
    g_autofree char *cache = guest_cache_directory();
    g_autofree char *folder = g_build_filename(cache, "snapshots", NULL);
    g_autofree char *path = g_build_filename(folder, "lock", NULL);
    int fd;

    g_mkdir_with_parents(folder, 0777);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s", path, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    remove_scratch(folder, SCRATCH);
    return fd;
}

char *guest_cache_scratch(const char *what, GError **error)
{
    g_autofree char *cache = guest_cache_directory();
    g_autofree char *pattern = g_strdup_printf("%s/snapshots/" SCRATCH "%s.XXXXXX", cache, what);

    if (!g_mkdtemp(pattern)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s", pattern, g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&pattern);
}

/* ---- what is removed ---- */

typedef struct Entry {
    char *path;
    int64_t used; /* seconds since 1970; G_MININT64: it is not complete */
} Entry;

static void entry_clear(void *data)
{
    g_free(((Entry *)data)->path);
}

static int by_use(const void *a, const void *b)
{
    const Entry *x = a, *y = b;

    return (x->used < y->used) - (x->used > y->used);
}

/* "NAME-0123456789abcdef" and the suffix? The name of one guest may begin with that of another. */
static bool is_of(const char *entry, const char *name, const char *suffix)
{
    size_t length = strlen(name);
    const char *key = entry + length + 1;

    return g_str_has_prefix(entry, name) && entry[length] == '-' &&
           strspn(key, "0123456789abcdef") == KEY_LENGTH && g_str_equal(key + KEY_LENGTH, suffix);
}

/* The entries of a folder for the guest `name`, the last used first, by the time of the file
 * `stamp` in each (NULL: by their own). Links are left out: they lead to the builds of others. */
static GArray *list_entries(const char *folder, const char *name, const char *suffix,
                            const char *stamp)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *found;

    g_array_set_clear_func(entries, entry_clear);
    while (dir && (found = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, found, NULL);
        g_autofree char *stamped = g_build_filename(path, stamp, NULL); /* `path` if it is NULL */
        GStatBuf status;

        if (is_of(found, name, suffix) && g_lstat(path, &status) == 0 && !S_ISLNK(status.st_mode)) {
            bool complete = g_lstat(stamped, &status) == 0;
            Entry entry = { g_steal_pointer(&path), complete ? status.st_mtime : G_MININT64 };

            g_array_append_val(entries, entry);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_array_sort(entries, by_use);
    return entries;
}

int guest_cache_use(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "complete", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && (flock(fd, LOCK_SH) != 0 || futimens(fd, NULL) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Is it the build that build-guest prints as long as nothing changed? A file names each. */
static bool is_last(const char *folder, const char *path)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    g_autofree char *base = g_path_get_basename(path);
    bool last = false;
    const char *name;

    while (dir && !last && (name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(folder, name, NULL);
        g_autofree char *text = NULL;

        if (g_str_has_suffix(name, "-last") && g_file_get_contents(file, &text, NULL, NULL)) {
            last = g_str_has_suffix(g_strchomp(text), base);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    return last;
}

/* First the file that makes it complete: a build that is removed in part is never used. */
static void remove_build(const char *path)
{
    g_autofree char *complete = g_build_filename(path, "complete", NULL);
    int fd = open(complete, O_RDONLY | O_CLOEXEC);

    if (fd < 0 ? errno == ENOENT : flock(fd, LOCK_EX | LOCK_NB) == 0) {
        g_unlink(complete);
        tree_remove(path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

void guest_cache_prune(const char *cache, const char *name, int64_t now)
{
    g_autofree char *folder = g_build_filename(cache, "guests", NULL);
    g_autofree char *lock = g_build_filename(cache, "lock", NULL);
    g_autoptr(GArray) builds = NULL;
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    guint i;

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        remove_scratch(folder, BUILDING);
        builds = list_entries(folder, name, "", "complete");
        for (i = 0; i < builds->len; i++) {
            const Entry *build = &g_array_index(builds, Entry, i);

            if ((i >= GUEST_CACHE_BUILDS || build->used < now - DAY) &&
                !is_last(folder, build->path)) {
                remove_build(build->path);
            }
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void remove_state(const char *path)
{
    g_autofree char *sum = g_strconcat(path, ".sum", NULL);

    g_unlink(path);
    g_unlink(sum);
}

/* Those of guests that are not run any more. */
static void remove_forgotten_states(const char *folder, int64_t now)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        GStatBuf status;

        if (g_str_has_suffix(name, ".state") && g_stat(path, &status) == 0 &&
            status.st_mtime < now - 30 * DAY) {
            remove_state(path);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
}

void guest_cache_prune_states(const char *state, int64_t now)
{
    g_autofree char *folder = g_path_get_dirname(state);
    g_autofree char *name = g_path_get_basename(state);
    char *key = strrchr(name, '-');
    g_autoptr(GArray) states = NULL;
    guint i;

    remove_forgotten_states(folder, now);
    if (!key) {
        return;
    }
    *key = '\0';
    states = list_entries(folder, name, ".state", NULL);
    for (i = GUEST_CACHE_STATES; i < states->len; i++) {
        const char *path = g_array_index(states, Entry, i).path;

        if (!g_str_equal(path, state)) {
            remove_state(path);
        }
    }
}
