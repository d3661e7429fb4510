/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host on SEAM 2 that sends one command at a time and remembers the answer. */
#ifndef USBTAPE_TESTS_MUTATION_HOST_H
#define USBTAPE_TESTS_MUTATION_HOST_H

#include "emu/scsi/sense.h"
#include "emu/ssc/ssc.h"

typedef struct Host {
    Clock *clock;
    SscDrive *drive;
    ScsiTask task;
    GByteArray *in;
    bool done;
    bool waits; /* for Data-Out */
} Host;

/* A drive with this cartridge in it, which becomes the drive's. */
Host *host_new(TapeMedium *medium);
/* The cartridge is closed. */
void host_free(Host *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)

#define HOST_CDB(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* True: GOOD. */
bool host_send(Host *host, const uint8_t *cdb, size_t length);
bool host_send_data(Host *host, const void *data, size_t data_length, const uint8_t *cdb,
                    size_t length);
/* Of the last command; host_sense() is true for exactly this code. */
bool host_sense(const Host *host, ScsiSenseCode code);
ScsiSenseKey host_sense_key(const Host *host);
/* "03/11/00", or "good". Static. */
const char *host_answer(const Host *host);

typedef struct HostPosition {
    uint32_t partition;
    uint64_t object, files;
    bool marks_known; /* `files` means something: MPU is off */
} HostPosition;

bool host_position(Host *host, HostPosition *position);
bool host_read(Host *host, size_t longest);
bool host_write(Host *host, const void *data, uint32_t length);
bool host_filemark(Host *host);
/* LOCATE(16): `type` 0 an object, 1 a file, 3 end of data. */
bool host_locate(Host *host, uint32_t partition, unsigned type, uint64_t number);
bool host_space(Host *host, unsigned code, int32_t count);

#endif
