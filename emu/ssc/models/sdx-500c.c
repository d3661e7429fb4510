/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AIT-2, 50 GB: the generation of the first drives with USB 2.0. INQUIRY strings are attested;
 * limits are those of its successor SDX-700C; the USB identity is invented.
 */
#include "emu/ssc/models/ait.h"

static const SscDensity densities[] = { AIT_DENSITY_1(true), AIT_DENSITY_2(true) };
static const uint8_t vpd_pages[] = { 0x80, 0x83, 0 };

const SscModel ssc_model_sdx_500c = {
    .name = "sdx-500c",
    .about = "Sony SDX-500C, AIT-2 (50 GB)",
    .vendor = "SONY",
    .product = "SDX-500C",
    .revision = "0204",
    .version = 2,
    .inquiry_length = 36,
    .serial = "0005000001",
    .vpd_pages = vpd_pages,
    .buffer_size = AIT_BUFFER_SIZE,
    .timing = AIT_TIMING(6),
    .limits = { .min = 2, .max = 0xffffff },
    .block_length = 512,
    .memory_size = AIT_MEMORY_SIZE,
    .density = 0x31,
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
             .product = 0x0003,
             .release = 0x0100,
             .invented = true,
             .manufacturer_text = "usbtape",
             .product_text = "USB 2.0 AIT tape drive" },
};
