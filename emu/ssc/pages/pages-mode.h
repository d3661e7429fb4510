/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: mode pages as cmd-mode.c sends and takes them. */
#ifndef USBTAPE_SSC_PAGES_MODE_H
#define USBTAPE_SSC_PAGES_MODE_H

#include "emu/ssc/outcome.h"
#include "emu/ssc/ssc.h"

/* Mode parameters as the host set them (SPC-3 § 7.4). Pages are kept as bytes: pages-mode.c. */
#define SSC_MODE_PAGES_MAX 16
#define SSC_MODE_PAGE_SIZE 256

typedef struct SscMode {
    uint8_t buffered_mode; /* SSC-3 table 76: 0 unbuffered, 1 buffered */
    uint8_t density;       /* of the block descriptor */
    uint32_t block_length; /* 0 = variable */
    uint8_t dividing; /* of a draft: code of the page that asks for other partitions; 0: none */
    uint8_t pages[SSC_MODE_PAGES_MAX]
                 [SSC_MODE_PAGE_SIZE]; /* current values, in the model's order */
} SscMode;

/* Owned by pages-mode.c. */
typedef struct SscModeStore {
    /* The pages' values after a reset: the model's, or the ones that MODE SELECT saved. */
    uint8_t saved[SSC_MODE_PAGES_MAX][SSC_MODE_PAGE_SIZE];
    uint8_t ait_format; /* AIT and DEVICE of page 31h, as the cartridge was formatted */
} SscModeStore;

/* PC field (SPC-3 table 97). */
typedef enum SscPageControl {
    PAGE_CURRENT,
    PAGE_CHANGEABLE,
    PAGE_DEFAULT,
    PAGE_SAVED,
} SscPageControl;

/* Puts one page, or all for 3Fh, into c->reply; FFh asks for all subpages. False: this model has
 * none such. */
bool ssc_mode_put_pages(SscCommand *c, SscPageControl control, uint8_t code, uint8_t subpage);
/* True if there is a page of that code, with any subpage. */
bool ssc_mode_has_page(const SscModel *model, uint8_t code);

/*
 * Takes the page at list[*at] into the draft and moves `*at` beyond it; `*at` < length. Changes
 * nothing but the draft; anything but good says what is wrong with the list.
 */
Outcome ssc_mode_read_page(SscCommand *c, SscMode *draft, const uint8_t *list, size_t length,
                           size_t *at);

/* Factory state: no page is saved. */
void ssc_mode_init(SscDrive *drive);
void ssc_mode_reset(SscDrive *drive);
/* Can any page of the model be saved? */
bool ssc_mode_saves(const SscModel *model);
/* Keeps the current values of the pages that can be saved. */
void ssc_mode_save(SscDrive *drive);
/* A cartridge was loaded: the pages follow its format until MODE SELECT. */
void ssc_mode_cartridge_loaded(SscDrive *drive);
/* It was formatted as selected. */
void ssc_mode_formatted(SscDrive *drive);
/* Data compression is enabled (SSC-3 § 8.3.2). */
bool ssc_mode_compresses(const SscDrive *drive);
#define SSC_PAGE_PARTITIONS 0x11
#define SSC_PAGE_APPEND     0x32 /* AIT */
#define SSC_PAGE_DELETE     0x33 /* AIT */
/* A page as the host set it, offsets as in the standard. False: the model has no such page. */
bool ssc_mode_page(const SscModel *model, const SscMode *mode, uint8_t code,
                   uint8_t page[SSC_MODE_PAGE_SIZE]);
/* Page 11h asks for what the drive in that mode does not do: the byte of the page; 0: it is right.
 */
unsigned ssc_mode_wrong_partitions(const SscModel *model, SscMode *mode);
/* Byte 2 of AIT's page 31h: how the loaded cartridge is formatted. */
uint8_t ssc_mode_ait_format(SscDrive *drive);
/* Bytes in one unit of a partition's size, as mode pages report sizes. */
uint64_t ssc_mode_partition_unit(SscDrive *drive);
/* The loaded cartridge is formatted as AIT native. */
bool ssc_mode_native(const SscDrive *drive);
/* RSMK: do READ and SPACE stop at setmarks? (SSC-3 § 8.3.3) */
bool ssc_mode_reports_setmarks(const SscDrive *drive);
/* SEW: the buffer is synchronised at early warning. REW: reading reports it too (SSC-3 § 8.3.3). */
bool ssc_mode_synchronizes_early(const SscDrive *drive);
bool ssc_mode_reports_early(const SscDrive *drive);
/* PEWS, in MB of 10^6 bytes (SSC-3 § 8.3.8); 0: no programmable early warning. */
uint16_t ssc_mode_early_warning_size(const SscDrive *drive);

#endif
