/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for users: commands, kinds, parameters. */
#include <string.h>

#include "emu/fault/kinds.h"
#include "emu/fault/plan.h"
#include "emu/scsi/commands.h"

int fault_opcode(const char *name)
{
    if (strlen(name) == 3 && g_ascii_isxdigit(name[0]) && g_ascii_isxdigit(name[1]) &&
        name[2] == 'h') {
        return g_ascii_xdigit_value(name[0]) << 4 | g_ascii_xdigit_value(name[1]);
    }
    return scsi_opcode(name);
}

unsigned fault_opcode_data(uint8_t opcode)
{
    const ScsiCommand *command = scsi_command_of(opcode);

    if (!command) {
        return FAULT_DATA_IN | FAULT_DATA_OUT;
    }
    switch (command->direction) {
    case SCSI_DATA_IN:
        return FAULT_DATA_IN;
    case SCSI_DATA_OUT:
        return FAULT_DATA_OUT;
    case SCSI_NO_DATA:
    default:
        return 0;
    }
}

const FaultKind *const *fault_kinds(void)
{
    static const FaultKind *const kinds[] = {
#define FAULT_KIND(symbol) &symbol,
#include "emu/fault/kinds.def"
#undef FAULT_KIND
        NULL,
    };

    return kinds;
}

const FaultKind *fault_kind(const char *name)
{
    const FaultKind *const *kind;

    for (kind = fault_kinds(); *kind; kind++) {
        if (g_str_equal(name, (*kind)->name)) {
            return *kind;
        }
    }
    return NULL;
}

unsigned fault_kind_params(const FaultKind *kind)
{
    unsigned n = 0;

    while (kind->params[n].name) {
        n++;
    }
    return n;
}

static char *describe_type(const FaultParam *param)
{
    bool bounded = param->min != 0 || param->max != 0;
    g_auto(GStrv) words = NULL;

    switch (param->type) {
    case FAULT_NUMBER:
        return param->words ? g_strconcat("number or ", param->words, NULL)
               : bounded    ? g_strdup_printf("%" G_GINT64_FORMAT "..%" G_GINT64_FORMAT, param->min,
                                              param->max)
                            : g_strdup("number");
    case FAULT_SIZE:
        return bounded ? g_strdup_printf("%" G_GINT64_FORMAT "..%" G_GINT64_FORMAT " bytes",
                                         param->min, param->max)
                       : g_strdup("bytes");
    case FAULT_DURATION:
        return g_strdup(param->min < 0 ? "duration or forever" : "duration");
    case FAULT_BOOL:
        return g_strdup("true or false");
    case FAULT_CHOICE:
        words = g_strsplit(param->words, " ", -1);
        return g_strjoinv(", ", words);
    case FAULT_SENSE:
        return g_strdup("KEY/ASC/ASCQ");
    case FAULT_TEXT:
        return g_strdup("text");
    }
    g_assert_not_reached();
}

char *fault_param_describe(const FaultParam *param)
{
    g_autofree char *type = describe_type(param);

    return g_strdup_printf("%s: %s (%s)", param->name, type,
                           param->fallback ? param->fallback : "must be given");
}

/* ---- phases and requests ---- */

typedef struct BitName {
    const char *name;
    unsigned bit;
} BitName;

static const BitName phases[] = {
    { "cbw", FAULT_PHASE_CBW },
    { "data", FAULT_PHASE_DATA },
    { "csw", FAULT_PHASE_CSW },
    { NULL },
};

static const BitName requests[] = {
    { "get-max-lun", FAULT_GET_MAX_LUN },
    { "bot-reset", FAULT_BOT_RESET },
    { "clear-halt", FAULT_CLEAR_HALT },
    { "port-reset", FAULT_PORT_RESET },
    { "get-descriptor", FAULT_GET_DESCRIPTOR },
    { "get-status", FAULT_GET_STATUS },
    { "set-configuration", FAULT_SET_CONFIGURATION },
    { NULL },
};

static const char *bit_name(const BitName *names, unsigned bit)
{
    while (names->name && names->bit != bit) {
        names++;
    }
    return names->name ? names->name : "";
}

static unsigned bit_of(const BitName *names, const char *name)
{
    while (names->name && !g_str_equal(names->name, name)) {
        names++;
    }
    return names->bit;
}

static char *describe_bits(const BitName *all, const char *key, unsigned bits, unsigned usual)
{
    GString *text = g_string_new(NULL);
    const BitName *names;

    for (names = all; bits && names->name; names++) {
        if (bits & names->bit) {
            g_string_append_printf(text, "%s%s", text->len ? ", " : key, names->name);
        }
    }
    if (usual && bits && bits != usual) {
        g_string_append_printf(text, " (%s)", bit_name(all, usual));
    }
    return g_string_free(text, FALSE);
}

const char *fault_phase_name(unsigned phase)
{
    return bit_name(phases, phase);
}

const char *fault_request_name(unsigned request)
{
    return bit_name(requests, request);
}

unsigned fault_phase(const char *name)
{
    return bit_of(phases, name);
}

unsigned fault_request(const char *name)
{
    return bit_of(requests, name);
}

char *fault_phases_describe(const FaultKind *kind)
{
    return describe_bits(phases, "phase: ", kind->phases, (unsigned)kind->phase);
}

char *fault_requests_describe(const FaultKind *kind)
{
    return describe_bits(requests, "ctrl: ", kind->requests, (unsigned)kind->usual);
}
