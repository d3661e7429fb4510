/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

/* Density support data block descriptor, 52 bytes (SSC-3 table 62). */
static void put_density(SscCommand *c, const SscDensity *density)
{
    ByteWriter *w = &c->reply;
    bool is_default = density->primary == c->drive->model->density;

    byte_writer_u8(w, density->primary);
    byte_writer_u8(w, density->secondary);
    byte_writer_u8(w, (uint8_t)((density->writable ? 0x80 : 0) | (is_default ? 0x20 : 0)));
    byte_writer_be16(w, 0);
    byte_writer_be24(w, density->bits_per_mm);
    byte_writer_be16(w, density->width);
    byte_writer_be16(w, density->tracks);
    byte_writer_be32(w, density->capacity_mb);
    byte_writer_text(w, density->organization, 8);
    byte_writer_text(w, density->name, 8);
    byte_writer_text(w, density->description, 20);
}

/* SSC-3 § 7.8 */
Outcome ssc_report_density_support(SscCommand *c)
{
    SscDrive *drive = c->drive;
    bool media = c->cdb[1] & 0x01;
    uint8_t length[2];

    if (c->cdb[1] & 0x02) { /* MEDIUM TYPE: no descriptions of those */
        return ssc_illegal_field(1, 1);
    }
    Outcome ready = ssc_check_ready(drive);
    if (media && !ssc_outcome_is_good(&ready)) {
        return ready;
    }
    byte_writer_be32(&c->reply, 0);
    for (unsigned i = 0; i < drive->model->n_densities; i++) {
        const SscDensity *density = &drive->model->densities[i];

        if (!media || density->primary == ssc_drive_density(drive)) {
            put_density(c, density);
        }
    }
    put_be16(length, (uint16_t)(c->reply.length - 2));
    byte_writer_patch(&c->reply, 0, length, 2);
    return ssc_reply(c, get_be16(c->cdb + 7));
}
