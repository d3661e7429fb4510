/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: bench-media [DIRECTORY [MIB]]
 *
 * Streams blocks into a native cartridge and back, beside plain pwrite() and pread() of the same
 * bytes in the same sizes to the same file system. They take turns, a slice each and every other
 * time the other way round, so that both meet the same weather; rates and ratios are medians over
 * the slices. Beside that, what pread() and CRC32C take with nothing else: no reader that compares
 * checksums can be faster. Then many small objects, and
 * how the work grows with their number, beside a .tap file that has to be walked.
 *
 * The exit status says whether the bars of the last lines are met.
 */
#include "emu/base/bytes.h"
#include "media/crc32c.h"
#include "media/formats/formats.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SLICE = 8 * 1024 * 1024,
    SMALLEST_EXPONENT = 4,
    LARGEST_EXPONENT = 7,
    LOCATES = 300,
    PLACES = 30,
    BATCHES = 31,
    OPENS = 101
};

static int missed;

/*
 * Seconds of this process's processor time. All of it is work on the page cache, and on a shared
 * machine the clock on the wall measures the neighbours.
 */
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench-media: %s failed\n", what);
        exit(1);
    }
}

static void bar(const char *what, double got, double wanted, bool at_least)
{
    bool met = at_least ? got >= wanted : got <= wanted;

    missed += !met;
    printf("bar: %s at %s %g: %.3g, %s\n", what, at_least ? "least" : "most", wanted, got,
           met ? "met" : "MISSED");
}

static void synced(void *data, MediumResult result)
{
    must(result == MEDIUM_OK, "sync");
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(GArray *values)
{
    g_array_sort(values, compare);
    return g_array_index(values, double, values->len / 2);
}

static TapeMedium *new_cartridge(const char *path)
{
    TapeMedium *m;

    g_unlink(path);
    must(medium_create(path, medium_formats()[0], &(MediumGeometry){ .partitions = 1 }, NULL),
         "create");
    m = medium_open(path, false, executor_inline(), NULL, NULL);
    must(m != NULL, "open");
    return m;
}

static void rewind_tape(TapeMedium *m)
{
    must(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0) == MEDIUM_OK, "rewind");
}

/* ── streaming ── */

typedef struct Stream {
    TapeMedium *m;
    int fd;
    uint8_t *block;
    size_t length;
    uint64_t per_slice;
} Stream;

/* One slice of the plain file, read and checked; how long it took. */
static double checked_slice(Stream *s, uint64_t number)
{
    double start = now();
    uint32_t crc = 0;
    uint64_t i;

    for (i = 0; i < s->per_slice; i++) {
        off_t offset = (off_t)((number * s->per_slice + i) * s->length);

        must(pread(s->fd, s->block, s->length, offset) == (ssize_t)s->length, "pread");
        crc ^= crc32c(0, s->block, s->length);
    }
    s->block[0] = (uint8_t)crc;
    return now() - start;
}

/* One slice of either, writing or reading; how long it took. */
static double slice(Stream *s, bool plain, bool write, uint64_t number)
{
    double start = now();
    uint64_t i;
    size_t got;

    for (i = 0; i < s->per_slice; i++) {
        off_t offset = (off_t)((number * s->per_slice + i) * s->length);

        s->block[0] = (uint8_t)i;
        if (plain) {
            must((write ? pwrite(s->fd, s->block, s->length, offset)
                        : pread(s->fd, s->block, s->length, offset)) == (ssize_t)s->length,
                 write ? "pwrite" : "pread");
        } else {
            must((write ? medium_write(s->m, s->block, s->length)
                        : medium_read(s->m, s->block, s->length, &got)) == MEDIUM_OK,
                 write ? "write" : "read");
        }
    }
    return now() - start;
}

/* Prints one direction; returns the ratio to plain. */
static double measure(Stream *s, bool write, uint64_t slices)
{
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) plain = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) ratios = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) bounds = g_array_new(FALSE, FALSE, sizeof(double));
    double mb = (double)(s->per_slice * s->length) / 1e6, ratio;
    uint64_t i;

    for (i = 0; i < slices; i++) {
        bool plain_first = i % 2;
        double times[2], bound;

        times[plain_first] = slice(s, plain_first, write, i);
        times[!plain_first] = slice(s, !plain_first, write, i);
        ratio = times[true] / times[false];
        g_array_append_val(ours, times[false]);
        g_array_append_val(plain, times[true]);
        g_array_append_val(ratios, ratio);
        if (!write) { /* far from what was read just now */
            bound = times[true] / checked_slice(s, (i + slices / 2) % slices);
            g_array_append_val(bounds, bound);
        }
    }
    ratio = median(ratios);
    printf("  %s %6.0f MB/s, plain %6.0f MB/s, ratio %.2f", write ? "write" : "read ",
           mb / median(ours), mb / median(plain), ratio);
    if (!write) {
        printf(" (pread and CRC32C alone: %.2f)", median(bounds));
    }
    return ratio;
}

static void stream(const char *directory, size_t length, uint64_t bytes)
{
    g_autofree char *path = g_build_filename(directory, "bench-media.tape", NULL);
    g_autofree char *plain = g_build_filename(directory, "bench-media.plain", NULL);
    g_autofree uint8_t *block = g_malloc(length);
    g_autofree char *name = g_strdup_printf("%zu KiB", length / 1024);
    Stream s = { new_cartridge(path), open(plain, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666),
                 block, length, SLICE / length };
    double written, read;

    must(s.fd >= 0, "open");
    memset(block, 0x5a, length);
    printf("%8s", name);
    written = measure(&s, true, bytes / SLICE);
    medium_sync(s.m, synced, NULL);
    must(fdatasync(s.fd) == 0, "fdatasync");
    rewind_tape(s.m);
    read = measure(&s, false, bytes / SLICE);
    putchar('\n');
    if (length >= 65536) {
        g_autofree char *w = g_strdup_printf("write %s, of pwrite,", name);
        g_autofree char *r = g_strdup_printf("read %s, of pread,", name);

        bar(w, written, 0.8, true);
        bar(r, read, 0.8, true);
    }
    medium_free(s.m);
    close(s.fd);
    g_unlink(path);
    g_unlink(plain);
}

/* ── many small objects, of 1 to 512 bytes ── */

static void small(const char *directory)
{
    enum { OBJECTS = 1000000 };
    g_autofree char *path = g_build_filename(directory, "bench-media.tape", NULL);
    TapeMedium *m = new_cartridge(path);
    uint8_t block[512] = { 0 };
    double start = now(), rate;
    uint32_t i;
    size_t got;

    for (i = 0; i < OBJECTS; i++) {
        must(medium_write(m, block, 1 + i * 2654435761u % 512) == MEDIUM_OK, "write");
    }
    medium_sync(m, synced, NULL);
    rate = OBJECTS / (now() - start);
    bar("small objects written (and synced) a second", rate, 300000, true);
    rewind_tape(m);
    start = now();
    for (i = 0; i < OBJECTS; i++) {
        must(medium_read(m, block, sizeof block, &got) == MEDIUM_OK, "read");
    }
    bar("small objects read a second", OBJECTS / (now() - start), 300000, true);
    medium_free(m);
    g_unlink(path);
}

/* ── scale ── */

enum { PER_FILE = 1000, BLOCK = 16 };

typedef struct Scale {
    double open, object, file, end; /* microseconds */
    double walk_object, walk_end;   /* of a .tap, from its beginning */
    double rss;                     /* MiB */
} Scale;

/* Is it a filemark that is written next? Files have about PER_FILE objects, more or less. */
static bool ends_file(GRand *rand)
{
    return g_rand_int_range(rand, 0, PER_FILE) == 0;
}

static void fill_cartridge(const char *path, uint64_t objects)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    TapeMedium *m = new_cartridge(path);
    uint8_t block[BLOCK] = { 0 };
    uint64_t i, n;

    for (i = 0; i < objects; i++) {
        must((ends_file(rand) ? medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n)
                              : medium_write(m, block, BLOCK)) == MEDIUM_OK,
             "write");
    }
    medium_sync(m, synced, NULL);
    medium_free(m);
}

static void fill_tap(const char *path, uint64_t objects)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    FILE *file = fopen(path, "w");
    uint8_t record[4 + BLOCK + 4] = { BLOCK, [4 + BLOCK] = BLOCK };
    uint64_t i;

    must(file != NULL, "open");
    for (i = 0; i < objects; i++) {
        bool mark = ends_file(rand);

        must(fwrite(mark ? record + 5 : record, mark ? 4 : sizeof record, 1, file) == 1, "write");
    }
    must(fclose(file) == 0, "close");
}

/* From record to record, as a program does that has no index. */
static double walk_tap(const char *path, uint64_t objects)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    double start = now();
    uint8_t header[4];
    off_t at = 0;

    while (objects-- > 0) {
        must(pread(fd, header, 4, at) == 4, "pread");
        at += get_le32(header) ? 8 + (off_t)get_le32(header) : 4;
    }
    close(fd);
    return (now() - start) * 1e6;
}

static double open_time(const char *path)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    int i;

    for (i = 0; i < OPENS; i++) {
        double start = now(), time;
        TapeMedium *m = medium_open(path, false, executor_inline(), NULL, NULL);

        must(m != NULL, "open");
        time = (now() - start) * 1e6;
        g_array_append_val(times, time);
        medium_free(m);
    }
    return median(times);
}

/*
 * The same places again and again: what is measured is how much there is to do, not how much of the
 * page cache is in the processor's.
 */
static double locate_time(TapeMedium *m, MediumLocate what, uint64_t below)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    int batch, i;

    for (batch = 0; batch < BATCHES; batch++) {
        double start = now(), time;

        for (i = 0; i < LOCATES; i++) {
            must(medium_locate(m, 0, what, below * (uint64_t)(i % PLACES) / PLACES + 1) ==
                     MEDIUM_OK,
                 "locate");
            if (what == MEDIUM_LOCATE_EOD) {
                rewind_tape(m);
            }
        }
        time = (now() - start) * 1e6 / LOCATES;
        g_array_append_val(times, time);
    }
    return median(times);
}

/* In a process of its own, whose memory is nothing but this. */
static Scale measure_scale(const char *path, const char *tap, uint64_t objects)
{
    MediumPartition partition;
    struct rusage usage;
    TapeMedium *m;
    Scale s;

    fill_cartridge(path, objects);
    fill_tap(tap, objects);
    s.open = open_time(path);
    m = medium_open(path, true, executor_inline(), NULL, NULL);
    must(m != NULL, "open");
    s.object = locate_time(m, MEDIUM_LOCATE_OBJECT, objects - 1);
    medium_partition(m, 0, &partition);
    s.file = locate_time(m, MEDIUM_LOCATE_FILE, partition.files - 1);
    s.end = locate_time(m, MEDIUM_LOCATE_EOD, objects);
    medium_free(m);
    s.walk_object = walk_tap(tap, objects / 2);
    s.walk_end = walk_tap(tap, objects);
    getrusage(RUSAGE_SELF, &usage);
    s.rss = (double)usage.ru_maxrss / 1024;
    g_unlink(path);
    g_unlink(tap);
    return s;
}

static Scale scale_at(const char *directory, uint64_t objects)
{
    g_autofree char *path = g_build_filename(directory, "bench-media.tape", NULL);
    g_autofree char *tap = g_build_filename(directory, "bench-media.tap", NULL);
    Scale s = { 0 };
    int fds[2], status;
    pid_t child;

    must(pipe(fds) == 0, "pipe");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        s = measure_scale(path, tap, objects);
        _exit(write(fds[1], &s, sizeof s) == sizeof s ? 0 : 1);
    }
    close(fds[1]);
    must(read(fds[0], &s, sizeof s) == sizeof s, "measuring");
    close(fds[0]);
    waitpid(child, &status, 0);
    return s;
}

static void scale(const char *directory)
{
    Scale first = { 0 }, s = { 0 };
    uint64_t objects = 10000;
    int exponent;

    puts("microseconds             open   LOCATE object   LOCATE file   SPACE to EOD   MiB RSS"
         "   | .tap walked: to the middle   to EOD");
    for (exponent = SMALLEST_EXPONENT; exponent <= LARGEST_EXPONENT; exponent++) {
        s = scale_at(directory, objects);
        first = exponent == SMALLEST_EXPONENT ? s : first;
        printf("%11" G_GUINT64_FORMAT " objects %9.1f %15.2f %13.2f %14.2f %9.1f %24.0f %10.0f\n",
               objects, s.open, s.object, s.file, s.end, s.rss, s.walk_object, s.walk_end);
        objects *= 10;
    }
    bar("open, 10^7 objects of 10^4,", s.open / first.open, 2, false);
    bar("LOCATE to an object, 10^7 of 10^4,", s.object / first.object, 2, false);
    bar("LOCATE to a file, 10^7 of 10^4,", s.file / first.file, 2, false);
    bar("SPACE to EOD, 10^7 of 10^4,", s.end / first.end, 2, false);
    bar("MiB of memory", s.rss, 64, false);
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = { 10240, 65536, 262144 };
    const char *directory = argc > 1 ? argv[1] : ".";
    uint64_t mib = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 512;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        stream(directory, lengths[i], MAX(mib, 64) * 1024 * 1024);
    }
    small(directory);
    scale(directory);
    return missed > 0;
}
