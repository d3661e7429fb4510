/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vital product data (SPC-3 § 7.6, SSC-3 § 8.5): one row a page; the model says which it has. */
#include "emu/ssc/pages/pages-vpd.h"
#include "emu/ssc/drive-state.h"
#include "emu/ssc/pages/pages.h"

static void put_supported(SscCommand *c)
{
    const uint8_t *pages = c->drive->model->vpd_pages;

    byte_writer_u8(&c->reply, 0x00);
    for (; pages && *pages; pages++) {
        byte_writer_u8(&c->reply, *pages);
    }
}

static void put_serial(SscCommand *c)
{
    byte_writer_put(&c->reply, c->drive->serial, strlen(c->drive->serial));
}

/* A designator of the target port (SPC-3 § 7.6.3): its number, or that of its group. */
static void put_port_designator(SscCommand *c, uint8_t type, uint16_t number)
{
    byte_writer_u8(&c->reply, 0x01);                   /* binary */
    byte_writer_u8(&c->reply, (uint8_t)(0x10 | type)); /* ASSOCIATION: target port */
    byte_writer_be16(&c->reply, 4);
    byte_writer_be16(&c->reply, 0);
    byte_writer_be16(&c->reply, number);
}

/* T10 vendor ID based, ASCII, of the logical unit (SPC-3 § 7.6.3.4); and of ports, where the drive
 * has groups of them. */
static void put_identification(SscCommand *c)
{
    const SscDrive *drive = c->drive;

    byte_writer_u8(&c->reply, 0x02);
    byte_writer_u8(&c->reply, 0x01);
    byte_writer_u8(&c->reply, 0);
    byte_writer_u8(&c->reply, (uint8_t)(8 + 16 + strlen(drive->serial)));
    byte_writer_text(&c->reply, drive->model->vendor, 8);
    byte_writer_text(&c->reply, drive->model->product, 16);
    put_serial(c);
    if (ssc_model_has_groups(drive->model)) {
        put_port_designator(c, 0x04, SSC_TARGET_PORT);
        put_port_designator(c, 0x05, SSC_TARGET_PORT_GROUP);
    }
}

/* SSC-3 § 8.5.2: bit 0 is WORM, whether the drive can read WORM cartridges. */
static void put_sequential_capabilities(SscCommand *c)
{
    byte_writer_u8(&c->reply, 0x01);
    byte_writer_u8(&c->reply, 0);
}

/* TapeAlert flags that the drive can raise (SSC-3 § 8.5.4): the first is the highest bit. */
static void put_tape_alert(SscCommand *c)
{
#define ALERT(name, flag) | (uint64_t)1 << (64 - (flag))
    byte_writer_be64(&c->reply, 0 SSC_ALERTS(ALERT));
#undef ALERT
}

static const struct {
    uint8_t code;
    const char *name;
    void (*put)(SscCommand *c);
} pages[] = {
    { 0x00, "Supported VPD pages", put_supported },
    { 0x80, "Unit serial number", put_serial },
    { 0x83, "Device identification", put_identification },
    { 0xb0, "Sequential-access device capabilities", put_sequential_capabilities },
    { 0xb1, "Manufacturer-assigned serial number", put_serial },
    { 0xb2, "TapeAlert supported flags", put_tape_alert },
};

static bool model_has(const SscModel *model, uint8_t code)
{
    return code == 0x00 || (model->vpd_pages && strchr((const char *)model->vpd_pages, code));
}

const char *ssc_vpd_page_name(const SscModel *model, uint8_t code)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].code == code && model_has(model, code)) {
            return pages[i].name;
        }
    }
    return NULL;
}

bool ssc_vpd_page(SscCommand *c, uint8_t code)
{
    uint8_t length[2];

    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].code != code || !model_has(c->drive->model, code)) {
            continue;
        }
        byte_writer_u8(&c->reply, 0x01); /* sequential-access device */
        byte_writer_u8(&c->reply, code);
        byte_writer_be16(&c->reply, 0);
        pages[i].put(c);
        put_be16(length, (uint16_t)(c->reply.length - 4));
        byte_writer_patch(&c->reply, 2, length, 2);
        return true;
    }
    return false;
}
