/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AIT-5, 400 GB; reads AIT-4. Its manual gives the product string without the V, lengths that are
 * multiples of 4, and no fixed blocks. The bytes after the revision are the maker's: left zero.
 */
#include "emu/ssc/models/ait.h"

static const SscDensity densities[] = { AIT_DENSITY_4(false), AIT_DENSITY_5(true) };
static const uint8_t vpd_pages[] = { 0x80, 0x83, 0 };

const SscModel ssc_model_sdx_1100v = {
    .name = "sdx-1100v",
    .about = "Sony SDX-1100V, AIT-5 (400 GB): variable blocks of a multiple of 4 only",
    .vendor = "SONY",
    .product = "SDX-1100",
    .revision = "0101",
    .version = 3,
    .inquiry_length = 57,
    .serial = "0011000001",
    .vpd_pages = vpd_pages,
    .buffer_size = AIT_BUFFER_SIZE,
    .timing = AIT_TIMING(24),
    .limits = { .min = 4, .max = 0x800000, .granularity = 2 },
    .block_length = 0,
    .variable_only = true,
    .memory_size = AIT_MEMORY_SIZE,
    .density = 0x34,
    .densities = densities,
    .n_densities = G_N_ELEMENTS(densities),
    .mode_pages = ssc_ait_native_mode_pages,
    .n_mode_pages = AIT_N_NATIVE_MODE_PAGES,
    .log_pages = ssc_ait_4_log_pages,
    .mic = &ssc_ait_later_mic,
    .log_frame_parameters = 0x11,
    .log_compression_unit = 1000000,
    .commands = ssc_ait_commands,
    .usb = { .vendor = 0x1209,
             .product = 0x0007,
             .release = 0x0100,
             .invented = true,
             .manufacturer_text = "usbtape",
             .product_text = "USB 2.0 AIT tape drive" },
};
