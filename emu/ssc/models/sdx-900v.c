/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AIT-4, 200 GB; reads AIT-3. The product string is attested; block limits are those of SDX-800V,
 * the nearest whose manual we have; the rest as in SDX-1100V.
 */
#include "emu/ssc/models/ait.h"

static const SscDensity densities[] = { AIT_DENSITY_3(false), AIT_DENSITY_4(true) };
static const uint8_t vpd_pages[] = { 0x80, 0x83, 0 };

const SscModel ssc_model_sdx_900v = {
    .name = "sdx-900v",
    .about = "Sony SDX-900V, AIT-4 (200 GB)",
    .vendor = "SONY",
    .product = "SDX-900V",
    .revision = "0101",
    .version = 3,
    .inquiry_length = 36,
    .serial = "0009000001",
    .vpd_pages = vpd_pages,
    .buffer_size = AIT_BUFFER_SIZE,
    .timing = AIT_TIMING(24),
    .limits = { .min = 2, .max = 0x800000, .granularity = 1 },
    .block_length = 0,
    .memory_size = AIT_MEMORY_SIZE,
    .density = 0x33,
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
             .product = 0x0006,
             .release = 0x0100,
             .invented = true,
             .manufacturer_text = "usbtape",
             .product_text = "USB 2.0 AIT tape drive" },
};
