/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AIT-1, an ATAPI drive: as found behind a USB-ATAPI bridge in drives of 2003. INQUIRY strings are
 * attested; limits are those of its ATAPI sisters; the USB identity is invented.
 *
 * NetBSD PR kern/37403 attests that it refuses MODE SELECT 15 00 00 00 0C 00 with invalid field in
 * parameter list, field pointer 9: the block length. That it minds the missing PF bit, and takes
 * the list with it, is our reading.
 */
#include "emu/ssc/models/ait.h"

static const SscDensity densities[] = { AIT_DENSITY_1(true) };
static const uint8_t vpd_pages[] = { 0x80, 0x83, 0 };

const SscModel ssc_model_sdx_420c = {
    .name = "sdx-420c",
    .about = "Sony SDX-420C, AIT-1 (35 GB), an ATAPI drive behind a USB bridge",
    .vendor = "SONY",
    .product = "SDX-420C",
    .revision = "0101",
    .version = 2,
    .inquiry_length = 36,
    .serial = "0004200001",
    .vpd_pages = vpd_pages,
    .buffer_size = AIT_BUFFER_SIZE,
    .timing = AIT_TIMING(4),
    .limits = { .min = 2, .max = 0xfffffe, .granularity = 1 },
    .block_length = 512,
    .memory_size = AIT_MEMORY_SIZE,
    .rejects_old_lists = true,
    .density = 0x30,
    .densities = densities,
    .n_densities = G_N_ELEMENTS(densities),
    .mode_pages = ssc_ait_mode_pages,
    .n_mode_pages = AIT_N_MODE_PAGES,
    .log_pages = ssc_ait_log_pages,
    .mic = &ssc_ait_mic,
    .log_frame_parameters = 0x09,
    .log_compression_unit = 1000,
    .commands = ssc_ait_atapi_commands,
    .usb = { .vendor = 0x1209,
             .product = 0x0002,
             .release = 0x1106, /* that of the attested bridge */
             .invented = true,
             .manufacturer_text = "usbtape",
             .product_text = "USB 2.0 AIT tape drive" },
};
