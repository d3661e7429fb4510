/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ISA-L's crc32_iscsi(), for a program in the guest: Debian has no static library of it, and this
 * one is in no hurry. CRC-32C by a table of half bytes, reflected.
 */
#include <isa-l/crc.h>

#include <stdint.h>

unsigned int crc32_iscsi(unsigned char *buffer, int length, unsigned int crc)
{
    /* Of 0 to 15 by the polynomial 82F63B78h (RFC 3720 § 12.1, bits reversed). */
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    int i;

    for (i = 0; i < length; i++) {
        crc ^= buffer[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}
