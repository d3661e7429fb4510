/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ and WRITE ATTRIBUTE (SPC-3 § 6.14, 6.38): the cartridge's memory. What the drive knows
 * better than the chip (capacity, density…) it says itself; the rest is on the medium.
 */
#include "emu/ssc/commands/cmd-attribute.h"
#include "emu/ssc/cartridge-usage.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

#define HEADER    5u   /* identifier, flags, length */
#define READ_ONLY 0x80 /* of the flags; the format is in bits 1-0 */

/* Device type attributes, which take nothing of a host's room; of them, where it was loaded. */
#define DEVICE_LAST   0x03ff
#define LAST_LOAD     0x020a
#define LOADS         4
#define USAGE_HISTORY 0x0340

/* ---- what the drive says itself ---- */

static void put_remaining(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, (partition->capacity - MIN(partition->used, partition->capacity)) >> 20);
}

static void put_maximum(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, partition->capacity >> 20);
}

/* Flag 1 is the most significant bit (SSC-3 § 8.2.3). */
static void put_alert_flags(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    uint64_t flags = 0;

    for (unsigned i = 0; i < 64; i++) {
        flags |= (drive->counters.alerts >> i & 1) << (63 - i);
    }
    byte_writer_be64(w, flags);
}

/* Bytes that one stored attribute takes. */
static uint32_t stored_size(TapeMedium *medium, uint32_t partition, uint16_t id)
{
    MediumAttribute attribute;
    uint32_t size = 0;

    if (medium_get_attribute(medium, partition, id, &attribute) == MEDIUM_OK) {
        size = HEADER + (uint32_t)g_bytes_get_size(attribute.value);
        g_bytes_unref(attribute.value);
    }
    return size;
}

/* Bytes that all of them take, on all partitions: there is one chip. */
static uint64_t memory_used(TapeMedium *medium)
{
    MediumInfo info;
    uint64_t used = 0;

    medium_info(medium, &info);
    for (uint32_t i = 0; i < info.geometry.partitions; i++) {
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint16_t));

        medium_list_attributes(medium, i, ids);
        for (guint n = 0; n < ids->len; n++) {
            uint16_t id = g_array_index(ids, uint16_t, n);

            used += id > DEVICE_LAST ? stored_size(medium, i, id) : 0;
        }
    }
    return used;
}

uint64_t ssc_memory_left(SscDrive *drive)
{
    uint64_t used = memory_used(drive->cartridge.medium), all = drive->model->memory_size;

    return all - MIN(used, all);
}

bool ssc_memory_fits(SscDrive *drive, size_t old, size_t size)
{
    size_t before = old > 0 ? HEADER + old : 0, after = size > 0 ? HEADER + size : 0;

    return after <= before || after - before <= ssc_memory_left(drive);
}

static void put_memory_left(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, ssc_memory_left(drive));
}

static void put_memory_size(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, drive->model->memory_size);
}

/* The organisation that assigned the density code. */
static void put_organization(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    const SscModel *model = drive->model;
    const char *organization = "";

    for (unsigned i = 0; i < model->n_densities; i++) {
        if (model->densities[i].primary == ssc_drive_density(drive)) {
            organization = model->densities[i].organization;
        }
    }
    byte_writer_text(w, organization, 8);
}

static void put_density_code(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_u8(w, ssc_drive_density(drive));
}

static void put_this_drive(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_text(w, drive->model->vendor, 8);
    byte_writer_text(w, drive->serial, 32);
}

void ssc_attribute_keep(SscDrive *drive, uint16_t id, uint8_t format, GBytes *value)
{
    const MediumAttribute attribute = {
        .id = id, .format = format, .read_only = true, .value = value
    };

    medium_set_attribute(drive->cartridge.medium, 0,
                         &attribute); /* of what keeps none there is no history */
}

/* The last four that loaded it (SPC-4 § 7.4.2.2.6), this one first. */
static void note_drive(SscDrive *drive)
{
    uint8_t bytes[40];
    ByteWriter w = BYTE_WRITER(bytes, sizeof bytes);
    MediumAttribute before;

    for (uint16_t id = LAST_LOAD + LOADS - 1; id > LAST_LOAD; id--) {
        if (medium_get_attribute(drive->cartridge.medium, 0, id - 1, &before) == MEDIUM_OK) {
            ssc_attribute_keep(drive, id, SSC_ATTRIBUTE_ASCII, before.value);
            g_bytes_unref(before.value);
        }
    }
    put_this_drive(drive, NULL, &w);
    g_autoptr(GBytes) value = g_bytes_new(bytes, sizeof bytes);
    ssc_attribute_keep(drive, LAST_LOAD, SSC_ATTRIBUTE_ASCII, value);
}

/* ---- what the cartridge has been through: MiB after compression (SDX-1100V manual, § 12) ---- */

static void put_load_count(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, ssc_medium_usage(drive).loads);
}

static void put_initializations(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be16(w, (uint16_t)MIN(ssc_medium_usage(drive).formats, G_MAXUINT16));
}

static void put_life_written(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, ssc_medium_usage(drive).stored_written >> 20);
}

static void put_life_read(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, ssc_medium_usage(drive).stored_read >> 20);
}

static uint64_t written_in_load(const SscDrive *drive)
{
    return (drive->counters.tape_written - drive->counters.written_before) >> 20;
}

static uint64_t read_in_load(const SscDrive *drive)
{
    return (drive->counters.tape_read - drive->counters.read_before) >> 20;
}

static void put_written(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, written_in_load(drive));
}

static void put_read(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    byte_writer_be64(w, read_in_load(drive));
}

void ssc_attribute_note_load(SscDrive *drive)
{
    note_drive(drive);
    if (ssc_usage_is_counted(drive)) {
        ssc_usage_note_load(drive);
    }
}

/* Six bytes each. There are no retries; moves between partitions are not kept. */
static void put_history(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    MediumUsage life = ssc_medium_usage(drive);
    SscMoved now, before;

    ssc_usage_loads(drive, &now, &before);
    const uint64_t fields[] = {
        now.written >> 20,
        0,
        now.read >> 20,
        0,
        before.written >> 20,
        0,
        before.read >> 20,
        0,
        life.stored_written >> 20,
        0,
        life.stored_read >> 20,
        0,
        life.loads,
        0,
        life.formats,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        byte_writer_be16(w, (uint16_t)(fields[i] >> 32));
        byte_writer_be32(w, (uint32_t)fields[i]);
    }
}

static void put_medium_type(SscDrive *drive, const MediumPartition *partition, ByteWriter *w)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    byte_writer_u8(w, info.geometry.worm ? 0x80 : drive->cartridge.cleaning ? 0x01 : 0x00);
}

static bool cleans(SscDrive *drive)
{
    return drive->cartridge.cleaning;
}

/* Of a cleaning cartridge: how many cleanings it was made for. Otherwise reserved. */
static void put_medium_type_information(SscDrive *drive, const MediumPartition *partition,
                                        ByteWriter *w)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    byte_writer_be16(w, info.geometry.cleanings);
}

/*
 * Attributes that the drive answers for, ascending (SPC-3 § 7.3.2): of the device, then of the
 * medium. All are read-only.
 */
static const struct {
    uint16_t id;
    uint8_t format, length;
    void (*put)(SscDrive *drive, const MediumPartition *partition, ByteWriter *w);
    bool (*has)(SscDrive *drive); /* NULL: each cartridge */
} known[] = {
    { 0x0000, SSC_ATTRIBUTE_BINARY, 8, put_remaining },
    { 0x0001, SSC_ATTRIBUTE_BINARY, 8, put_maximum },
    { 0x0002, SSC_ATTRIBUTE_BINARY, 8, put_alert_flags },
    { MEDIUM_ATTRIBUTE_LOAD_COUNT, SSC_ATTRIBUTE_BINARY, 8, put_load_count, ssc_usage_is_counted },
    { 0x0004, SSC_ATTRIBUTE_BINARY, 8, put_memory_left },
    { 0x0005, SSC_ATTRIBUTE_ASCII, 8, put_organization },
    { 0x0006, SSC_ATTRIBUTE_BINARY, 1, put_density_code },
    { 0x0007, SSC_ATTRIBUTE_BINARY, 2, put_initializations, ssc_usage_is_counted },
    { LAST_LOAD, SSC_ATTRIBUTE_ASCII, 40, put_this_drive },
    { 0x0220, SSC_ATTRIBUTE_BINARY, 8, put_life_written, ssc_usage_is_counted },
    { 0x0221, SSC_ATTRIBUTE_BINARY, 8, put_life_read, ssc_usage_is_counted },
    { 0x0222, SSC_ATTRIBUTE_BINARY, 8, put_written },
    { 0x0223, SSC_ATTRIBUTE_BINARY, 8, put_read },
    { USAGE_HISTORY, SSC_ATTRIBUTE_BINARY, 90, put_history, ssc_usage_is_counted },
    { 0x0404, SSC_ATTRIBUTE_ASCII, 8, put_organization },
    { 0x0405, SSC_ATTRIBUTE_BINARY, 1, put_density_code },
    { 0x0407, SSC_ATTRIBUTE_BINARY, 8, put_memory_size },
    { 0x0408, SSC_ATTRIBUTE_BINARY, 1, put_medium_type },
    { 0x0409, SSC_ATTRIBUTE_BINARY, 2, put_medium_type_information, cleans },
};

static bool is_known(uint16_t id)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].id == id) {
            return true;
        }
    }
    return false;
}

/* ---- what the host may write ---- */

/* The host's own attributes and what they hold at most (SPC-4 § 7.4.2.4). */
static const struct {
    uint16_t id;
    uint8_t format;
    uint16_t longest;
} hosts[] = {
    { 0x0800, SSC_ATTRIBUTE_ASCII, 8 },     /* application vendor */
    { 0x0801, SSC_ATTRIBUTE_ASCII, 32 },    /* application name */
    { 0x0802, SSC_ATTRIBUTE_ASCII, 8 },     /* application version */
    { 0x0803, SSC_ATTRIBUTE_TEXT, 160 },    /* user medium text label */
    { 0x0804, SSC_ATTRIBUTE_ASCII, 12 },    /* date and time last written */
    { 0x0805, SSC_ATTRIBUTE_BINARY, 1 },    /* text localization identifier */
    { 0x0806, SSC_ATTRIBUTE_ASCII, 32 },    /* barcode */
    { 0x0807, SSC_ATTRIBUTE_TEXT, 80 },     /* owning host textual name */
    { 0x0808, SSC_ATTRIBUTE_TEXT, 160 },    /* media pool */
    { 0x0809, SSC_ATTRIBUTE_ASCII, 16 },    /* partition user text label */
    { 0x080a, SSC_ATTRIBUTE_BINARY, 1 },    /* load/unload at partition */
    { 0x080b, SSC_ATTRIBUTE_ASCII, 16 },    /* application format version */
    { 0x080c, SSC_ATTRIBUTE_BINARY, 1023 }, /* volume coherency information */
    { 0x0820, SSC_ATTRIBUTE_BINARY, 36 },   /* medium globally unique identifier */
    { 0x0821, SSC_ATTRIBUTE_BINARY, 36 },   /* media pool globally unique identifier */
};

/* The rest of the standard's range, and the vendor specific one of the host. */
#define HOST_FIRST   0x0800
#define HOST_LAST    0x0bff
#define VENDOR_FIRST 0x1400
#define VENDOR_LAST  0x17ff

static bool host_may_write(uint16_t id)
{
    return (id >= HOST_FIRST && id <= HOST_LAST) || (id >= VENDOR_FIRST && id <= VENDOR_LAST);
}

/* Do format and length match the standard's? Attributes outside the standard may have any. */
static Outcome check_shape(const uint8_t *attribute, size_t at)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(hosts); i++) {
        uint16_t length = get_be16(attribute + 3);

        if (hosts[i].id != get_be16(attribute) || length == 0) {
            continue;
        }
        if (attribute[2] != hosts[i].format) {
            return ssc_illegal_parameter((unsigned)at + 2, 1);
        }
        if (length > hosts[i].longest) {
            return ssc_illegal_parameter((unsigned)at + 3, -1);
        }
    }
    return ssc_good();
}

/* ---- READ ATTRIBUTE ---- */

static int by_id(gconstpointer a, gconstpointer b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Identifiers from `first` on, ascending: the drive's and the medium's. */
static GArray *list_ids(SscDrive *drive, uint32_t partition, uint16_t first)
{
    g_autoptr(GArray) stored = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint16_t));

    medium_list_attributes(drive->cartridge.medium, partition, stored);
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (!known[i].has || known[i].has(drive)) {
            g_array_append_val(stored, known[i].id);
        }
    }
    g_array_sort(stored, by_id);
    for (guint i = 0; i < stored->len; i++) {
        uint16_t id = g_array_index(stored, uint16_t, i);

        if (id >= first && (ids->len == 0 || g_array_index(ids, uint16_t, ids->len - 1) != id)) {
            g_array_append_val(ids, id);
        }
    }
    return ids;
}

static void put_header(ByteWriter *w, uint16_t id, uint8_t flags, uint16_t length)
{
    byte_writer_be16(w, id);
    byte_writer_u8(w, flags);
    byte_writer_be16(w, length);
}

static void put_known(SscDrive *drive, ByteWriter *w, uint32_t partition, uint16_t id)
{
    MediumPartition state;

    medium_partition(drive->cartridge.medium, partition, &state);
    if (drive->cartridge.cleaning) { /* no data goes there */
        state.capacity = 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].id == id) {
            put_header(w, id, (uint8_t)(READ_ONLY | known[i].format), known[i].length);
            known[i].put(drive, &state, w);
        }
    }
}

static MediumResult put_stored(SscDrive *drive, ByteWriter *w, uint32_t partition, uint16_t id)
{
    MediumAttribute attribute;
    MediumResult result = medium_get_attribute(drive->cartridge.medium, partition, id, &attribute);
    gsize length;

    if (result != MEDIUM_OK) {
        return result;
    }
    const uint8_t *value = g_bytes_get_data(attribute.value, &length);
    put_header(w, id, (uint8_t)((attribute.read_only ? READ_ONLY : 0) | (attribute.format & 3)),
               (uint16_t)length);
    byte_writer_put(w, value, length);
    g_bytes_unref(attribute.value);
    return MEDIUM_OK;
}

/* FIRST ATTRIBUTE IDENTIFIER; a list of identifiers is always of all (SPC-3 § 6.14.2). */
static uint16_t first_id(const SscCommand *c)
{
    return c->row->command->service_action == 0x01 ? 0 : get_be16(c->cdb + 8);
}

/* Writes the answer of the service action. A writer without room only counts the bytes. */
static MediumResult put_answer(SscCommand *c, ByteWriter *w, uint32_t available)
{
    uint32_t partition = c->cdb[7];
    g_autoptr(GArray) ids = list_ids(c->drive, partition, first_id(c));

    byte_writer_be32(w, available);
    for (guint i = 0; i < ids->len; i++) {
        uint16_t id = g_array_index(ids, uint16_t, i);
        MediumResult result = MEDIUM_OK;

        if (c->row->command->service_action == 0x01) { /* ATTRIBUTE LIST */
            byte_writer_be16(w, id);
        } else if (is_known(id)) {
            put_known(c->drive, w, partition, id);
        } else {
            result = put_stored(c->drive, w, partition, id);
        }
        if (result != MEDIUM_OK) {
            return result;
        }
    }
    return MEDIUM_OK;
}

/* All of it, without room for any. */
static MediumResult count_answer(SscCommand *c, size_t *length)
{
    ByteWriter counter = BYTE_WRITER(NULL, 0);
    MediumResult result = put_answer(c, &counter, 0);

    *length = counter.wanted;
    return result;
}

static Outcome send_answer(SscCommand *c)
{
    size_t length;
    ByteWriter w = BYTE_WRITER(scsi_task_in(c->task, c->announced), c->announced);
    MediumResult result = count_answer(c, &length);

    if (result == MEDIUM_OK) {
        result = put_answer(c, &w, (uint32_t)(length - 4));
    }
    scsi_task_in(c->task, w.length);
    return ssc_of_medium(c, result, ACT_OTHER, 0);
}

static bool has_partition(SscDrive *drive, uint8_t number)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    return number < info.geometry.partitions;
}

/* True if there is one of that name. */
static bool has_first(SscCommand *c)
{
    g_autoptr(GArray) ids = list_ids(c->drive, c->cdb[7], first_id(c));

    return ids->len > 0 && (c->row->command->service_action == 0x01 ||
                            g_array_index(ids, uint16_t, 0) == first_id(c));
}

/* Service actions ATTRIBUTE VALUES and ATTRIBUTE LIST. */
Outcome ssc_read_attribute(SscCommand *c)
{
    size_t length;

    if (!has_partition(c->drive, c->cdb[7])) {
        return ssc_illegal_field(7, -1);
    }
    if (!has_first(c)) {
        return ssc_illegal_field(8, -1);
    }
    MediumResult result = count_answer(c, &length);
    if (result != MEDIUM_OK) {
        return ssc_of_medium(c, result, ACT_OTHER, 0);
    }
    return ssc_move_data((uint32_t)MIN(length, MIN(get_be32(c->cdb + 10), SCSI_DATA_MAX)),
                         send_answer);
}

/* Service actions LOGICAL VOLUME LIST and PARTITION LIST: the first number, and how many. */
Outcome ssc_read_attribute_counts(SscCommand *c)
{
    bool partitions = c->row->command->service_action == 0x03;
    MediumInfo info;

    medium_info(c->drive->cartridge.medium, &info);
    byte_writer_be16(&c->reply, 2);
    byte_writer_u8(&c->reply, 0);
    byte_writer_u8(&c->reply, partitions ? (uint8_t)MIN(info.geometry.partitions, 0xff) : 1);
    return ssc_reply(c, get_be32(c->cdb + 10));
}

/* ---- WRITE ATTRIBUTE ---- */

/* Checks the attribute at list[at]; good: `*next` is where the following one begins. */
static Outcome check_attribute(const uint8_t *list, size_t length, size_t at, size_t *next)
{
    if (length - at < HEADER || length - at - HEADER < get_be16(list + at + 3)) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    if (!host_may_write(get_be16(list + at))) {
        return ssc_illegal_parameter((unsigned)at, -1);
    }
    if ((list[at + 2] & ~0x03) != 0 || list[at + 2] >= SSC_ATTRIBUTE_FORMATS) {
        return ssc_illegal_parameter((unsigned)at + 2, -1);
    }
    *next = at + HEADER + get_be16(list + at + 3);
    return check_shape(list + at, at);
}

/* The whole list is checked before any attribute is written. */
static Outcome check_attributes(const uint8_t *list, size_t length)
{
    Outcome outcome = ssc_good();

    if (length < 4 || get_be32(list) != length - 4) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    for (size_t at = 4; at < length && ssc_outcome_is_good(&outcome);) {
        outcome = check_attribute(list, length, at, &at);
    }
    return outcome;
}

/* Of several with one identifier the last one stays. */
static bool comes_again(const uint8_t *list, size_t length, size_t at)
{
    uint16_t id = get_be16(list + at);

    while ((at += HEADER + get_be16(list + at + 3)) < length) {
        if (get_be16(list + at) == id) {
            return true;
        }
    }
    return false;
}

/* True if they fit after those of the same name are removed. */
static Outcome check_room(SscCommand *c, const uint8_t *list, size_t length)
{
    TapeMedium *medium = c->drive->cartridge.medium;
    uint64_t used = memory_used(medium);

    for (size_t at = 4; at < length; at += HEADER + get_be16(list + at + 3)) {
        unsigned size = get_be16(list + at + 3);

        if (comes_again(list, length, at)) {
            continue;
        }
        used += size > 0 ? HEADER + size : 0;
        used -= MIN(used, stored_size(medium, c->cdb[7], get_be16(list + at)));
    }
    return used <= c->drive->model->memory_size ? ssc_good() : ssc_check(SENSE_MEMORY_OUT_OF_SPACE);
}

static Outcome write_attributes(SscCommand *c)
{
    SscDrive *drive = c->drive;
    const uint8_t *list = g_bytes_get_data(c->task->out, NULL);
    size_t length = c->announced;
    Outcome outcome = check_attributes(list, length);
    MediumResult result = MEDIUM_OK;

    if (ssc_outcome_is_good(&outcome)) {
        outcome = check_room(c, list, length);
    }
    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    for (size_t at = 4; at < length && result == MEDIUM_OK;) {
        size_t size = get_be16(list + at + 3);
        g_autoptr(GBytes) value = g_bytes_new(list + at + HEADER, size);
        MediumAttribute attribute = { .id = get_be16(list + at),
                                      .format = list[at + 2] & 0x03,
                                      .value = value };

        result = medium_set_attribute(drive->cartridge.medium, c->cdb[7], &attribute);
        drive->cartridge.dirty = true;
        /* Deleting an attribute that does not exist succeeds. */
        result = size == 0 && result == MEDIUM_INVALID ? MEDIUM_OK : result;
        at += HEADER + size;
    }
    return ssc_report_when_synced(c, ssc_of_medium(c, result, ACT_OTHER, 0));
}

Outcome ssc_write_attribute(SscCommand *c)
{
    uint32_t length = get_be32(c->cdb + 10);

    if (!has_partition(c->drive, c->cdb[7])) {
        return ssc_illegal_field(7, -1);
    }
    if (length > SCSI_DATA_MAX) {
        return ssc_illegal_field(10, -1);
    }
    return ssc_move_data(length, write_attributes);
}
