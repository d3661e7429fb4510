/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/bytes.h"
#include "tests/support/suite.h"

TCase *make_bytes_tcase(void);

START_TEST(reader_stops_at_its_end)
{
    static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x04, 0x05 };
    ByteReader reader = BYTE_READER(bytes, sizeof bytes);

    ck_assert_uint_eq(byte_reader_be16(&reader), 0x0102);
    ck_assert(!reader.overrun);
    ck_assert_uint_eq(byte_reader_be32(&reader), 0);
    ck_assert(reader.overrun);
    ck_assert_uint_eq(byte_reader_u8(&reader), 0);
}
END_TEST

START_TEST(writer_truncates_as_an_allocation_length)
{
    uint8_t bytes[4] = { 0xee, 0xee, 0xee, 0xee };
    ByteWriter writer = BYTE_WRITER(bytes, 3);

    byte_writer_be32(&writer, 0x11223344);
    byte_writer_u8(&writer, 0x55);
    byte_writer_patch(&writer, 2, "\x99\x99", 2);
    ck_assert_mem_eq(bytes, "\x11\x22\x99\xee", 4);
    ck_assert_uint_eq(writer.length, 3);
    ck_assert_uint_eq(writer.wanted, 5);
}
END_TEST

START_TEST(text_is_padded_and_cut)
{
    uint8_t bytes[8];
    ByteWriter writer = BYTE_WRITER(bytes, sizeof bytes);

    byte_writer_text(&writer, "SONY", 6);
    byte_writer_text(&writer, "SDX-500C", 2);
    ck_assert_mem_eq(bytes, "SONY  SD", 8);
}
END_TEST

START_TEST(integers_round_trip)
{
    uint8_t b[8];

    put_be24(b, 0x123456);
    ck_assert_mem_eq(b, "\x12\x34\x56", 3);
    ck_assert_uint_eq(get_be24(b), 0x123456);
    put_le32(b, 0x43425355);
    ck_assert_mem_eq(b, "USBC", 4);
    ck_assert_uint_eq(get_le32(b), 0x43425355);
    put_be64(b, 0x0102030405060708ull);
    ck_assert_uint_eq(get_be64(b), 0x0102030405060708ull);
    put_le64(b, 0x0102030405060708ull);
    ck_assert_uint_eq(get_le64(b), 0x0102030405060708ull);
    ck_assert_uint_eq(b[0], 8);
}
END_TEST

TCase *make_bytes_tcase(void)
{
    TCase *tcase = tcase_create("bytes");

    tcase_add_test(tcase, reader_stops_at_its_end);
    tcase_add_test(tcase, writer_truncates_as_an_allocation_length);
    tcase_add_test(tcase, text_is_padded_and_cut);
    tcase_add_test(tcase, integers_round_trip);
    return tcase;
}
