/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/script.h"

#include <string.h>

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "emu/base/units.h"

#define HEADER     8u
#define MAGIC      0x53494d52u /* "SIMR" */
#define RECORD_MAX (1024u * 1024)

/* ---- records ---- */

static uint8_t pattern(uint32_t number, size_t i)
{
    return (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

void sim_record_fill(uint32_t number, uint8_t *bytes, size_t size)
{
    size_t i;

    g_assert(size >= HEADER);
    put_be32(bytes, MAGIC);
    put_be32(bytes + 4, number);
    for (i = HEADER; i < size; i++) {
        bytes[i] = pattern(number, i);
    }
}

/* "=N", "=N/LEN", "?N", "?" */
static char *describe_record(const uint8_t *bytes, size_t length, size_t size)
{
    uint32_t number;
    size_t i;

    if (length < HEADER || get_be32(bytes) != MAGIC) {
        return g_strdup("?");
    }
    number = get_be32(bytes + 4);
    for (i = HEADER; i < length; i++) {
        if (bytes[i] != pattern(number, i)) {
            return g_strdup_printf("?%u", number);
        }
    }
    return length == size ? g_strdup_printf("=%u", number)
                          : g_strdup_printf("=%u/%zu", number, length);
}

char *sim_tape_dump(TapeMedium *medium, size_t size)
{
    g_autofree uint8_t *buffer = g_malloc(2 * RECORD_MAX);
    GString *text = g_string_new(NULL);

    medium_locate(medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    for (;;) {
        size_t length;
        MediumResult result = medium_read(medium, buffer, 2 * RECORD_MAX, &length);
        g_autofree char *record = NULL;

        if (result == MEDIUM_OK) {
            record = describe_record(buffer, MIN(length, 2 * RECORD_MAX), size);
        } else if (result == MEDIUM_FILEMARK || result == MEDIUM_SETMARK) {
            record = g_strdup(result == MEDIUM_FILEMARK ? "FM" : "SM");
        } else if (result == MEDIUM_EOD) {
            return g_string_free(text, FALSE);
        } else {
            record = g_strdup("!");
        }
        g_string_append_printf(text, "%s%s", text->len ? " " : "", record);
    }
}

/* ---- results ---- */

static char *describe_sense(const SimResult *result)
{
    const uint8_t *sense = result->sense;
    unsigned key = sense[2] & 0x0f;
    GString *text = g_string_new(NULL);

    if (result->sense_length < 14) {
        g_string_append(text, result->sense_length == 0 ? "failed" : "short-sense");
        return g_string_free(text, FALSE);
    }
    if (key == 0 && (sense[2] & 0x80) && sense[12] == 0 && sense[13] == 1) {
        g_string_append(text, "fm");
        return g_string_free(text, FALSE);
    }
    if (key == 8 && sense[12] == 0 && sense[13] == 5 && !(sense[2] & 0x40)) {
        g_string_append(text, sense[0] & 0x80 ? "eod" : "eod-no-residual");
        return g_string_free(text, FALSE);
    }
    g_string_append_printf(text, "%x/%02x/%02x%s%s%s%s", key, sense[12], sense[13],
                           sense[2] & 0x40 ? "+eom" : "", sense[2] & 0x20 ? "+ili" : "",
                           sense[2] & 0x80 ? "+fm" : "", sense[0] & 1 ? "+late" : "");
    if (sense[0] & 0x80) {
        g_string_append_printf(text, "(%d)", (int32_t)get_be32(sense + 3));
    }
    return g_string_free(text, FALSE);
}

static char *describe(const SimResult *result)
{
    switch (result->end) {
    case SIM_GOOD:
        return g_strdup("ok");
    case SIM_CHECK:
        return describe_sense(result);
    case SIM_RESET:
        return g_strdup("reset");
    case SIM_GONE:
        return g_strdup("gone");
    }
    g_assert_not_reached();
}

/* ---- commands ---- */

static SimResult send(SimApplication *a, const uint8_t *cdb, size_t length)
{
    return sim_host_command(a->host, cdb, length, NULL, 0, NULL, 0);
}

static char *send_6(SimApplication *a, uint8_t opcode, uint8_t flags, int64_t count)
{
    uint8_t cdb[6] = { opcode, flags };
    SimResult result;

    put_be24(cdb + 2, (uint32_t)count & 0xffffff);
    result = send(a, cdb, sizeof cdb);
    return describe(&result);
}

/* One record from where the tape is: the 6-byte form, or the one with an address. */
static size_t record_cdb(SimApplication *a, uint8_t opcode, uint8_t wide_opcode, uint8_t cdb[16])
{
    static const uint8_t read_position[10] = { 0x34 };
    uint8_t data[20] = { 0 };

    if (!a->wide) {
        cdb[0] = opcode;
        put_be24(cdb + 2, (uint32_t)a->size);
        return 6;
    }
    sim_host_command(a->host, read_position, sizeof read_position, NULL, 0, data, sizeof data);
    cdb[0] = wide_opcode;
    cdb[3] = data[1]; /* partition */
    put_be64(cdb + 4, get_be32(data + 4));
    put_be24(cdb + 12, (uint32_t)a->size);
    return 16;
}

static char *do_write(SimApplication *a, uint32_t number)
{
    g_autofree uint8_t *record = g_malloc(a->size);
    uint8_t cdb[16] = { 0 };
    size_t length = record_cdb(a, 0x0a, 0x8a, cdb);
    SimResult result;
    char *text;

    sim_record_fill(number, record, a->size);
    result = sim_host_command(a->host, cdb, length, record, a->size, NULL, 0);
    text = describe(&result);
    if (result.end == SIM_GOOD && result.moved != a->size) {
        g_free(text);
        text = g_strdup_printf("short:%zu", result.moved);
    }
    return text;
}

static char *do_read(SimApplication *a)
{
    g_autofree uint8_t *record = g_malloc0(a->size);
    uint8_t cdb[16] = { 0 };
    size_t length = record_cdb(a, 0x08, 0x88, cdb);
    g_autofree char *sense = NULL;
    g_autofree char *what = NULL;
    SimResult result;

    result = sim_host_command(a->host, cdb, length, NULL, 0, record, a->size);
    sense = describe(&result);
    if (result.end == SIM_RESET || result.end == SIM_GONE || result.moved == 0) {
        return g_steal_pointer(&sense);
    }
    what = describe_record(record, result.moved, a->size);
    return result.end == SIM_GOOD ? g_steal_pointer(&what) : g_strconcat(sense, what, NULL);
}

static char *do_position(SimApplication *a)
{
    static const uint8_t cdb[10] = { 0x34 };
    uint8_t data[20] = { 0 };
    SimResult result = sim_host_command(a->host, cdb, sizeof cdb, NULL, 0, data, sizeof data);

    if (result.end != SIM_GOOD) {
        return describe(&result);
    }
    return data[0] & 0x04 ? g_strdup("@unknown") /* BPU, LOLU */
                          : g_strdup_printf("@%u", get_be32(data + 4));
}

static char *do_locate(SimApplication *a, uint32_t number)
{
    uint8_t cdb[10] = { 0x2b };
    SimResult result;

    put_be32(cdb + 3, number);
    result = send(a, cdb, sizeof cdb);
    return describe(&result);
}

static char *do_inquiry(SimApplication *a)
{
    static const uint8_t cdb[6] = { 0x12, 0, 0, 0, 96 };
    uint8_t data[96] = { 0 };
    SimResult result = sim_host_command(a->host, cdb, sizeof cdb, NULL, 0, data, sizeof data);
    g_autofree char *vendor = NULL;

    if (result.end != SIM_GOOD) {
        return describe(&result);
    }
    vendor = g_strstrip(g_strndup((const char *)data + 8, 8));
    return g_strdup_printf("%s:v%u:%zu", vendor, data[2], result.moved);
}

static char *do_mode_sense(SimApplication *a)
{
    static const uint8_t cdb[6] = { 0x1a, 0, 0, 0, 12 };
    uint8_t data[12] = { 0 };
    SimResult result = sim_host_command(a->host, cdb, sizeof cdb, NULL, 0, data, sizeof data);

    return result.end == SIM_GOOD
               ? g_strdup_printf("%s:%u", data[2] & 0x80 ? "wp" : "rw", get_be24(data + 9))
               : describe(&result);
}

static char *do_mode_select(SimApplication *a, uint32_t block_length)
{
    static const uint8_t cdb[6] = { 0x15, 0x10, 0, 0, 12 };
    uint8_t data[12] = { 0, 0, 0x10, 8 };
    SimResult result;

    put_be24(data + 9, block_length);
    result = sim_host_command(a->host, cdb, sizeof cdb, data, sizeof data, NULL, 0);
    return describe(&result);
}

static char *tell_compression(SimApplication *a)
{
    static const uint8_t cdb[6] = { 0x1a, 0x08, 0x0f, 0, 20 };
    uint8_t data[20] = { 0 };
    SimResult result = sim_host_command(a->host, cdb, sizeof cdb, NULL, 0, data, sizeof data);

    return result.end == SIM_GOOD ? g_strdup(data[6] & 0x80 ? "on" : "off") : describe(&result);
}

/* DCE of the data compression page, as the drive has it, with the rest left alone. */
static char *do_compression(SimApplication *a, bool on)
{
    static const uint8_t sense[6] = { 0x1a, 0x08, 0x0f, 0, 20 };
    static const uint8_t select[6] = { 0x15, 0x10, 0, 0, 20 };
    uint8_t data[20] = { 0 };
    SimResult result = sim_host_command(a->host, sense, sizeof sense, NULL, 0, data, sizeof data);

    if (result.end != SIM_GOOD) {
        return describe(&result);
    }
    data[0] = 0;
    data[2] &= 0x7f;
    data[4] &= 0x3f;
    data[6] = (uint8_t)((data[6] & 0x7f) | (on ? 0x80 : 0));
    result = sim_host_command(a->host, select, sizeof select, data, sizeof data, NULL, 0);
    return describe(&result);
}

static char *do_alerts(SimApplication *a)
{
    static const uint8_t cdb[10] = { 0x4d, 0, 0x6e, 0, 0, 0, 0, 2, 0 };
    uint8_t data[512] = { 0 };
    SimResult result = sim_host_command(a->host, cdb, sizeof cdb, NULL, 0, data, sizeof data);
    GString *text;
    size_t at;

    if (result.end != SIM_GOOD) {
        return describe(&result);
    }
    text = g_string_new("flags");
    for (at = 4; at + 5 <= result.moved; at += 4 + (size_t)data[at + 3]) {
        if (data[at + 4] & 1) {
            g_string_append_printf(text, ":%u", get_be16(data + at));
        }
    }
    return g_string_free(text, FALSE);
}

static char *do_serial(SimApplication *a)
{
    return g_strdup(sim_host_device(a->host)->serial);
}

static char *do_config(SimApplication *a)
{
    char *settings = sim_host_settings(a->host);

    return settings ? settings : g_strdup("failed");
}

static bool parse_hex(const char *text, uint8_t *bytes, size_t *length)
{
    for (*length = 0; text[0] && text[1] && *length < 16; text += 2) {
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1])) {
            return false;
        }
        bytes[(*length)++] =
            (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
    }
    return *text == '\0' && *length > 0;
}

static char *do_any(SimApplication *a, const char *hex, bool in)
{
    uint8_t cdb[16] = { 0 }, data[255] = { 0 };
    size_t length, i;
    SimResult result;
    GString *text;

    if (!parse_hex(hex, cdb, &length)) {
        return NULL;
    }
    result = sim_host_command(a->host, cdb, length, NULL, 0, data, in ? sizeof data : 0);
    if (result.end != SIM_GOOD || !in) {
        return describe(&result);
    }
    text = g_string_new("in:");
    for (i = 0; i < result.moved; i++) {
        g_string_append_printf(text, "%02x", data[i]);
    }
    return g_string_free(text, FALSE);
}

static void pass_time(SimApplication *a, int64_t duration)
{
    int64_t end = clock_now(a->clock) + duration;

    while (a->world->turn(a->data, end) || clock_now(a->clock) < end) {
        sim_host_attached(a->host); /* hears of what happened meanwhile */
    }
    sim_host_attached(a->host);
}

/* ---- steps ---- */

/* Settings and the bus; NULL: the step is none of these. */
static char *run_setting(SimApplication *a, const char *name, const char *value)
{
    int64_t duration;
    uint64_t bytes;

    if (g_str_equal(name, "size") && units_parse_size(value, &bytes, NULL) && bytes >= HEADER &&
        bytes <= RECORD_MAX) {
        a->size = (size_t)bytes;
    } else if (g_str_equal(name, "pieces") && units_parse_size(value, &bytes, NULL)) {
        sim_host_set_transfer_max(a->host, (size_t)bytes);
    } else if (g_str_equal(name, "timeout") && units_parse_duration(value, &duration, NULL)) {
        sim_host_set_timeout(a->host, duration);
    } else if (g_str_equal(name, "retries") &&
               g_ascii_string_to_unsigned(value, 10, 0, 100, &bytes, NULL)) {
        sim_host_set_retries(a->host, (unsigned)bytes);
    } else if (g_str_equal(name, "wide") &&
               g_ascii_string_to_unsigned(value, 10, 0, 1, &bytes, NULL)) {
        a->wide = bytes != 0;
    } else if (g_str_equal(name, "delay") && units_parse_duration(value, &duration, NULL)) {
        sim_host_set_data_delay(a->host, duration);
    } else if (g_str_equal(name, "wait") && units_parse_duration(value, &duration, NULL)) {
        pass_time(a, duration);
    } else {
        return NULL;
    }
    return g_strdup("");
}

static char *run_bare(SimApplication *a, const char *name)
{
    static const struct {
        const char *name;
        uint8_t cdb[6];
    } plain[] = {
        { "tur", { 0x00 } },    { "rw", { 0x01 } },
        { "sync", { 0x10 } },   { "fm", { 0x10, 0, 0, 0, 1 } },
        { "eod", { 0x11, 3 } }, { "load", { 0x1b, 0, 0, 0, 1 } },
        { "unload", { 0x1b } }, { "lock", { 0x1e, 0, 0, 0, 1 } },
        { "unlock", { 0x1e } },
    };
    static const struct {
        const char *name;
        char *(*run)(SimApplication *a);
    } others[] = {
        { "r", do_read },
        { "pos", do_position },
        { "inq", do_inquiry },
        { "ms", do_mode_sense },
        { "alerts", do_alerts },
        { "serial", do_serial },
        { "comp", tell_compression },
        { "config", do_config },
    };
    SimResult result;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (g_str_equal(name, plain[i].name)) {
            result = send(a, plain[i].cdb, 6);
            return describe(&result);
        }
    }
    for (i = 0; i < G_N_ELEMENTS(others); i++) {
        if (g_str_equal(name, others[i].name)) {
            return others[i].run(a);
        }
    }
    if (g_str_equal(name, "w")) {
        return do_write(a, a->next++);
    } else if (g_str_equal(name, "reset")) {
        return g_strdup(sim_host_reset(a->host) ? "ok" : "gone");
    } else if (g_str_equal(name, "plug")) {
        return g_strdup(sim_host_attach(a->host) ? "ok" : "gone");
    } else if (g_str_equal(name, "status")) {
        return g_strdup(sim_host_get_status(a->host) ? "ok" : "failed");
    } else if (g_str_equal(name, "pull")) {
        sim_host_detach(a->host);
        return g_strdup("");
    }
    return NULL;
}

static char *run_counted(SimApplication *a, const char *name, const char *value)
{
    static const struct {
        const char *name;
        uint8_t opcode, flags;
        int sign;
    } motions[] = {
        { "fm", 0x10, 0, 1 },  { "fsr", 0x11, 0, 1 },  { "bsr", 0x11, 0, -1 },
        { "fsf", 0x11, 1, 1 }, { "bsf", 0x11, 1, -1 },
    };
    uint64_t number;
    size_t i;

    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &number, NULL)) {
        return NULL;
    }
    for (i = 0; i < G_N_ELEMENTS(motions); i++) {
        if (g_str_equal(name, motions[i].name)) {
            return send_6(a, motions[i].opcode, motions[i].flags,
                          motions[i].sign * (int64_t)number);
        }
    }
    if (g_str_equal(name, "w")) {
        return do_write(a, (uint32_t)number);
    } else if (g_str_equal(name, "loc")) {
        return do_locate(a, (uint32_t)number);
    } else if (g_str_equal(name, "bl")) {
        return do_mode_select(a, (uint32_t)number);
    } else if (g_str_equal(name, "comp")) {
        return do_compression(a, number != 0);
    }
    return NULL;
}

/* NULL: there is no such step; "": nothing to tell. */
static char *run_step(SimApplication *a, const char *step)
{
    g_auto(GStrv) parts = g_strsplit(step, "=", 2);
    char *text;

    if (!parts[0] || !parts[1]) {
        return run_bare(a, step);
    }
    if (g_str_equal(parts[0], "cdb") || g_str_equal(parts[0], "in")) {
        return do_any(a, parts[1], parts[0][0] == 'i');
    }
    text = run_setting(a, parts[0], parts[1]);
    return text ? text : run_counted(a, parts[0], parts[1]);
}

typedef struct Results {
    GString *text;
    char *last;
    unsigned n;
} Results;

static void results_flush(Results *results)
{
    if (!results->last) {
        return;
    }
    g_string_append_printf(results->text, "%s%s", results->text->len ? " " : "", results->last);
    if (results->n > 1) {
        g_string_append_printf(results->text, "*%u", results->n);
    }
    g_clear_pointer(&results->last, g_free);
}

static void results_add(Results *results, const char *word)
{
    if (!*word) {
        return;
    }
    if (results->last && g_str_equal(results->last, word)) {
        results->n++;
        return;
    }
    results_flush(results);
    results->last = g_strdup(word);
    results->n = 1;
}

char *sim_application_run(SimApplication *application, const char *steps, GError **error)
{
    g_auto(GStrv) words = g_strsplit(steps, " ", -1);
    Results results = { .text = g_string_new(NULL) };
    char **word;

    for (word = words; *word; word++) {
        g_auto(GStrv) parts = g_strsplit(*word, "*", 2);
        uint64_t times = 1, i;

        if (!**word) {
            continue;
        }
        if (parts[1]) {
            g_ascii_string_to_unsigned(parts[1], 10, 1, 100000, &times, NULL);
        }
        for (i = 0; i < times; i++) {
            g_autofree char *text = run_step(application, parts[0]);

            if (!text) {
                g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "there is no step '%s'",
                            *word);
                g_free(results.last);
                g_string_free(results.text, TRUE);
                return NULL;
            }
            results_add(&results, text);
        }
    }
    results_flush(&results);
    return g_string_free(results.text, FALSE);
}
