/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC32C (Castagnoli, the CRC of iSCSI in RFC 3720 § 12.1), by the processor's CRC instructions. */
#ifndef USBTAPE_MEDIA_CRC32C_H
#define USBTAPE_MEDIA_CRC32C_H

#include <isa-l/crc.h>
#include <stddef.h>
#include <stdint.h>

/* Start with 0 and pass each result to the next call. At most INT_MAX bytes a call. */
static inline uint32_t crc32c(uint32_t crc, const void *data, size_t length)
{
    return ~crc32_iscsi((unsigned char *)data, (int)length, ~crc);
}

#endif
