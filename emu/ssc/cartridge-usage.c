/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/cartridge-usage.h"

#include "emu/ssc/commands/cmd-attribute.h"
#include "emu/ssc/drive-state.h"

/* It lies where attribute 0340h would, which the drive makes up itself. */
#define USAGE_HISTORY 0x0340
#define LOADS_LENGTH  32u

MediumUsage ssc_medium_usage(SscDrive *drive)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    if (drive->cartridge.cleaning) {
        info.usage.loads = info.geometry.cleanings - medium_cleanings_left(drive->cartridge.medium);
    }
    return info.usage;
}

/* Other image formats count none of it. The attribute is then absent, not zero. */
bool ssc_usage_is_counted(SscDrive *drive)
{
    return drive->cartridge.cleaning || ssc_medium_usage(drive).loads > 0;
}

/*
 * What the load before this one moved, and where this one began, of what the cartridge has counted
 * in its life. It lies in the cartridge where 0340h would, which the drive says itself.
 */
typedef struct Loads {
    uint64_t written, read; /* bytes, when this load began */
    uint64_t written_before, read_before;
} Loads;

/* Without one, it was counted by a drive that kept none: then all that is known began with this. */
static Loads read_loads(SscDrive *drive)
{
    MediumUsage life = ssc_medium_usage(drive);
    Loads loads = { .written = life.stored_written, .read = life.stored_read };
    MediumAttribute kept;

    if (medium_get_attribute(drive->cartridge.medium, 0, USAGE_HISTORY, &kept) != MEDIUM_OK) {
        return loads;
    }
    if (g_bytes_get_size(kept.value) == LOADS_LENGTH) {
        const uint8_t *bytes = g_bytes_get_data(kept.value, NULL);

        loads = (Loads){ get_be64(bytes), get_be64(bytes + 8), get_be64(bytes + 16),
                         get_be64(bytes + 24) };
    }
    g_bytes_unref(kept.value);
    return loads;
}

void ssc_usage_note_load(SscDrive *drive)
{
    MediumUsage life = ssc_medium_usage(drive);
    Loads before = read_loads(drive);
    uint8_t bytes[LOADS_LENGTH];

    put_be64(bytes, life.stored_written);
    put_be64(bytes + 8, life.stored_read);
    put_be64(bytes + 16, life.stored_written - MIN(before.written, life.stored_written));
    put_be64(bytes + 24, life.stored_read - MIN(before.read, life.stored_read));
    g_autoptr(GBytes) value = g_bytes_new(bytes, sizeof bytes);
    ssc_attribute_keep(drive, USAGE_HISTORY, SSC_ATTRIBUTE_BINARY, value);
}

void ssc_usage_loads(SscDrive *drive, SscMoved *now, SscMoved *before)
{
    Loads loads = read_loads(drive);

    *now = (SscMoved){ drive->counters.tape_written - drive->counters.written_before,
                       drive->counters.tape_read - drive->counters.read_before };
    *before = (SscMoved){ loads.written_before, loads.read_before };
}
