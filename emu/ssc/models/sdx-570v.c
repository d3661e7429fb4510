/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AIT-2 Turbo, an ATAPI drive. The product string and the block limits of the ATAPI drives are
 * attested; the revision and the USB identity are not.
 */
#include "emu/ssc/models/ait.h"

static const SscDensity densities[] = { AIT_DENSITY_1(false), AIT_DENSITY_2(true),
                                        AIT_DENSITY_1_TURBO(true), AIT_DENSITY_2_TURBO(true) };
static const uint8_t vpd_pages[] = { 0x80, 0x83, 0 };

const SscModel ssc_model_sdx_570v = {
    .name = "sdx-570v",
    .about = "Sony SDX-570V, AIT-2 Turbo (80 GB), an ATAPI drive",
    .vendor = "SONY",
    .product = "SDX-570V",
    .revision = "0101",
    .version = 2,
    .inquiry_length = 36,
    .serial = "0005700001",
    .vpd_pages = vpd_pages,
    .buffer_size = AIT_BUFFER_SIZE,
    .timing = AIT_TIMING(12),
    .limits = { .min = 2, .max = 0xfffffe, .granularity = 1 },
    .block_length = 512,
    .memory_size = AIT_MEMORY_SIZE,
    .density = 0x3a,
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
             .product = 0x0004,
             .release = 0x0100,
             .invented = true,
             .manufacturer_text = "usbtape",
             .product_text = "USB 2.0 AIT tape drive" },
};
