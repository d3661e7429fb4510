/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/models/ait.h"

static const uint8_t nothing[32] = { 0 };

static const uint8_t disconnect[0x0e] = { 0 };
/* SCSI-2's control page. */
static const uint8_t control[0x06] = { 0 };
/* DCE, DCC, DDE; algorithm 03h, ALDC. */
static const uint8_t compression[0x0e] = { 0xc0, 0x80, 0, 0, 0, 0x03, 0, 0, 0, 0x03 };
static const uint8_t compression_changeable[0x0e] = { 0x80, 0, 0, 0, 0, 0xff };
/* BIS, RSmk; EEG, SEW; compression selected. */
static const uint8_t configuration[0x0e] = { 0, 0, 0, 0, 0, 0, 0x60, 0, 0x18, 0, 0, 0, 0x01 };
static const uint8_t configuration_changeable[0x0e] = { [6] = 0x20, [8] = 0x08, [12] = 0x01 };
/* 255 additional partitions; in DDS emulation one. Sizes in MB. */
static const uint8_t partitions[0xfe] = { 0xff, 0x00, 0x10, 0x03, 0x06 };
static const uint8_t partitions_changeable[0xfe] = {
    0x00, 0xff, 0xf8, 0x00, 0x0f, 0x00, [6 ... 0xfd] = 0xff
};
/* DEXCPT off, MRIE 3. */
static const uint8_t exceptions[0x0a] = { 0x00, 0x03 };
/* AIT Device Configuration: ABS, ULPBOT; SPAN 0Ah. AIT = 0 is DDS emulation, the default up to
 * AIT-3; later drives have AIT and DEVICE on, and say that they know WORM cartridges (WC; the bit's
 * place is that of SDX-1100V's manual). */
static const uint8_t ait_configuration[0x08] = { 0x30, 0x0a };
static const uint8_t native_configuration[0x08] = { 0xf0, 0x0a, 0x00, 0x01 };
static const uint8_t ait_configuration_changeable[0x08] = { 0xc0 };
/* PSUM: MB; partition size. */
static const uint8_t append[0x08] = { 0, 0, 0x10 };
static const uint8_t append_changeable[0x08] = { [6] = 0xff, 0xff };
/* Indicated partition number. */
static const uint8_t delete_changeable[0x08] = { 0xff };

#define AIT_PAGES                                                                                  \
    { 0x02, sizeof disconnect, disconnect, nothing }, { 0x0a, sizeof control, control, nothing },  \
        { 0x0f, sizeof compression, compression, compression_changeable },                         \
        { 0x10, sizeof configuration, configuration, configuration_changeable },                   \
        { 0x11, sizeof partitions, partitions, partitions_changeable },                            \
    {                                                                                              \
        0x1c, sizeof exceptions, exceptions, nothing                                               \
    }

const SscModePage ssc_ait_mode_pages[AIT_N_MODE_PAGES] = {
    AIT_PAGES,
    { 0x31, sizeof ait_configuration, ait_configuration, ait_configuration_changeable },
    { 0x32, sizeof append, append, append_changeable },
    { 0x33, sizeof delete_changeable, nothing, delete_changeable },
};

const SscModePage ssc_ait_native_mode_pages[AIT_N_NATIVE_MODE_PAGES] = {
    AIT_PAGES,
    { 0x31, sizeof native_configuration, native_configuration, ait_configuration_changeable },
};

const uint8_t ssc_ait_log_pages[] = { 0x02, 0x03, 0x2e, 0x30, 0x31, 0x33,
                                      0x34, 0x35, 0x39, 0x3d, 0x3e, 0 };
const uint8_t ssc_ait_4_log_pages[] = { 0x02, 0x03, 0x2e, 0x31, 0x33, 0x34,
                                        0x35, 0x39, 0x3d, 0x3e, 0 };

const SscMicPage ssc_ait_mic = { .word = 2,
                                 .serial = 36,
                                 .system_log = 62,
                                 .volume = 94,
                                 .element = 4,
                                 .notes = 2,
                                 .native_notes = 64, /* what a chip of 8 KB has room for */
                                 .note_control = 0x01 };
const SscMicPage ssc_ait_later_mic = { .word = 4,
                                       .serial = 32,
                                       .system_log = 90,
                                       .volume = 96,
                                       .element = 96,
                                       .notes = 1,
                                       .native_notes = 1,
                                       .note_control = 0x03 };

#define AIT_COMMANDS                                                                               \
    { 0x01, -1 }, { 0x03, -1 }, { 0x05, -1 }, { 0x08, -1 }, { 0x0a, -1 }, { 0x10, -1 },            \
        { 0x11, -1 }, { 0x12, -1 }, { 0x15, -1 }, { 0x16, -1 }, { 0x17, -1 }, { 0x19, -1 },        \
        { 0x1a, -1 }, { 0x1b, -1 }, { 0x1c, -1 }, { 0x1d, -1 }, { 0x1e, -1 }, { 0x2b, -1 },        \
        { 0x34, 0x00 }, { 0x34, 0x01 }, { 0x3b, -1 }, { 0x3c, -1 }, { 0x44, -1 }, { 0x4c, -1 },    \
        { 0x4d, -1 }, { 0x55, -1 }, { 0x56, -1 }, { 0x57, -1 }, { 0x5a, -1 }, { 0x5e, -1 },        \
        { 0x5f, -1 }, { 0xa0, -1 }, { 0xa3, 0x05 },                                                \
    {                                                                                              \
        0xa4, 0x06                                                                                 \
    }

const SscCommandId ssc_ait_commands[] = { AIT_COMMANDS, { 0x8c, -1 }, { 0x8d, -1 }, { 0 } };
const SscCommandId ssc_ait_atapi_commands[] = { AIT_COMMANDS, { 0 } };
