/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ BUFFER and WRITE BUFFER (SPC-3 § 6.15, 6.39): memory of the drive for hosts to test the way
 * to it. It is not the data buffer: writing to it harms nothing. Microcode is refused: we have none
 * to replace.
 */
#include "emu/ssc/commands/cmd-buffer.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

#define HEADER 4u /* of the mode that combines header and data */

typedef struct BufferMode {
    uint8_t mode;
    SscHandler handler;
} BufferMode;

static Outcome by_mode(SscCommand *c, const BufferMode *modes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (modes[i].mode == (c->cdb[1] & 0x1f)) {
            return modes[i].handler(c);
        }
    }
    return ssc_illegal_field(1, 4);
}

static uint32_t offset_of(const SscCommand *c)
{
    return get_be24(c->cdb + 3);
}

/* ALLOCATION LENGTH or PARAMETER LIST LENGTH. */
static uint32_t length_of(const SscCommand *c)
{
    return get_be24(c->cdb + 6);
}

/* One buffer, number 0, and an offset inside it. */
static Outcome check_place(const SscCommand *c)
{
    if (c->cdb[2] != 0) {
        return ssc_illegal_field(2, -1);
    }
    return offset_of(c) > SSC_TEST_BUFFER ? ssc_illegal_field(3, -1) : ssc_good();
}

/* Header and data (00h): both begin at the beginning. */
static Outcome read_combined(SscCommand *c)
{
    if (c->cdb[2] != 0) {
        return ssc_illegal_field(2, -1);
    }
    if (offset_of(c) != 0) {
        return ssc_illegal_field(3, -1);
    }
    byte_writer_be32(&c->reply, SSC_TEST_BUFFER);
    byte_writer_put(&c->reply, c->drive->test_memory.bytes, SSC_TEST_BUFFER);
    return ssc_reply(c, length_of(c));
}

/* Data (02h). */
static Outcome read_data(SscCommand *c)
{
    Outcome outcome = check_place(c);

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    byte_writer_put(&c->reply, c->drive->test_memory.bytes + offset_of(c),
                    SSC_TEST_BUFFER - offset_of(c));
    return ssc_reply(c, length_of(c));
}

/* Descriptor (03h): offsets to the byte, and the size; zeroes for a buffer that is not there. */
static Outcome read_descriptor(SscCommand *c)
{
    byte_writer_u8(&c->reply, 0);
    byte_writer_be24(&c->reply, c->cdb[2] == 0 ? SSC_TEST_BUFFER : 0);
    return ssc_reply(c, length_of(c));
}

/* Echo (0Ah): what was echoed last, and as much of it; number and offset are not looked at. */
static Outcome read_echo(SscCommand *c)
{
    if (c->drive->test_memory.echo_length == 0) {
        return ssc_check(SENSE_COMMAND_SEQUENCE_ERROR);
    }
    byte_writer_put(&c->reply, c->drive->test_memory.echo, c->drive->test_memory.echo_length);
    return ssc_reply(c, length_of(c));
}

/* Echo buffer descriptor (0Bh). EBOS = 0: other initiators, were there any, share it. */
static Outcome read_echo_descriptor(SscCommand *c)
{
    byte_writer_be16(&c->reply, 0);
    byte_writer_be16(&c->reply, SSC_ECHO_BUFFER);
    return ssc_reply(c, length_of(c));
}

Outcome ssc_read_buffer(SscCommand *c)
{
    static const BufferMode modes[] = {
        { 0x00, read_combined },        { 0x02, read_data },
        { 0x03, read_descriptor },      { 0x0a, read_echo },
        { 0x0b, read_echo_descriptor },
    };

    return by_mode(c, modes, G_N_ELEMENTS(modes));
}

static Outcome store_combined(SscCommand *c)
{
    const uint8_t *list = g_bytes_get_data(c->task->out, NULL);

    memcpy(c->drive->test_memory.bytes, list + HEADER, c->announced - HEADER);
    return ssc_good();
}

/* Header and data (00h): the header in the data is ignored. */
static Outcome write_combined(SscCommand *c)
{
    if (c->cdb[2] != 0) {
        return ssc_illegal_field(2, -1);
    }
    if (offset_of(c) != 0) {
        return ssc_illegal_field(3, -1);
    }
    if (length_of(c) > 0 && length_of(c) < HEADER) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    return length_of(c) > SSC_TEST_BUFFER + HEADER ? ssc_illegal_field(6, -1)
                                                   : ssc_move_data(length_of(c), store_combined);
}

static Outcome store_data(SscCommand *c)
{
    memcpy(c->drive->test_memory.bytes + offset_of(c), g_bytes_get_data(c->task->out, NULL),
           c->announced);
    return ssc_good();
}

static Outcome write_data(SscCommand *c)
{
    Outcome outcome = check_place(c);

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    return length_of(c) > SSC_TEST_BUFFER - offset_of(c) ? ssc_illegal_field(6, -1)
                                                         : ssc_move_data(length_of(c), store_data);
}

static Outcome store_echo(SscCommand *c)
{
    memcpy(c->drive->test_memory.echo, g_bytes_get_data(c->task->out, NULL), c->announced);
    c->drive->test_memory.echo_length = c->announced;
    return ssc_good();
}

static Outcome write_echo(SscCommand *c)
{
    return length_of(c) > SSC_ECHO_BUFFER ? ssc_illegal_field(6, -1)
                                          : ssc_move_data(length_of(c), store_echo);
}

Outcome ssc_write_buffer(SscCommand *c)
{
    static const BufferMode modes[] = {
        { 0x00, write_combined },
        { 0x02, write_data },
        { 0x0a, write_echo },
    };

    return by_mode(c, modes, G_N_ELEMENTS(modes));
}

void ssc_test_memory_power_on(SscTestMemory *memory)
{
    memset(memory->bytes, 0, sizeof memory->bytes);
    memory->echo_length = 0;
}
