/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The epochs that the entries of a partition have to be of.
 *
 * A cut begins an epoch at an object. Within an epoch each object is written once. So a partition
 * is a row of epochs, each from its first object on, and an entry of any other epoch is a remain of
 * overwritten data. The partition's record has the last of these epochs. The list has those before
 * it, and drops the first ones if there are too many.
 *
 * Owns: the list in a Superblock. Does not own: its bytes (cartridge-layout), when a cut is made
 * and becomes durable (cartridge-log).
 */
#ifndef USBTAPE_MEDIA_CARTRIDGE_SUPERBLOCK_EPOCHS_H
#define USBTAPE_MEDIA_CARTRIDGE_SUPERBLOCK_EPOCHS_H

#include "media/cartridge/cartridge-layout.h"

/* A cut: from the object on, entries are of a new epoch. The last one is less than EPOCH_MAX. */
void superblock_begin_epoch(Superblock *superblock, uint32_t partition, uint64_t object);

/* True if the entry of that object can be of that epoch. */
bool superblock_has_epoch(const Superblock *superblock, uint32_t partition, uint64_t object,
                          uint32_t epoch);

/* Drops all knowledge of the epochs before the last one. */
void superblock_forget_epochs(Superblock *superblock, uint32_t partition);

/* True if cuts can have made the list of the partition. */
bool superblock_epochs_possible(const Superblock *superblock, uint32_t partition);

#endif
