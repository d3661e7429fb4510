/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/cartridge-layout.h"

#include "emu/base/bytes.h"
#include "media/cartridge/superblock-epochs.h"
#include "media/crc32c.h"
#include "media/geometry.h"

enum { FLAG_WORM = 1, FLAG_WRITE_PROTECTED = 2, FLAG_COMPRESSION = 4 };

bool place_possible(const Place *place)
{
    /* 2^38 objects of 2^24 bytes, beyond any file, and no sum of two overflows */
    return place->object <= G_GUINT64_CONSTANT(1) << 38 && place->files <= place->object &&
           place->setmarks <= place->object - place->files &&
           place->bytes <=
               (place->object - place->files - place->setmarks) * (uint64_t)MEDIUM_BLOCK_MAX;
}

uint64_t place_used(const Place *place)
{
    return place->bytes + (place->files + place->setmarks) * MEDIUM_MARK_SIZE;
}

static void place_encode(const Place *place, uint8_t *bytes)
{
    put_le64(bytes, place->object);
    put_le64(bytes + 8, place->bytes);
    put_le64(bytes + 16, place->files);
    put_le64(bytes + 24, place->setmarks);
}

static Place place_decode(const uint8_t *bytes)
{
    return (Place){ get_le64(bytes), get_le64(bytes + 8), get_le64(bytes + 16),
                    get_le64(bytes + 24) };
}

/* CRC of a record whose own CRC, at `at`, counts as zero. */
static uint32_t crc_without(const uint8_t *bytes, size_t length, size_t at)
{
    static const uint8_t zero[4];
    uint32_t crc = crc32c(0, bytes, at);

    crc = crc32c(crc, zero, sizeof zero);
    return crc32c(crc, bytes + at + 4, length - at - 4);
}

/* Writes the list of epochs to `list` and its indexes into the partitions. Returns its length. */
static size_t epochs_encode(const Superblock *s, uint8_t *b, uint8_t *list)
{
    const EpochStart *start = s->earlier;
    uint8_t *at = list;
    uint32_t i, j;

    for (i = 0; i < s->geometry.partitions; i++) {
        uint8_t *p = b + SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * i, *first = at;

        for (j = 0; j < s->partitions[i].earlier; j++, start++, at += EARLIER_EPOCH) {
            put_le64(at, start->object);
            put_le32(at + 8, start->epoch);
        }
        put_le32(p + 56, s->partitions[i].earlier);
        put_le32(p + 60, crc32c(0, first, (size_t)(at - first)));
    }
    return (size_t)(at - list);
}

/* False if the list behind the superblock is not the one that was written with it. */
static bool epochs_decode(const uint8_t *b, const uint8_t *list, Superblock *s)
{
    uint32_t n = 0, i, j;

    for (i = 0; i < s->geometry.partitions; i++) {
        const uint8_t *p = b + SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * i;
        uint32_t count = get_le32(p + 56);

        if (count > EARLIER_EPOCHS_MAX - n ||
            crc32c(0, list, (size_t)count * EARLIER_EPOCH) != get_le32(p + 60)) {
            return false;
        }
        s->partitions[i].earlier = count;
        for (j = 0; j < count; j++, n++, list += EARLIER_EPOCH) {
            s->earlier[n] = (EpochStart){ get_le64(list), get_le32(list + 8) };
        }
        if (!superblock_epochs_possible(s, i)) {
            return false;
        }
    }
    return true;
}

size_t superblock_encode(const Superblock *s, uint8_t *b)
{
    size_t length = SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * s->geometry.partitions;
    uint32_t flags = (s->geometry.worm ? FLAG_WORM : 0) |
                     (s->write_protected ? FLAG_WRITE_PROTECTED : 0) |
                     (s->geometry.compression ? FLAG_COMPRESSION : 0);
    size_t list;
    uint32_t i;

    memset(b, 0, length);
    memcpy(b, CARTRIDGE_MAGIC, 8);
    put_le32(b + 8, s->version);
    put_le32(b + 16, (uint32_t)length);
    put_le32(b + 20, flags);
    put_le64(b + 24, s->sequence);
    put_le32(b + 32, s->generation);
    put_le32(b + 36, s->chunk_shift);
    put_le32(b + 40, s->geometry.partitions);
    b[44] = s->geometry.density;
    put_le16(b + 46, s->geometry.cleanings);
    put_le64(b + 48, s->geometry.capacity);
    put_le64(b + 56, s->geometry.early_warning);
    put_le32(b + 64, s->attribute_area);
    put_le32(b + 68, s->attribute_length);
    put_le32(b + 72, s->attribute_crc);
    memcpy(b + 80, s->geometry.barcode, 32);
    put_le64(b + 112, s->usage.loads);
    put_le64(b + 120, s->usage.written);
    put_le64(b + 128, s->usage.read);
    put_le64(b + 136, s->usage.stored_written);
    put_le64(b + 144, s->usage.stored_read);
    put_le64(b + 152, s->usage.formats);
    memcpy(b + 160, s->identity, IDENTITY);
    for (i = 0; i < s->geometry.partitions; i++) {
        const PartitionRecord *partition = &s->partitions[i];
        uint8_t *p = b + SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * i;

        put_le64(p, partition->capacity);
        put_le32(p + 8, partition->epoch);
        put_le32(p + 12, partition->link);
        place_encode(&partition->durable, p + 16);
        put_le64(p + 48, partition->began);
    }
    list = epochs_encode(s, b, b + length);
    put_le32(b + 12, crc_without(b, length, 12));
    return length + list;
}

/* Decodes the rest of a superblock whose CRC is right. Impossible values are still refused. */
static bool superblock_decode_fields(const uint8_t *b, Superblock *s)
{
    bool bound = get_le32(b + 8) == CARTRIDGE_VERSION_BOUND;

    uint32_t i;

    s->version = MAX(get_le32(b + 8), (uint32_t)CARTRIDGE_VERSION_PLAIN);
    if (bound) {
        memcpy(s->identity, b + 160, IDENTITY);
    }
    s->sequence = get_le64(b + 24);
    s->generation = get_le32(b + 32);
    s->chunk_shift = get_le32(b + 36);
    s->write_protected = get_le32(b + 20) & FLAG_WRITE_PROTECTED;
    s->geometry.worm = get_le32(b + 20) & FLAG_WORM;
    s->geometry.compression = get_le32(b + 20) & FLAG_COMPRESSION;
    s->geometry.density = b[44];
    if (get_le32(b + 8) == CARTRIDGE_VERSION_CLEANING) {
        s->geometry.cleanings = get_le16(b + 46);
        if (s->geometry.cleanings == 0) {
            return false;
        }
    }
    s->geometry.capacity = get_le64(b + 48);
    s->geometry.early_warning = get_le64(b + 56);
    memcpy(s->geometry.barcode, b + 80, 32);
    s->usage = (MediumUsage){ get_le64(b + 112), get_le64(b + 120), get_le64(b + 128),
                              get_le64(b + 136), get_le64(b + 144), get_le64(b + 152) };
    s->attribute_area = get_le32(b + 64);
    s->attribute_length = get_le32(b + 68);
    s->attribute_crc = get_le32(b + 72);
    for (i = 0; i < s->geometry.partitions; i++) {
        const uint8_t *p = b + SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * i;

        s->partitions[i].capacity = get_le64(p);
        s->partitions[i].epoch = get_le32(p + 8);
        s->partitions[i].durable = place_decode(p + 16);
        s->partitions[i].link = bound ? get_le32(p + 12) : 0;
        s->partitions[i].began = bound ? get_le64(p + 48) : 0;
        if (!place_possible(&s->partitions[i].durable) || s->partitions[i].capacity == 0 ||
            s->partitions[i].epoch > EPOCH_MAX) {
            return false;
        }
    }
    if (bound && !epochs_decode(b, b + get_le32(b + 16), s)) {
        return false;
    }
    return s->sequence <= SEQUENCE_MAX && s->generation <= GENERATION_MAX &&
           s->chunk_shift >= CHUNK_SHIFT_MIN && s->chunk_shift <= CHUNK_SHIFT_MAX &&
           s->attribute_area <= 2 && s->attribute_length <= ATTRIBUTE_AREA_SIZE;
}

uint32_t cartridge_identity_id(const uint8_t *identity)
{
    return crc32c(0, identity, IDENTITY);
}

Binding superblock_binding(const Superblock *s)
{
    bool bound = s->version == CARTRIDGE_VERSION_BOUND;

    return (Binding){ bound, bound ? cartridge_identity_id(s->identity) : 0, s->generation };
}

bool superblock_is_whole(const uint8_t *b)
{
    uint32_t length = get_le32(b + 16);

    return length >= SUPERBLOCK_HEADER && length <= SUPERBLOCK_MAX &&
           crc_without(b, length, 12) == get_le32(b + 12);
}

SuperblockState superblock_decode(const uint8_t *b, Superblock *s, uint32_t *version)
{
    uint32_t partitions = get_le32(b + 40);
    uint32_t length = get_le32(b + 16);

    memset(s, 0, offsetof(Superblock, earlier)); /* of the list, what counts is set */
    *version = get_le32(b + 8);
    if (memcmp(b, CARTRIDGE_MAGIC, 8) != 0) {
        return SUPERBLOCK_FOREIGN;
    }
    if (*version < 1 || *version > CARTRIDGE_VERSION_BOUND) {
        return SUPERBLOCK_OTHER_VERSION;
    }
    if (partitions < 1 || partitions > MEDIUM_PARTITIONS_MAX ||
        length != SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * partitions ||
        !superblock_is_whole(b)) {
        return SUPERBLOCK_DAMAGED;
    }
    s->geometry.partitions = partitions;
    return superblock_decode_fields(b, s) ? SUPERBLOCK_GOOD : SUPERBLOCK_DAMAGED;
}

void chunk_record_encode(const ChunkRecord *record, uint32_t id, uint8_t *b)
{
    put_le32(b + 4, record->generation);
    put_le16(b + 8, record->partition);
    b[10] = record->kind;
    b[11] = 0;
    put_le32(b + 12, record->index);
    put_le32(b, crc32c(0, b + 4, CHUNK_RECORD - 4) ^ id);
}

bool chunk_record_decode(const uint8_t *b, uint32_t id, ChunkRecord *record)
{
    *record = (ChunkRecord){ get_le32(b + 4), get_le16(b + 8), b[10], get_le32(b + 12) };
    return (crc32c(0, b + 4, CHUNK_RECORD - 4) ^ id) == get_le32(b) &&
           (record->kind == STREAM_TABLE || record->kind == STREAM_DATA) &&
           record->generation <= GENERATION_MAX && record->index < CHUNK_RECORDS_MAX;
}

uint32_t object_entry_crc(const uint8_t *b)
{
    return get_le32(b);
}

uint32_t object_entry_sum(const uint8_t *b)
{
    return crc32c(0, b + 4, OBJECT_ENTRY - 4);
}

void object_entry_encode(ObjectEntry *entry, const Binding *binding, uint32_t partition, uint8_t *b)
{
    b[4] = entry->type;
    b[5] = (uint8_t)entry->encoding;
    put_le16(b + 6, (uint16_t)partition);
    put_le32(b + 8, binding->generation);
    put_le32(b + 12, entry->epoch);
    put_le32(b + 16, entry->length);
    put_le32(b + 20, entry->stored);
    put_le32(b + 24, entry->data_crc);
    put_le32(b + 28, binding->bound ? entry->link : 0);
    place_encode(&entry->before, b + 32);
    entry->crc = object_entry_sum(b) ^ binding->id;
    put_le32(b, entry->crc);
}

bool object_entry_decode(const uint8_t *b, const Binding *binding, uint32_t partition,
                         uint64_t object, ObjectEntry *entry)
{
    *entry = (ObjectEntry){ 0 };
    if (b[4] < OBJECT_BLOCK || b[4] > OBJECT_SETMARK || get_le64(b + 32) != object ||
        get_le16(b + 6) != partition || get_le32(b + 8) != binding->generation) {
        return false; /* the common case of a search, zeroes after EOD, ends here */
    }
    *entry = (ObjectEntry){ .type = b[4],
                            .encoding = b[5],
                            .epoch = get_le32(b + 12),
                            .length = get_le32(b + 16),
                            .stored = get_le32(b + 20),
                            .data_crc = get_le32(b + 24),
                            .link = get_le32(b + 28),
                            .crc = get_le32(b),
                            .before = place_decode(b + 32) };
    if (entry->epoch > EPOCH_MAX || (object_entry_sum(b) ^ binding->id) != entry->crc ||
        !place_possible(&entry->before)) {
        return false;
    }
    switch (entry->type) {
    case OBJECT_BLOCK:
        return entry->length >= 1 && entry->length <= MEDIUM_BLOCK_MAX &&
               (entry->encoding == ENCODING_PLAIN
                    ? entry->stored == entry->length
                    : entry->encoding == ENCODING_ZSTD && entry->stored >= 1 &&
                          entry->stored < entry->length);
    case OBJECT_FILEMARK:
    case OBJECT_SETMARK:
        return entry->encoding == ENCODING_PLAIN && entry->length == 0 && entry->stored == 0;
    default:
        return false;
    }
}

Place object_entry_after(const ObjectEntry *entry)
{
    Place place = entry->before;

    place.object++;
    place.bytes += entry->stored;
    place.files += entry->type == OBJECT_FILEMARK;
    place.setmarks += entry->type == OBJECT_SETMARK;
    return place;
}

bool object_entry_follows(const ObjectEntry *entry, const ObjectEntry *previous, bool bound)
{
    Place after = object_entry_after(previous);

    return memcmp(&after, &entry->before, sizeof after) == 0 && entry->epoch >= previous->epoch &&
           (!bound || entry->link == previous->crc);
}

uint32_t object_data_crc(const Binding *binding, uint32_t partition, const ObjectEntry *entry)
{
    uint8_t what[20];

    if (!binding->bound) {
        return 0;
    }
    put_le32(what, partition);
    put_le32(what + 4, binding->generation);
    put_le32(what + 8, entry->epoch);
    put_le64(what + 12, entry->before.object);
    return crc32c(0, what, sizeof what);
}
