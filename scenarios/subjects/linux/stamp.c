/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stamp write DEVICE RUN COUNT SIZE [FIRST]   writes COUNT records of SIZE bytes, one write() each
 * stamp read DEVICE RUN COUNT [FIRST]         reads up to the next filemark and expects COUNT
 * stamp who DEVICE                            reads one record and prints its RUN, NUMBER and SIZE
 * stamp fill DEVICE RUN SIZE                  writes records until two writes in a row fail
 *
 * Each record says which it is (stamp.h). FIRST numbers the first one (default 0). `fill` prints
 * each new pair of error and status: after a failed write it asks the same descriptor (MTIOCGET).
 * Exit status: 0 all good; 1 the tape said no, with the record and the error on standard error; 3 a
 * record is wrong.
 */
#include "scenarios/subjects/linux/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mtio.h>
#include <unistd.h>

#define RECORD_MAX (4u * 1024 * 1024)

static uint8_t record[RECORD_MAX];

static int fail(const char *verb, uint64_t sequence)
{
    fprintf(stderr, "stamp: %s record %llu: %s\n", verb, (unsigned long long)sequence,
            strerror(errno));
    return 1;
}

/* Where st says that the tape is. */
static const char *end_reported(int fd)
{
    struct mtget status;

    if (ioctl(fd, MTIOCGET, &status) != 0) {
        return "no status";
    }
    return GMT_EOT(status.mt_gstat)   ? "EOT"
           : GMT_EOD(status.mt_gstat) ? "EOD"
                                      : "neither EOT nor EOD";
}

static int fill(int fd, uint64_t run, uint32_t size)
{
    char said[128] = "";
    unsigned failures = 0;
    uint64_t i = 0;

    while (failures < 2) {
        Stamp stamp = { .run = run, .sequence = i, .length = size };
        char now[sizeof said];
        ssize_t n;

        stamp_fill(&stamp, record);
        n = write(fd, record, size);
        if (n == (ssize_t)size) {
            failures = 0;
            i++;
            continue;
        }
        failures++;
        errno = n >= 0 ? ENOSPC : errno;
        snprintf(now, sizeof now, "%s, %s", strerror(errno), end_reported(fd));
        if (strcmp(now, said) != 0) {
            printf("record %llu: %s\n", (unsigned long long)i, now);
            strcpy(said, now);
        }
    }
    printf("wrote %llu records of %u bytes\n", (unsigned long long)i, size);
    printf("close: %s\n", close(fd) == 0 ? "done" : strerror(errno));
    return 0;
}

static int write_records(int fd, uint64_t run, uint64_t count, uint32_t size, uint64_t first)
{
    uint64_t i;

    for (i = first; i < first + count; i++) {
        Stamp stamp = { .run = run, .sequence = i, .length = size };
        ssize_t n;

        stamp_fill(&stamp, record);
        n = write(fd, record, size);
        if (n != (ssize_t)size) {
            errno = n >= 0 ? ENOSPC : errno;
            return fail("write", i);
        }
    }
    if (close(fd) != 0) {
        return fail("close after", i);
    }
    printf("wrote %llu records of %u bytes\n", (unsigned long long)count, size);
    return 0;
}

static int read_records(int fd, uint64_t run, uint64_t count, uint64_t first)
{
    uint64_t wanted = first;
    Stamp stamp;
    ssize_t n;

    while ((n = read(fd, record, sizeof record)) > 0) {
        if (!stamp_check(record, (size_t)n, &stamp)) {
            fprintf(stderr, "stamp: record %llu is damaged\n", (unsigned long long)wanted);
            return 3;
        }
        if (stamp.run != run || stamp.sequence != wanted) {
            fprintf(stderr, "stamp: record %llu holds record %llu of run %llu\n",
                    (unsigned long long)wanted, (unsigned long long)stamp.sequence,
                    (unsigned long long)stamp.run);
            return 3;
        }
        wanted++;
    }
    if (n < 0) {
        return fail("read", wanted);
    }
    if (wanted != first + count) {
        fprintf(stderr, "stamp: %llu records up to the filemark, not %llu\n",
                (unsigned long long)(wanted - first), (unsigned long long)count);
        return 3;
    }
    printf("read %llu records\n", (unsigned long long)count);
    return 0;
}

static int who(int fd)
{
    ssize_t n = read(fd, record, sizeof record);
    Stamp stamp;

    if (n < 0) {
        return fail("read", 0);
    }
    if (!stamp_check(record, (size_t)n, &stamp)) {
        fprintf(stderr, "stamp: %zd bytes that are no stamped record\n", n);
        return 3;
    }
    printf("%llu %llu %u\n", (unsigned long long)stamp.run, (unsigned long long)stamp.sequence,
           stamp.length);
    return 0;
}

static uint64_t number(int argc, char **argv, int i)
{
    return i < argc ? strtoull(argv[i], NULL, 0) : 0;
}

int main(int argc, char **argv)
{
    int writing = argc >= 6 && strcmp(argv[1], "write") == 0;
    int reading = argc >= 5 && strcmp(argv[1], "read") == 0;
    int asking = argc == 3 && strcmp(argv[1], "who") == 0;
    int filling = argc == 5 && strcmp(argv[1], "fill") == 0;
    uint64_t size = writing   ? number(argc, argv, 5)
                    : filling ? number(argc, argv, 4)
                              : STAMP_HEADER;
    int fd;

    if ((!writing && !reading && !asking && !filling) || size < STAMP_HEADER || size > RECORD_MAX) {
        fprintf(stderr, "usage: stamp write DEVICE RUN COUNT SIZE [FIRST]\n"
                        "       stamp read DEVICE RUN COUNT [FIRST]\n"
                        "       stamp who DEVICE\n"
                        "       stamp fill DEVICE RUN SIZE\n");
        return 2;
    }
    fd = open(argv[2], writing || filling ? O_WRONLY : O_RDONLY);
    if (fd < 0) {
        return fail("open for", 0);
    }
    if (asking) {
        return who(fd);
    }
    if (filling) {
        return fill(fd, number(argc, argv, 3), (uint32_t)size);
    }
    return writing ? write_records(fd, number(argc, argv, 3), number(argc, argv, 4), (uint32_t)size,
                                   number(argc, argv, 6))
                   : read_records(fd, number(argc, argv, 3), number(argc, argv, 4),
                                  number(argc, argv, 5));
}
