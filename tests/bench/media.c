/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: bench-media [DIRECTORY [MIB]]
 *
 * Streams blocks into a native cartridge and back, beside plain pwrite() and pread() of the same
 * bytes in the same sizes to the same file system in the same run. Prints medians of five rounds,
 * which alternate so that both meet the same weather.
 */
#include "media/formats.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 5 };

typedef struct Times {
    double write[ROUNDS], read[ROUNDS];
} Times;

static double now(void)
{
    return (double)g_get_monotonic_time() / 1e6;
}

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench-media: %s failed\n", what);
        exit(1);
    }
}

static void synced(void *data, MediumResult result)
{
    must(result == MEDIUM_OK, "sync");
}

static void cartridge_round(const char *path, uint8_t *block, size_t length, uint64_t n, Times *t,
                            int round)
{
    const MediumGeometry geometry = { .partitions = 1 };
    TapeMedium *m;
    uint64_t i;
    double start;
    size_t got;

    g_unlink(path);
    must(medium_create(path, medium_formats()[0], &geometry, NULL), "create");
    m = medium_open(path, false, executor_inline(), NULL, NULL);
    must(m != NULL, "open");
    start = now();
    for (i = 0; i < n; i++) {
        block[0] = (uint8_t)i;
        must(medium_write(m, block, length) == MEDIUM_OK, "write");
    }
    t->write[round] = now() - start;
    medium_sync(m, synced, NULL);
    must(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0) == MEDIUM_OK, "rewind");
    start = now();
    for (i = 0; i < n; i++) {
        must(medium_read(m, block, length, &got) == MEDIUM_OK, "read");
    }
    t->read[round] = now() - start;
    medium_free(m);
    g_unlink(path);
}

static void plain_round(const char *path, uint8_t *block, size_t length, uint64_t n, Times *t,
                        int round)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    uint64_t i;
    double start;

    must(fd >= 0, "open");
    start = now();
    for (i = 0; i < n; i++) {
        block[0] = (uint8_t)i;
        must(pwrite(fd, block, length, (off_t)(i * length)) == (ssize_t)length, "pwrite");
    }
    t->write[round] = now() - start;
    must(fdatasync(fd) == 0, "fdatasync");
    start = now();
    for (i = 0; i < n; i++) {
        must(pread(fd, block, length, (off_t)(i * length)) == (ssize_t)length, "pread");
    }
    t->read[round] = now() - start;
    close(fd);
    g_unlink(path);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *times)
{
    qsort(times, ROUNDS, sizeof *times, compare);
    return times[ROUNDS / 2];
}

static void measure(const char *path, size_t length, uint64_t bytes)
{
    g_autofree uint8_t *block = g_malloc(length);
    uint64_t n = bytes / length;
    double mb = (double)(n * length) / 1e6, ours_write, ours_read, plain_write, plain_read;
    Times ours, plain;
    int round;

    memset(block, 0x5a, length);
    for (round = 0; round < ROUNDS; round++) {
        cartridge_round(path, block, length, n, &ours, round);
        plain_round(path, block, length, n, &plain, round);
    }
    ours_write = median(ours.write);
    ours_read = median(ours.read);
    plain_write = median(plain.write);
    plain_read = median(plain.read);
    printf("%7zu B  write %6.0f MB/s %9.0f/s  plain %6.0f MB/s  ratio %5.2f   read %6.0f MB/s "
           "%9.0f/s  plain %6.0f MB/s  ratio %5.2f\n",
           length, mb / ours_write, (double)n / ours_write, mb / plain_write,
           plain_write / ours_write, mb / ours_read, (double)n / ours_read, mb / plain_read,
           plain_read / ours_read);
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = { 64, 512, 10240, 65536, 262144 };
    const char *directory = argc > 1 ? argv[1] : ".";
    uint64_t mib = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 256;
    g_autofree char *path = g_build_filename(directory, "bench-media.tape", NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        /* of small blocks fewer bytes: it is their number that takes the time */
        measure(path, lengths[i], lengths[i] < 1024 ? lengths[i] * 200000 : mib * 1024 * 1024);
    }
    return 0;
}
