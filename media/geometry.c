/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/geometry.h"

#include "emu/base/error.h"

bool geometry_check(const MediumGeometry *geometry, GError **error)
{
    if (geometry->partitions < 1 || geometry->partitions > MEDIUM_PARTITIONS_MAX) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "a cartridge has 1 to %u partitions, not %u", MEDIUM_PARTITIONS_MAX,
                    geometry->partitions);
        return false;
    }
    if (geometry->capacity != 0 && geometry->capacity < geometry->partitions) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "a capacity of %" G_GUINT64_FORMAT " bytes is too small for %u partitions",
                    geometry->capacity, geometry->partitions);
        return false;
    }
    return true;
}

uint64_t geometry_share(const MediumGeometry *geometry, uint32_t number)
{
    uint64_t share = geometry->capacity / geometry->partitions;

    if (geometry->capacity == 0) {
        return G_MAXUINT64;
    }
    return number == 0 ? share + geometry->capacity % geometry->partitions : share;
}

uint64_t geometry_early_warning_point(uint64_t capacity, uint64_t early_warning)
{
    if (capacity == G_MAXUINT64) {
        return G_MAXUINT64;
    }
    return early_warning < capacity ? capacity - early_warning : 0;
}

bool geometry_divisible(const MediumGeometry *geometry, uint32_t count, const uint64_t *capacities)
{
    uint64_t left = geometry->capacity ? geometry->capacity : G_MAXUINT64;
    uint32_t i;

    if (count < 1 || count > MEDIUM_PARTITIONS_MAX) {
        return false;
    }
    for (i = 0; i < count; i++) {
        if (capacities[i] == 0) {
            return false;
        }
        if (geometry->capacity == 0) {
            continue; /* unlimited, or as much as asked for */
        }
        if (capacities[i] > left) {
            return false;
        }
        left -= capacities[i];
    }
    return true;
}

MediumResult geometry_redivisible(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    MediumPosition position;
    MediumResult result = MEDIUM_OK;
    MediumInfo info;
    uint32_t i;

    medium_info(m, &info);
    medium_position(m, &position);
    if (!geometry_divisible(&info.geometry, count, capacities) || position.partition >= count) {
        return MEDIUM_INVALID;
    }
    for (i = 0; i < info.geometry.partitions; i++) {
        MediumPartition partition;

        medium_partition(m, i, &partition);
        if (i < count && capacities[i] < partition.used) {
            return MEDIUM_INVALID;
        }
        if (i >= count && partition.objects > 0 && info.geometry.worm) {
            result = MEDIUM_WORM;
        }
    }
    return result;
}
