/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AIT-3, 100 GB. The product string and the block limits are attested; the revision, the version
 * of the standard and the USB identity are not.
 */
#include "emu/ssc/models/ait.h"

static const SscDensity densities[] = { AIT_DENSITY_1(true), AIT_DENSITY_2(true),
                                        AIT_DENSITY_3(true) };
static const uint8_t vpd_pages[] = { 0x80, 0x83, 0 };

const SscModel ssc_model_sdx_700c = {
    .name = "sdx-700c",
    .about = "Sony SDX-700C, AIT-3 (100 GB)",
    .vendor = "SONY",
    .product = "SDX-700C",
    .revision = "0101",
    .version = 2,
    .inquiry_length = 36,
    .serial = "0007000001",
    .vpd_pages = vpd_pages,
    .buffer_size = AIT_BUFFER_SIZE,
    .timing = AIT_TIMING(12),
    .limits = { .min = 2, .max = 0xffffff, .granularity = 0 },
    .block_length = 512,
    .memory_size = AIT_MEMORY_SIZE,
    .density = 0x32,
    .densities = densities,
    .n_densities = G_N_ELEMENTS(densities),
    .mode_pages = ssc_ait_mode_pages,
    .n_mode_pages = AIT_N_MODE_PAGES,
    .log_pages = ssc_ait_log_pages,
    .mic = &ssc_ait_mic,
    .log_frame_parameters = 0x09,
    .log_compression_unit = 1000,
    .commands = ssc_ait_commands,
    .usb = { .vendor = 0x1209,
             .product = 0x0005,
             .release = 0x0100,
             .invented = true,
             .manufacturer_text = "usbtape",
             .product_text = "USB 2.0 AIT tape drive" },
};
