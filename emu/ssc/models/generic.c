/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A drive of no maker, with every feature and no restriction. */
#include "emu/ssc/models/model.h"

static const SscDensity densities[] = {
    { .primary = 0x00,
      .secondary = 0x00,
      .writable = true,
      .width = 80,
      .tracks = 1,
      .organization = "USBTAPE",
      .name = "ANY",
      .description = "Any length of tape" },
};

static const uint8_t nothing[32] = { 0 };

/* Read and write retries: a number that hosts print; nothing here is ever retried. */
static const uint8_t error_recovery[0x0a] = { 0x00, 0x00 };
static const uint8_t disconnect[0x0e] = { 0 };
/* GLTSD: no log parameter is saved. */
static const uint8_t control[0x0a] = { 0x02 };
/* DCE off, DCC, DDE; default algorithm. */
static const uint8_t compression[0x0e] = { 0x40, 0x80, 0, 0, 0, 0x01, 0, 0, 0, 0x01 };
static const uint8_t compression_changeable[0x0e] = { 0x80, 0, 0, 0, 0, 0xff };
/* LOIS, RSMK; EEG, SEW. REW may be asked for. */
static const uint8_t configuration[0x0e] = { 0, 0, 0, 0, 0, 0, 0x60, 0, 0x18 };
static const uint8_t configuration_changeable[0x0e] = { [6] = 0x21, [8] = 0x08, [12] = 0x01 };
/* Device configuration extension: PEWS. */
static const uint8_t extension_changeable[0x1c] = { [2] = 0xff, [3] = 0xff };
/* 255 additional partitions; sizes in MB; recognises format and partitions. */
static const uint8_t partitions[0xfe] = { 0xff, 0x00, 0x10, 0x03, 0x06 };
static const uint8_t partitions_changeable[0xfe] = {
    0x00, 0xff, 0xf8, 0x00, 0x0f, 0x00, [6 ... 0xfd] = 0xff
};
/* DEXCPT: only TapeAlert's log page reports exceptions. */
static const uint8_t exceptions[0x0a] = { 0x08 };

static const SscModePage mode_pages[] = {
    { 0x01, sizeof error_recovery, error_recovery, nothing },
    { 0x02, sizeof disconnect, disconnect, nothing },
    { 0x0a, sizeof control, control, nothing },
    { 0x0f, sizeof compression, compression, compression_changeable, .savable = true },
    { 0x10, sizeof configuration, configuration, configuration_changeable, .savable = true },
    { 0x10, 0x1c, nothing, extension_changeable, 0x01, .savable = true },
    { 0x11, sizeof partitions, partitions, partitions_changeable },
    { 0x1c, sizeof exceptions, exceptions, nothing },
};

static const uint8_t log_pages[] = { 0x02, 0x03, 0x0c, 0x0d, 0x10, 0x17, 0x2e, 0x31, 0 };
static const uint8_t vpd_pages[] = { 0x80, 0x83, 0xb0, 0xb1, 0xb2, 0 };

/* SAM-3, SPC-3, SSC-3 (no version claimed), USB Mass Storage Bulk-Only 1.0 (SPC-3 annex D.6) */
static const uint16_t versions[] = { 0x0060, 0x0300, 0x0400, 0x1730, 0 };

const SscModel ssc_model_generic = {
    .name = "generic",
    .about = "SSC-3 drive of no maker: any block length from 1 byte to 16 MiB - 1",
    .vendor = "USBTAPE",
    .product = "GENERIC",
    .revision = "0001",
    .version = 5,
    .inquiry_length = 96,
    .version_descriptors = versions,
    .serial = "0000000001",
    .vpd_pages = vpd_pages,
    .buffer_size = 8 << 20,
    .timing = { .rate = 12000000,
                .load = 10000,
                .unload = 10000,
                .search = 80000,
                .rewind = 90000,
                .clean = 30000 },
    .tells_resets_apart = true,
    .limits = { .min = 1, .max = 0xffffff },
    .memory_size = 16384,
    .density = 0x00,
    .densities = densities,
    .n_densities = G_N_ELEMENTS(densities),
    .mode_pages = mode_pages,
    .n_mode_pages = G_N_ELEMENTS(mode_pages),
    .log_pages = log_pages,
    .log_subpages = true,
    .log_settable = true,
    .usb = { .vendor = 0x1209,
             .product = 0x0001,
             .release = 0x0100,
             .invented = true,
             .manufacturer_text = "usbtape",
             .product_text = "USB tape drive" },
};
