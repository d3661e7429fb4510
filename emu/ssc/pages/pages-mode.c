/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mode pages (SPC-3 § 7.4, SSC-3 § 8.3). The bytes are the model's, the current values the drive's;
 * here is what a page code means to the drive: one row a page that is more than bytes.
 */
#include "emu/ssc/pages/pages-mode.h"
#include "emu/ssc/commands/cmd-attribute.h"

#include "emu/ssc/drive-state.h"
#include "emu/ssc/pages/pages.h"

#define PAGE_COMPRESSION   0x0f
#define PAGE_CONFIGURATION 0x10
#define PAGE_PARTITIONS    SSC_PAGE_PARTITIONS
#define PAGE_AIT           0x31
#define AIT_NATIVE         0x80
#define AIT_DEVICE         0x40
#define AIT_LOG            0x03   /* SysLogAlive: the system log is in the MIC */
#define IDP                0x20   /* of the medium partition page */
#define PAGE_EXTENSION     0x0110 /* subpage 01h of 10h */

/* A page by one number: PAGE CODE, and SUBPAGE CODE above it. */
static unsigned page_id(const SscModePage *page)
{
    return page->code | (unsigned)page->subpage << 8;
}

/* PAGE LENGTH ends there; its values begin. */
static unsigned page_header(const SscModePage *page)
{
    return page->subpage ? 4 : 2;
}

static int page_index(const SscModel *model, unsigned id)
{
    for (unsigned i = 0; i < model->n_mode_pages; i++) {
        if (page_id(&model->mode_pages[i]) == id) {
            return (int)i;
        }
    }
    return -1;
}

/* Current values from byte 2 on; NULL if the model lacks the page. */
static uint8_t *page_values(const SscModel *model, SscMode *mode, unsigned id)
{
    int index = page_index(model, id);

    return index < 0 ? NULL : mode->pages[index];
}

/* Byte `at` of a page, counted as the standard does; 0 if the model lacks the page. */
static uint8_t page_byte(const SscDrive *drive, unsigned id, unsigned at)
{
    int index = page_index(drive->model, id);

    return index < 0 ? 0
                     : drive->mode.pages[index][at - page_header(&drive->model->mode_pages[index])];
}

void ssc_mode_init(SscDrive *drive)
{
    const SscModel *model = drive->model;

    G_STATIC_ASSERT(SSC_MODE_PAGE_SIZE > G_MAXUINT8); /* what PAGE LENGTH can say */
    g_assert(model->n_mode_pages <= SSC_MODE_PAGES_MAX);
    for (unsigned i = 0; i < model->n_mode_pages; i++) {
        memcpy(drive->mode_store.saved[i], model->mode_pages[i].defaults,
               model->mode_pages[i].length);
    }
}

bool ssc_mode_saves(const SscModel *model)
{
    for (unsigned i = 0; i < model->n_mode_pages; i++) {
        if (model->mode_pages[i].savable) {
            return true;
        }
    }
    return false;
}

void ssc_mode_save(SscDrive *drive)
{
    for (unsigned i = 0; i < drive->model->n_mode_pages; i++) {
        if (drive->model->mode_pages[i].savable) {
            memcpy(drive->mode_store.saved[i], drive->mode.pages[i], SSC_MODE_PAGE_SIZE);
        }
    }
}

bool ssc_mode_reports_setmarks(const SscDrive *drive)
{
    return page_byte(drive, PAGE_CONFIGURATION, 8) & 0x20; /* RSMK */
}

bool ssc_mode_synchronizes_early(const SscDrive *drive)
{
    return page_byte(drive, PAGE_CONFIGURATION, 10) & 0x08;
}

bool ssc_mode_reports_early(const SscDrive *drive)
{
    return page_byte(drive, PAGE_CONFIGURATION, 8) & 0x01;
}

uint16_t ssc_mode_early_warning_size(const SscDrive *drive)
{
    return (uint16_t)(page_byte(drive, PAGE_EXTENSION, 6) << 8 |
                      page_byte(drive, PAGE_EXTENSION, 7));
}

bool ssc_mode_compresses(const SscDrive *drive)
{
    /* DCE, and an algorithm that is not "none". */
    return (page_byte(drive, PAGE_COMPRESSION, 2) & 0x80) &&
           page_byte(drive, PAGE_COMPRESSION, 7) != 0;
}

/* Active partition. */
static void refresh_configuration(SscDrive *drive, uint8_t *values)
{
    MediumPosition position;

    if (drive->cartridge.loaded) {
        medium_position(drive->cartridge.medium, &position);
        values[3 - 2] = (uint8_t)position.partition;
    }
}

/* As many sizes as one byte of PAGE LENGTH can announce: 6 bytes, then 2 for each. */
#define SIZES_MAX ((SSC_MODE_PAGE_SIZE - 2 - 6) / 2)

/* The number of partitions that the page shows, at least two. */
static unsigned shown_partitions(SscDrive *drive)
{
    MediumInfo info = { .geometry.partitions = 1 };

    if (drive->cartridge.loaded) {
        medium_info(drive->cartridge.medium, &info);
    }
    return CLAMP(info.geometry.partitions, 2, SIZES_MAX);
}

static unsigned partitions_length(SscDrive *drive)
{
    return 6 + 2 * shown_partitions(drive);
}

/* AIT native: cartridges of AIT-4 and later have no other; the others emulate DDS by default. */
static bool is_native(const SscModel *model, const SscMode *mode)
{
    int index = page_index(model, PAGE_AIT);

    return index < 0 || (mode->pages[index][0] & AIT_NATIVE);
}

/* Additional ones. */
static uint8_t most_partitions(const SscModel *model, const SscMode *mode)
{
    int index = page_index(model, PAGE_PARTITIONS);
    uint8_t most = model->mode_pages[index].defaults[2 - 2];

    return is_native(model, mode) ? most : MIN(most, 1);
}

/* PSUM and PARTITION UNITS: how the loaded cartridge, or the drive's own, is measured. */
#define PSUM_MB    0x10
#define PSUM_UNITS 0x18

static unsigned partition_units(SscDrive *drive)
{
    const SscModel *model = drive->model;
    uint8_t density = ssc_drive_density(drive);

    for (unsigned i = 0; i < model->n_densities; i++) {
        if (model->densities[i].primary == density) {
            return model->densities[i].partition_units;
        }
    }
    return 0;
}

uint64_t ssc_mode_partition_unit(SscDrive *drive)
{
    unsigned units = partition_units(drive);
    uint64_t unit = units == 0 ? 1000000 : 1;

    for (; units > 0; units--) {
        unit *= 10;
    }
    return unit;
}

/* Both fields, into bytes 4 and 6 of pages 11h and 32h. */
static void put_units(SscDrive *drive, uint8_t *values)
{
    unsigned units = partition_units(drive);

    values[4 - 2] = units == 0 ? PSUM_MB : PSUM_UNITS;
    values[6 - 2] = (uint8_t)((values[6 - 2] & 0xf0) | (units == 0 ? values[6 - 2] & 0x0f : units));
}

static void refresh_append(SscDrive *drive, uint8_t *values)
{
    put_units(drive, values);
}

/* Sizes of the partitions there are, in the unit that the page names (SSC-3 § 8.3.4). */
static void refresh_partitions(SscDrive *drive, uint8_t *values)
{
    uint64_t unit = ssc_mode_partition_unit(drive);
    MediumInfo info;

    values[2 - 2] = most_partitions(drive->model, &drive->mode);
    /* FDP, SDP and IDP ask for something: a host that sends back what it read must not lose its
     * tape. */
    put_units(drive, values);
    if (!drive->cartridge.loaded) {
        return;
    }
    medium_info(drive->cartridge.medium, &info);
    values[3 - 2] = (uint8_t)(info.geometry.partitions - 1);
    for (unsigned i = 0; i < MIN(info.geometry.partitions, SIZES_MAX); i++) {
        MediumPartition partition;

        medium_partition(drive->cartridge.medium, i, &partition);
        put_be16(values + 8 - 2 + 2 * i, (uint16_t)MIN(partition.capacity / unit, 0xffff));
    }
}

/* As many as the drive can make, divided in one way only. */
static unsigned wrong_partitions(const SscModel *model, SscMode *mode)
{
    const uint8_t *values = page_values(model, mode, PAGE_PARTITIONS);
    uint8_t ways = values[4 - 2] & 0xe0; /* FDP, SDP, IDP */

    if (values[3 - 2] > most_partitions(model, mode) ||
        ((ways & IDP) && values[3 - 2] >= SIZES_MAX)) {
        return 3;
    }
    return ways & (ways - 1) ? 4 : 0;
}

static void changed_partitions(const SscModel *model, SscMode *mode)
{
    if (page_values(model, mode, PAGE_PARTITIONS)[4 - 2] & 0xe0) {
        mode->dividing = PAGE_PARTITIONS;
    }
}

/* No size: a page that was read at power-on and is sent back. */
static void changed_append(const SscModel *model, SscMode *mode)
{
    if (get_be16(page_values(model, mode, SSC_PAGE_APPEND) + 8 - 2) != 0) {
        mode->dividing = SSC_PAGE_APPEND;
    }
}

/* The last partition, which stays the last: so the page asks for nothing when it is sent back. */
static void refresh_delete(SscDrive *drive, uint8_t *values)
{
    MediumInfo info;

    values[2 - 2] = 0;
    if (drive->cartridge.loaded) {
        medium_info(drive->cartridge.medium, &info);
        values[2 - 2] = (uint8_t)(info.geometry.partitions - 1);
    }
}

static void changed_delete(const SscModel *model, SscMode *mode)
{
    mode->dividing = SSC_PAGE_DELETE;
}

bool ssc_mode_page(const SscModel *model, const SscMode *mode, uint8_t code,
                   uint8_t page[SSC_MODE_PAGE_SIZE])
{
    int index = page_index(model, code);

    if (index >= 0) {
        memcpy(page + 2, mode->pages[index], SSC_MODE_PAGE_SIZE - 2);
    }
    return index >= 0;
}

bool ssc_mode_native(const SscDrive *drive)
{
    return drive->cartridge.loaded && (drive->mode_store.ait_format & AIT_NATIVE);
}

/* AIT and DEVICE as the cartridge was formatted; a new one is as the model makes them. */
static uint8_t read_format(SscDrive *drive, uint8_t bits)
{
    MediumAttribute attribute;

    if (medium_get_attribute(drive->cartridge.medium, 0, SSC_ATTRIBUTE_AIT, &attribute) ==
        MEDIUM_OK) {
        gsize size;
        const uint8_t *value = g_bytes_get_data(attribute.value, &size);

        bits = size == 1 ? *value : bits;
        g_bytes_unref(attribute.value);
    }
    return bits & (AIT_NATIVE | AIT_DEVICE);
}

/* Selects the format of the loaded cartridge, until the host selects another. */
static void select_format(SscDrive *drive, int index)
{
    uint8_t *values = drive->mode.pages[index];

    values[0] = (uint8_t)((values[0] & ~(AIT_NATIVE | AIT_DEVICE)) | drive->mode_store.ait_format);
}

void ssc_mode_reset(SscDrive *drive)
{
    const SscModel *model = drive->model;

    drive->mode = (SscMode){ .buffered_mode = 1,
                             .density = model->density,
                             .block_length = model->block_length };
    memcpy(drive->mode.pages, drive->mode_store.saved, sizeof drive->mode.pages);
    drive->cartridge.compression_set = false;
    if (drive->cartridge.loaded && page_index(model, PAGE_AIT) >= 0) {
        select_format(drive, page_index(model, PAGE_AIT));
    }
}

void ssc_mode_cartridge_loaded(SscDrive *drive)
{
    int index = page_index(drive->model, PAGE_AIT);

    if (index >= 0) {
        drive->mode_store.ait_format =
            read_format(drive, drive->model->mode_pages[index].defaults[0]);
        select_format(drive, index);
    }
}

void ssc_mode_formatted(SscDrive *drive)
{
    int index = page_index(drive->model, PAGE_AIT);

    if (index >= 0) {
        uint8_t bits = drive->mode.pages[index][0] & (AIT_NATIVE | AIT_DEVICE);
        g_autoptr(GBytes) value = g_bytes_new(&bits, 1);
        MediumAttribute attribute = { .id = SSC_ATTRIBUTE_AIT, .read_only = true, .value = value };

        /* A cartridge without MIC cannot keep it, and is what the model makes of it again when it
         * comes back. */
        medium_set_attribute(drive->cartridge.medium, 0, &attribute);
        drive->mode_store.ait_format = bits;
    }
}

/* The page reports the cartridge's format, not the format selected for the next FORMAT MEDIUM. */
static void refresh_ait(SscDrive *drive, uint8_t *values)
{
    MediumInfo info = { .attributes = false };

    if (drive->cartridge.loaded) {
        medium_info(drive->cartridge.medium, &info);
    }
    values[2 - 2] = (uint8_t)((values[2 - 2] & ~(AIT_NATIVE | AIT_DEVICE | AIT_LOG)) |
                              drive->mode_store.ait_format | (info.attributes ? AIT_LOG : 0));
    values[4 - 2] = (uint8_t)((info.attributes ? 0x80 : 0) | (info.geometry.worm ? 0x40 : 0));
}

uint8_t ssc_mode_ait_format(SscDrive *drive)
{
    SscMode mode = drive->mode;
    uint8_t *values = page_values(drive->model, &mode, PAGE_AIT);

    if (values) {
        refresh_ait(drive, values);
    }
    return values ? values[2 - 2] : 0;
}

/* An optional device area is of the native format. */
static unsigned wrong_ait(const SscModel *model, SscMode *mode)
{
    uint8_t bits = page_values(model, mode, PAGE_AIT)[0];

    return (bits & AIT_DEVICE) && !(bits & AIT_NATIVE) ? 2 : 0;
}

/* DCE and SELECT DATA COMPRESSION ALGORITHM are one switch (SSC-3 § 8.3.3). */
static void changed_compression(const SscModel *model, SscMode *mode)
{
    uint8_t *configuration = page_values(model, mode, PAGE_CONFIGURATION);

    if (configuration) {
        configuration[14 - 2] = page_values(model, mode, PAGE_COMPRESSION)[0] & 0x80 ? 1 : 0;
    }
}

/* The algorithm: the model's own, or none, which is how some hosts switch compression off. */
static unsigned wrong_compression(const SscModel *model, SscMode *mode)
{
    uint8_t algorithm = page_values(model, mode, PAGE_COMPRESSION)[7 - 2];
    int index = page_index(model, PAGE_COMPRESSION);

    return algorithm == 0 || algorithm == model->mode_pages[index].defaults[7 - 2] ? 0 : 4;
}

static void changed_configuration(const SscModel *model, SscMode *mode)
{
    uint8_t *compression = page_values(model, mode, PAGE_COMPRESSION);

    if (compression) {
        bool on = page_values(model, mode, PAGE_CONFIGURATION)[14 - 2] != 0;
        compression[0] = (uint8_t)((compression[0] & 0x7f) | (on ? 0x80 : 0));
    }
}

/* One row a page: its name, and its properties besides its bytes. */
static const struct {
    unsigned id;
    const char *name; /* the standard's, or the maker's */
    uint8_t least;    /* MODE SELECT may cut it down to this PAGE LENGTH; 0: may not */
    /* Puts what the loaded cartridge says over the current values. */
    void (*refresh)(SscDrive *drive, uint8_t *values);
    /* The byte where a field begins that has a value out of its range; 0: none. */
    unsigned (*wrong)(const SscModel *model, SscMode *mode);
    /* MODE SELECT changed it: brings other pages in line. */
    void (*changed)(const SscModel *model, SscMode *mode);
    /* PAGE LENGTH as MODE SENSE sends it; NULL: all of it. */
    unsigned (*length)(SscDrive *drive);
} pages[] = {
    { 0x01, "Read-write error recovery" },
    { 0x02, "Disconnect-reconnect" },
    { 0x0a, "Control" },
    { PAGE_COMPRESSION, "Data compression", 0, NULL, wrong_compression, changed_compression },
    { PAGE_CONFIGURATION, "Device configuration", 0, refresh_configuration, NULL,
      changed_configuration },
    { PAGE_EXTENSION, "Device configuration extension" },
    { PAGE_PARTITIONS, "Medium partition", 6, refresh_partitions, wrong_partitions,
      changed_partitions, partitions_length },
    { 0x1c, "Informational exceptions control" },
    { PAGE_AIT, "AIT device configuration", 0, refresh_ait, wrong_ait },
    { SSC_PAGE_APPEND, "Append partition", 0, refresh_append, NULL, changed_append },
    { SSC_PAGE_DELETE, "Delete partition", 0, refresh_delete, NULL, changed_delete },
};

const char *ssc_mode_page_name(const SscModel *model, uint8_t code, uint8_t subpage)
{
    unsigned id = (unsigned)subpage << 8 | code;

    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].id == id && page_index(model, id) >= 0) {
            return pages[i].name;
        }
    }
    return NULL;
}

static void refresh(SscDrive *drive, unsigned id, uint8_t *values)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].id == id && pages[i].refresh) {
            pages[i].refresh(drive, values);
        }
    }
}

static unsigned wrong(const SscModel *model, SscMode *mode, unsigned id)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].id == id && pages[i].wrong) {
            return pages[i].wrong(model, mode);
        }
    }
    return 0;
}

unsigned ssc_mode_wrong_partitions(const SscModel *model, SscMode *mode)
{
    return wrong(model, mode, PAGE_PARTITIONS);
}

/* True if the host may send this PAGE LENGTH. */
static bool takes_length(const SscModePage *page, unsigned length)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].id == page_id(page) && pages[i].least) {
            return length >= pages[i].least && length <= page->length;
        }
    }
    return length == page->length;
}

static void changed(const SscModel *model, SscMode *mode, unsigned id)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].id == id && pages[i].changed) {
            pages[i].changed(model, mode);
        }
    }
}

static unsigned sent_length(SscDrive *drive, const SscModePage *page)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].id == page_id(page) && pages[i].length) {
            return MIN(pages[i].length(drive), page->length);
        }
    }
    return page->length;
}

static void put_page(SscCommand *c, unsigned index, SscPageControl control)
{
    SscDrive *drive = c->drive;
    const SscModePage *page = &drive->model->mode_pages[index];
    uint8_t values[SSC_MODE_PAGE_SIZE];

    const uint8_t *const sources[] = {
        [PAGE_CURRENT] = drive->mode.pages[index],
        [PAGE_CHANGEABLE] = page->changeable,
        [PAGE_DEFAULT] = page->defaults,
        [PAGE_SAVED] = drive->mode_store.saved[index],
    };

    memcpy(values, sources[control], page->length);
    if (control == PAGE_CURRENT) {
        refresh(drive, page_id(page), values);
    }
    unsigned length = sent_length(drive, page);

    /* PS, SPF */
    byte_writer_u8(&c->reply,
                   (uint8_t)((page->savable ? 0x80 : 0) | (page->subpage ? 0x40 : 0) | page->code));
    if (page->subpage) {
        byte_writer_u8(&c->reply, page->subpage);
        byte_writer_u8(&c->reply, 0);
    }
    byte_writer_u8(&c->reply, (uint8_t)length);
    byte_writer_put(&c->reply, values, length);
}

bool ssc_mode_has_page(const SscModel *model, uint8_t code)
{
    for (unsigned i = 0; i < model->n_mode_pages; i++) {
        if (model->mode_pages[i].code == code) {
            return true;
        }
    }
    return code == 0x3f;
}

bool ssc_mode_put_pages(SscCommand *c, SscPageControl control, uint8_t code, uint8_t subpage)
{
    const SscModel *model = c->drive->model;
    bool found = code == 0x00; /* header and block descriptor alone */

    for (unsigned i = 0; i < model->n_mode_pages; i++) {
        const SscModePage *page = &model->mode_pages[i];

        if ((code == 0x3f || code == page->code) && (subpage == 0xff || subpage == page->subpage)) {
            put_page(c, i, control);
            found = true;
        }
    }
    return found;
}

/* The header of a page in a list: which, how long it says it is, how long it is itself. */
typedef struct PageHeader {
    unsigned id, length, size;
} PageHeader;

/* False: the list ends within it. */
static bool take_header(const uint8_t *list, size_t left, PageHeader *header)
{
    bool subpage = list[0] & 0x40; /* SPF */

    header->size = subpage ? 4 : 2;
    header->id = list[0] & 0x3f;
    if (left < header->size) {
        return false;
    }
    header->id |= subpage ? (unsigned)list[1] << 8 : 0;
    header->length = subpage ? get_be16(list + 2) : list[1];
    return true;
}

Outcome ssc_mode_read_page(SscCommand *c, SscMode *draft, const uint8_t *list, size_t length,
                           size_t *at)
{
    const SscModel *model = c->drive->model;
    size_t start = *at;
    uint8_t before[SSC_MODE_PAGE_SIZE];
    PageHeader header = { 0 };

    bool whole = take_header(list + start, length - start, &header);
    if (!ssc_mode_has_page(model, header.id & 0x3f) || (header.id & 0x3f) == 0x3f) {
        return ssc_illegal_parameter((unsigned)start, 5);
    }
    if (!whole) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    int index = page_index(model, header.id);
    if (index < 0) { /* not with that subpage, or only with one */
        return ssc_illegal_parameter((unsigned)start + (header.size == 4 ? 1 : 0),
                                     header.size == 4 ? -1 : 6);
    }
    const SscModePage *page = &model->mode_pages[index];
    if (header.size != page_header(page)) { /* SPF with subpage 00h */
        return ssc_illegal_parameter((unsigned)start, 6);
    }
    if (!takes_length(page, header.length)) {
        return ssc_illegal_parameter((unsigned)start + header.size / 2, -1);
    }
    if (length - start - header.size < header.length) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    const uint8_t *values = list + start + header.size;
    memcpy(before, draft->pages[index], page->length);
    refresh(c->drive, header.id, before);
    for (unsigned i = 0; i < header.length; i++) {
        unsigned alien = (before[i] ^ values[i]) & (uint8_t)~page->changeable[i];

        if (alien != 0) {
            return ssc_illegal_parameter((unsigned)start + header.size + i,
                                         (int)g_bit_storage(alien) - 1);
        }
        draft->pages[index][i] = (uint8_t)((draft->pages[index][i] & ~page->changeable[i]) |
                                           (values[i] & page->changeable[i]));
    }
    for (unsigned i = header.length; i < page->length; i++) { /* of a short page */
        draft->pages[index][i] = page->defaults[i];
    }
    unsigned byte = wrong(model, draft, header.id);
    if (byte != 0) {
        return ssc_illegal_parameter((unsigned)start + byte, -1);
    }
    uint8_t dividing = draft->dividing;
    draft->dividing = 0;
    changed(model, draft, header.id);
    if (header.id == SSC_PAGE_DELETE && memcmp(before, values, page->length) == 0 &&
        !ssc_mode_native(c->drive)) {
        draft->dividing = 0; /* read and sent back: the page means nothing to this cartridge */
    }
    if (dividing != 0 && draft->dividing != 0) { /* the tape is divided in one way at a time */
        return ssc_illegal_parameter((unsigned)start, 5);
    }
    c->page_at = draft->dividing ? (unsigned)start : c->page_at;
    draft->dividing = draft->dividing ? draft->dividing : dividing;
    *at = start + header.size + header.length;
    return ssc_good();
}
