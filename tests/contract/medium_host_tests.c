/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What media/ asks of the host's disk, seen from below: this program has its own fsync(). */
#include "media/cartridge/cartridge.h"
#include "tests/contract/medium_rows.h"
#include "tests/support/memory_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

TCase *make_medium_host_tcase(void);

static void note_result(void *data, MediumResult result)
{
    *(MediumResult *)data = result;
}

static struct {
    ino_t inode; /* of the directory that was synced last */
    int fails;   /* errno for directories, or 0 */
} directory_sync;

int fsync(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        directory_sync.inode = st.st_ino;
        if (directory_sync.fails) {
            errno = directory_sync.fails;
            return -1;
        }
    }
    return (int)syscall(SYS_fsync, fd);
}

static bool far, blind; /* what is in the file is on the disk alone; nobody can tell */

ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
    if ((flags & RWF_NOWAIT) && (far || blind)) {
        errno = far ? EAGAIN : EOPNOTSUPP;
        return -1;
    }
    return preadv(fd, iov, n, offset);
}

static bool no_unnamed_files; /* as on many network file systems */

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list rest;

    if ((flags & O_TMPFILE) == O_TMPFILE && no_unnamed_files) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Where a file cannot be without a name it has one that no cartridge is called, while it is made.
 */
START_TEST(a_new_cartridge_gets_its_name_at_the_end)
{
    g_autofree char *directory = g_dir_make_tmp("usbtape-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "new.tape", NULL);
    g_autofree char *partial = g_strconcat(path, ".partial", NULL);
    const MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(GError) error = NULL;
    NewCartridge *new;
    TapeMedium *m;
    int round;

    no_unnamed_files = _i;
    for (round = 0; round < 4; round++) { /* given up; finished; in the way; replaced */
        new = new_cartridge_begin(path, &cartridge_format, &geometry, &error);
        ck_assert_msg(new != NULL, "%s", error ? error->message : "");
        m = new_cartridge_open(new, &error);
        ck_assert_ptr_nonnull(m);
        medium_free(m);
        ck_assert_int_eq(g_access(partial, F_OK), _i ? 0 : -1);
        ck_assert_int_eq(g_access(path, F_OK), round < 2 ? -1 : 0);
        if (round > 0) {
            ck_assert_int_eq(new_cartridge_finish(new, round == 3, &error), round != 2);
        }
        new_cartridge_free(new);
        ck_assert_int_eq(g_access(partial, F_OK), -1);
        ck_assert_int_eq(g_access(path, F_OK), round < 1 ? -1 : 0);
        ck_assert(!error == (round != 2));
        g_clear_error(&error);
    }
    no_unnamed_files = false;
    g_unlink(path);
    g_rmdir(directory);
}
END_TEST

static bool killed_by_writing; /* the process ends when its next write is done */

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
    ssize_t written = syscall(SYS_pwritev, fd, iov, n, (long)offset, 0L);

    if (killed_by_writing) {
        _exit(0);
    }
    return written;
}

static void write_blocks(TapeMedium *m, uint8_t content, int n)
{
    uint8_t block[300];

    memset(block, content, sizeof block);
    while (n-- > 0) {
        ck_assert_int_eq(medium_write(m, block, sizeof block), MEDIUM_OK);
    }
}

/* Each format that grows in place: killed in an overwrite, it ends where that had come to. */
START_TEST(nothing_old_follows_an_overwrite_that_was_killed)
{
    g_autofree char *directory = g_dir_make_tmp("usbtape-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "killed", NULL);
    const MediumGeometry geometry = { .partitions = 1 };
    TapeMedium *m;
    uint8_t block[300];
    size_t length;
    pid_t child;
    int i, status;

    ck_assert(medium_create(path, medium_formats()[_i], &geometry, NULL));
    m = medium_open(path, false, executor_inline(), NULL, NULL);
    if (!m) { /* a file of no bytes is a tape only by its name */
        g_unlink(path);
        g_free(path);
        path = g_build_filename(directory, "killed.aws", NULL);
        ck_assert(medium_create(path, medium_formats()[_i], &geometry, NULL));
        m = medium_open(path, false, executor_inline(), NULL, NULL);
    }
    ck_assert_ptr_nonnull(m);
    write_blocks(m, 1, 5);
    medium_sync(m, note_result, &status);
    medium_free(m);
    child = fork();
    if (child == 0) {
        m = medium_open(path, false, executor_inline(), NULL, NULL);
        medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 1);
        killed_by_writing = true;
        write_blocks(m, 2, 1);
        medium_sync(m, note_result, &status); /* what gathers writes at last */
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    m = medium_open(path, true, executor_inline(), NULL, NULL);
    ck_assert_int_eq(medium_read(m, block, sizeof block, &length), MEDIUM_OK);
    for (i = 1; medium_read(m, block, sizeof block, &length) == MEDIUM_OK; i++) {
        ck_assert_msg(i == 1 && block[0] == 2, "object %d is of the %s", i,
                      block[0] == 1 ? "old ones" : "new ones");
    }
    medium_free(m);
    g_unlink(path);
    g_rmdir(directory);
}
END_TEST

/* A cartridge whose name a power cut takes away has not survived. */
START_TEST(the_name_of_a_new_cartridge_is_synced)
{
    g_autofree char *directory = g_dir_make_tmp("usbtape-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "new", NULL);
    const MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(GError) error = NULL;
    struct stat st;

    ck_assert_int_eq(stat(directory, &st), 0);
    directory_sync.inode = 0;
    ck_assert(medium_create(path, medium_formats()[_i], &geometry, NULL));
    ck_assert_uint_eq(directory_sync.inode, st.st_ino);
    g_unlink(path);
    directory_sync.fails = EIO;
    ck_assert(!medium_create(path, medium_formats()[_i], &geometry, &error));
    directory_sync.fails = 0;
    ck_assert_msg(strstr(error->message, directory) && strstr(error->message, g_strerror(EIO)),
                  "%s", error->message);
    ck_assert_int_eq(g_access(path, F_OK), -1);
    g_rmdir(directory);
}
END_TEST

/* On the host's own file system: the limit on file sizes is a disk that is full. */
START_TEST(a_full_disk_is_told_at_once)
{
    g_autofree char *directory = g_dir_make_tmp("usbtape-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "full", NULL);
    struct rlimit before, limit = { 40 * 1024 * 1024, RLIM_INFINITY };
    MediumResult result = MEDIUM_OK;
    uint8_t bytes[700] = { 0 };
    uint32_t n = 0;
    TapeMedium *m;

    ck_assert(medium_create(path, &cartridge_format, &(MediumGeometry){ .partitions = 1 }, NULL));
    m = medium_open(path, false, executor_inline(), NULL, NULL);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while ((result = medium_write(m, bytes, 1 + n % sizeof bytes)) == MEDIUM_OK) {
        n++;
    }
    ck_assert_int_eq(result, MEDIUM_HOST_ERROR);
    ck_assert_ptr_nonnull(strstr(medium_host_error(m)->message, g_strerror(EFBIG)));
    result = MEDIUM_INVALID;
    medium_sync(m, note_result, &result); /* what was accepted fits, however it was gathered */
    ck_assert_int_eq(result, MEDIUM_OK);
    medium_free(m);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    m = medium_open(path, true, executor_inline(), NULL, NULL);
    ck_assert_uint_eq(cartridge(m)->end[0].object, n);
    ck_assert_uint_gt(n, 1000);
    medium_free(m);
    g_unlink(path);
    g_rmdir(directory);
}
END_TEST

/* Killed after much was written and nothing synced: the next open begins near the end. */
START_TEST(a_long_write_without_a_sync_is_not_read_again)
{
    enum { BLOCKS = 600, LENGTH = 20000, INTERVAL = 1 << 20 };
    g_autoptr(MemoryDisk) disk = memory_disk_new();
    HostFile *file = memory_disk_open(disk);
    g_autofree uint8_t *bytes = g_malloc(LENGTH);
    TapeMedium *m;
    uint32_t i;

    ck_assert(cartridge_create(file, "tape", &(MediumGeometry){ .partitions = 1 }, CHUNK_SHIFT_MIN,
                               NULL));
    m = cartridge_open(file, "tape", false, executor_inline(), NULL, NULL);
    cartridge(m)->checkpoint.interval = INTERVAL;
    cartridge(m)->gather.limit = INTERVAL / 4;
    for (i = 0; i < BLOCKS; i++) {
        fill_block(bytes, LENGTH, i);
        ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
    }
    medium_free(m);
    m = cartridge_open(memory_disk_open(disk), "tape", false, executor_inline(), NULL, NULL);
    ck_assert_uint_eq(cartridge(m)->end[0].object, BLOCKS);
    ck_assert_uint_le(cartridge(m)->end[0].bytes -
                          cartridge(m)->superblock.partitions[0].durable.bytes,
                      INTERVAL + INTERVAL / 2);
    medium_free(m);
}
END_TEST

/* Freed while a checkpoint is still under way on the other thread. */
static ExecutorFunc late_work, late_done;
static void *late_data;

static void late_run(Executor *executor, ExecutorFunc work, ExecutorFunc done, void *data)
{
    late_work = work;
    late_done = done;
    late_data = data;
}

START_TEST(freeing_waits_for_a_checkpoint)
{
    static const ExecutorOps ops = { .run = late_run };
    g_autoptr(MemoryDisk) disk = memory_disk_new();
    HostFile *file = memory_disk_open(disk);
    Executor late = { &ops };
    uint8_t bytes[3000] = { 0 };
    TapeMedium *m;

    ck_assert(cartridge_create(file, "tape", &(MediumGeometry){ .partitions = 1 }, CHUNK_SHIFT_MIN,
                               NULL));
    m = cartridge_open(file, "tape", false, &late, NULL, NULL);
    cartridge(m)->checkpoint.interval = 1;
    cartridge(m)->gather.limit = 1;
    late_done = NULL;
    while (!late_done) {
        ck_assert_int_eq(medium_write(m, bytes, sizeof bytes), MEDIUM_OK);
    }
    medium_free(m);
    late_work(late_data);
    late_done(late_data);
}
END_TEST

/* As media/README.md has it: a capacity bounds what the file takes of the disk, whatever is
 * written.
 */
START_TEST(a_capacity_bounds_the_file)
{
    enum { CAPACITY = 256 * 1024, SYSTEM = 64 * 1024, RESERVE = 64 * 1024 };
    const MediumGeometry geometry = { .capacity = CAPACITY, .partitions = 1 };
    static const uint32_t lengths[] = { 0, 1, 511, 70000 }; /* 0: marks */
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *dir = suite_temp_dir();
        g_autofree char *path = g_build_filename(dir, "full.tape", NULL);
        g_autofree uint8_t *block = g_malloc0(MAX(lengths[i], 1));
        MediumResult result;
        MediumPartition partition;
        TapeMedium *m;
        uint64_t n, blocks;
        struct stat empty, st;

        ck_assert(medium_create(path, medium_formats()[0], &geometry, NULL));
        ck_assert_int_eq(stat(path, &empty), 0);
        m = medium_open(path, false, executor_inline(), NULL, NULL);
        ck_assert_ptr_nonnull(m);
        do {
            result = lengths[i] > 0 ? medium_write(m, block, lengths[i])
                                    : medium_write_marks(m, MEDIUM_MARK_FILEMARK, 0xffffff, &n);
        } while (result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING);
        MUST(result == MEDIUM_END_OF_PARTITION);
        medium_sync(m, note_result, &result);
        medium_partition(m, 0, &partition);
        medium_free(m);
        ck_assert_int_eq(stat(path, &st), 0);
        blocks = lengths[i] > 0 ? partition.objects : 0;
        ck_assert_msg((uint64_t)(st.st_blocks - empty.st_blocks) * 512 <=
                          CAPACITY + 64 * blocks + SYSTEM + RESERVE,
                      "blocks of %u: %llu bytes on the disk", lengths[i],
                      (unsigned long long)st.st_blocks * 512);
        ck_assert_uint_ge(partition.used, CAPACITY - MAX(lengths[i], MEDIUM_MARK_SIZE));
    }
}
END_TEST

static void count_up(void *data)
{
    ++*(unsigned *)data;
}

/* A file of one block of that length, opened anew, and what it takes until that is near. */
START_TEST(what_is_far_is_fetched)
{
    static const ExecutorOps ops = { .run = late_run };
    static const uint32_t lengths[] = { 100, 70000 };
    static const MediumGeometry geometry = { .partitions = 1 };
    const uint32_t size = lengths[_i % 2];
    g_autoptr(Tape) tape = tape_new(1 + _i / 2, &geometry);
    Executor late = { &ops };
    g_autofree uint8_t *block = g_malloc(size), *read = g_malloc(size);
    g_autoptr(GError) error = NULL;
    TapeMedium *m;
    unsigned done = 0, jobs;
    size_t length;

    fill_block(block, size, 7);
    ck_assert_int_eq(medium_write(tape->m, block, size), MEDIUM_OK);
    tape_sync(tape);
    g_clear_pointer(&tape->m, medium_free);
    m = medium_open(tape->path, true, &late, NULL, &error);
    g_assert_no_error(error);
    blind = true;
    ck_assert(medium_fetch(m, size, count_up, &done));
    blind = false;
    medium_free(m);
    m = medium_open(tape->path, true, &late, NULL, &error);
    ck_assert(medium_fetch(m, size, count_up, &done));
    far = true;
    ck_assert(!medium_fetch(m, size, count_up, &done));
    ck_assert_uint_eq(done, 0);
    late_work(late_data);
    late_done(late_data);
    ck_assert_uint_eq(done, 1);
    far = false;
    ck_assert(medium_fetch(m, size, count_up, &done));
    ck_assert_int_eq(medium_read(m, read, size, &length), MEDIUM_OK);
    ck_assert_mem_eq(read, block, size);
    far = true;
    ck_assert(medium_fetch(m, size, count_up, &done)); /* there is nothing any more */
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    jobs = !medium_fetch(m, size, count_up, &done); /* small ones are in a window by now */
    ck_assert_uint_le(1, jobs + (size < 1000));
    medium_free(m);
    if (jobs) {
        late_work(late_data);
        late_done(late_data);
    }
    ck_assert_uint_eq(done, 1 + jobs);
    far = false;
}
END_TEST

TCase *make_medium_host_tcase(void)
{
    TCase *tcase = tcase_create("host");

    tcase_add_loop_test(tcase, the_name_of_a_new_cartridge_is_synced, 0, format_count());
    tcase_add_loop_test(tcase, a_new_cartridge_gets_its_name_at_the_end, 0, 2);
    tcase_add_test(tcase, a_capacity_bounds_the_file);
    tcase_add_test(tcase, a_full_disk_is_told_at_once);
    tcase_add_loop_test(tcase, nothing_old_follows_an_overwrite_that_was_killed, 0, format_count());
    tcase_add_test(tcase, a_long_write_without_a_sync_is_not_read_again);
    tcase_add_test(tcase, freeing_waits_for_a_checkpoint);
    tcase_add_loop_test(tcase, what_is_far_is_fetched, 0, 2 * (row_count() - 1));
    return tcase;
}
