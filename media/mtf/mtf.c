/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/mtf/mtf.h"

#include "emu/base/bytes.h"

/* ── dates ── */

/* 14 bits of year, 4 of month, 5 of day, 5 of hour, 6 of minute, 6 of second, the first on top. */
MtfDate mtf_get_date(const uint8_t *p)
{
    uint64_t bits = (uint64_t)p[0] << 32 | get_be32(p + 1);

    return (MtfDate){ .year = (uint16_t)(bits >> 26),
                      .month = bits >> 22 & 0xf,
                      .day = bits >> 17 & 0x1f,
                      .hour = bits >> 12 & 0x1f,
                      .minute = bits >> 6 & 0x3f,
                      .second = bits & 0x3f };
}

void mtf_put_date(uint8_t *p, const MtfDate *date)
{
    uint64_t bits = (uint64_t)(date->year & 0x3fff) << 26 | (uint64_t)(date->month & 0xf) << 22 |
                    (uint64_t)(date->day & 0x1f) << 17 | (uint64_t)(date->hour & 0x1f) << 12 |
                    (uint64_t)(date->minute & 0x3f) << 6 | (date->second & 0x3f);

    p[0] = (uint8_t)(bits >> 32);
    put_be32(p + 1, (uint32_t)bits);
}

char *mtf_date_text(const MtfDate *date)
{
    return date->year == 0
               ? g_strdup("")
               : g_strdup_printf("%04u-%02u-%02u %02u:%02u:%02u", date->year, date->month,
                                 date->day, date->hour, date->minute, date->second);
}

/* ── checksums ── */

static uint16_t xor_words(const uint8_t *p, size_t length)
{
    uint16_t sum = 0;
    size_t i;

    for (i = 0; i + 1 < length; i += 2) {
        sum ^= get_le16(p + i);
    }
    return sum;
}

uint16_t mtf_header_checksum(const uint8_t *header)
{
    return xor_words(header, MTF_HDR_CHECKSUM);
}

uint16_t mtf_stream_checksum(const uint8_t *header)
{
    return xor_words(header, MTF_STREAM_CHECKSUM);
}

void mtf_data_checksum(uint32_t *sum, uint64_t *at, const uint8_t *data, size_t length)
{
    uint64_t wide = 0, word;

    while (length > 0 && *at % 4 != 0) {
        *sum ^= (uint32_t)*data++ << *at % 4 * 8;
        (*at)++;
        length--;
    }
    *at += length;
    for (; length >= 8; data += 8, length -= 8) {
        memcpy(&word, data, 8);
        wide ^= word;
    }
    wide = GUINT64_FROM_LE(wide);
    *sum ^= (uint32_t)wide ^ (uint32_t)(wide >> 32);
    for (; length >= 4; data += 4, length -= 4) {
        *sum ^= get_le32(data);
    }
    for (word = 0; word < length; word++) {
        *sum ^= (uint32_t)data[word] << word * 8;
    }
}

/* ── types ── */

static const struct {
    uint32_t type;
    size_t size;
} types[] = {
    { MTF_TAPE, MTF_TAPE_SIZE }, { MTF_SSET, MTF_SSET_SIZE }, { MTF_VOLB, MTF_VOLB_SIZE },
    { MTF_DIRB, MTF_DIRB_SIZE }, { MTF_FILE, MTF_FILE_SIZE }, { MTF_CFIL, MTF_CFIL_SIZE },
    { MTF_ESPB, MTF_HDR_SIZE },  { MTF_ESET, MTF_ESET_SIZE }, { MTF_EOTM, MTF_EOTM_SIZE },
    { MTF_SFMB, MTF_SFMB_PBAS },
};

size_t mtf_fixed_size(uint32_t type)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(types); i++) {
        if (types[i].type == type) {
            return types[i].size;
        }
    }
    return MTF_HDR_SIZE;
}

bool mtf_type_known(uint32_t type)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(types); i++) {
        if (types[i].type == type) {
            return true;
        }
    }
    return false;
}

char *mtf_id_text(uint32_t id)
{
    uint8_t c[4];

    put_le32(c, id);
    if (g_ascii_isprint((char)c[0]) && g_ascii_isprint((char)c[1]) && g_ascii_isprint((char)c[2]) &&
        g_ascii_isprint((char)c[3])) {
        return g_strdup_printf("'%c%c%c%c'", c[0], c[1], c[2], c[3]);
    }
    return g_strdup_printf("%02X %02X %02X %02Xh", c[0], c[1], c[2], c[3]);
}

/* ── strings ── */

/* The character at *i, which goes beyond it. */
static gunichar next_character(const uint8_t *text, size_t length, uint8_t string_type, size_t *i)
{
    gunichar c, low;

    if (string_type != MTF_UNICODE_STR) {
        return text[(*i)++]; /* Latin-1 replaces the unknown code page */
    }
    c = get_le16(text + *i);
    *i += 2;
    if (c >= 0xd800 && c < 0xdc00 && *i + 1 < length) {
        low = get_le16(text + *i);
        if (low >= 0xdc00 && low < 0xe000) {
            *i += 2;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return c;
}

char *mtf_string(const uint8_t *text, size_t length, uint8_t string_type, char separator)
{
    GString *utf8 = g_string_new(NULL);
    size_t unit = string_type == MTF_UNICODE_STR ? 2 : 1, i = 0;

    length -= length % unit;
    while (i < length) {
        gunichar c = next_character(text, length, string_type, &i);

        if (c == 0 && i >= length) {
            break;
        }
        if (c == 0) {
            g_string_append_c(utf8, separator);
        } else if (g_unichar_validate(c) && !g_unichar_iscntrl(c)) {
            g_string_append_unichar(utf8, c);
        } else {
            g_string_append_unichar(utf8, 0xfffd);
        }
    }
    return g_string_free(utf8, FALSE);
}
