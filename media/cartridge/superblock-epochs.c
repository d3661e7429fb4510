/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/superblock-epochs.h"

#include <string.h>

/*
 * The index where the list of a partition begins. The index of partition 256 is the end of all
 * lists.
 */
static uint32_t epochs_first(const Superblock *s, uint32_t partition)
{
    uint32_t first = 0, i;

    for (i = 0; i < partition; i++) {
        first += s->partitions[i].earlier;
    }
    return first;
}

static void epochs_remove(Superblock *s, uint32_t partition, uint32_t at)
{
    uint32_t end = epochs_first(s, MEDIUM_PARTITIONS_MAX);

    memmove(&s->earlier[at], &s->earlier[at + 1], (end - at - 1) * sizeof *s->earlier);
    s->partitions[partition].earlier--;
}

/* The longest list loses its first epoch. */
static void epochs_make_room(Superblock *s)
{
    uint32_t longest = 0, i;

    for (i = 1; i < MEDIUM_PARTITIONS_MAX; i++) {
        if (s->partitions[i].earlier > s->partitions[longest].earlier) {
            longest = i;
        }
    }
    epochs_remove(s, longest, epochs_first(s, longest));
}

static void epochs_append(Superblock *s, uint32_t partition, EpochStart start)
{
    uint32_t end = epochs_first(s, MEDIUM_PARTITIONS_MAX), at;

    if (end == EARLIER_EPOCHS_MAX) {
        epochs_make_room(s);
        end--;
    }
    at = epochs_first(s, partition + 1);
    memmove(&s->earlier[at + 1], &s->earlier[at], (end - at) * sizeof *s->earlier);
    s->earlier[at] = start;
    s->partitions[partition].earlier++;
}

void superblock_begin_epoch(Superblock *s, uint32_t partition, uint64_t object)
{
    PartitionRecord *record = &s->partitions[partition];

    g_assert(record->epoch < EPOCH_MAX);
    while (record->earlier > 0) {
        uint32_t last = epochs_first(s, partition + 1) - 1;

        if (s->earlier[last].object < object) {
            break;
        }
        epochs_remove(s, partition, last);
    }
    if (s->version == CARTRIDGE_VERSION_BOUND && record->began < object) {
        epochs_append(s, partition, (EpochStart){ record->began, record->epoch });
    }
    record->epoch++;
    record->began = object;
}

bool superblock_has_epoch(const Superblock *s, uint32_t partition, uint64_t object, uint32_t epoch)
{
    const PartitionRecord *record = &s->partitions[partition];
    const EpochStart *list;
    uint32_t low = 0,
             high = record->earlier; /* epochs before `low` begin at or before the object */

    if (s->version != CARTRIDGE_VERSION_BOUND) {
        return epoch <= record->epoch; /* no starts are known */
    }
    if (object >= record->began) {
        return epoch == record->epoch;
    }
    if (record->earlier == 0) {
        return epoch < record->epoch;
    }
    list = &s->earlier[epochs_first(s, partition)];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (list[middle].object <= object) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? epoch == list[low - 1].epoch : epoch < list[0].epoch;
}

void superblock_forget_epochs(Superblock *s, uint32_t partition)
{
    while (s->partitions[partition].earlier > 0) {
        epochs_remove(s, partition, epochs_first(s, partition));
    }
}

bool superblock_epochs_possible(const Superblock *s, uint32_t partition)
{
    const PartitionRecord *record = &s->partitions[partition];
    const EpochStart *list = &s->earlier[epochs_first(s, partition)];
    uint32_t i;

    for (i = 0; i < record->earlier; i++) {
        bool last = i + 1 == record->earlier;

        if (list[i].object >= (last ? record->began : list[i + 1].object) ||
            list[i].epoch >= (last ? record->epoch : list[i + 1].epoch)) {
            return false;
        }
    }
    return true;
}
