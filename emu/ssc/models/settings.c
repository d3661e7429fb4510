/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a model, one row each. */
#include "emu/base/error.h"
#include "emu/base/units.h"
#include "emu/ssc/models/model.h"

typedef enum SettingKind {
    SET_TEXT,   /* `limit`: the most characters, printable ASCII */
    SET_NUMBER, /* `limit`: the highest; decimal, or hexadecimal with 0x or an h at the end */
    SET_SIZE,   /* the same, with units */
    SET_TRUTH,
} SettingKind;

typedef struct Setting {
    SscSetting public;
    SettingKind kind;
    size_t offset;  /* in SscModel */
    unsigned width; /* of a number, in bytes */
    uint64_t low, limit;
} Setting;

#define FIELD(field) offsetof(SscModel, field), sizeof(((SscModel *)NULL)->field)

static const Setting settings[] = {
    { { "inquiry.vendor", "TEXT", "T10 vendor identification" }, SET_TEXT, FIELD(vendor), 0, 8 },
    { { "inquiry.product", "TEXT", "product identification" }, SET_TEXT, FIELD(product), 0, 16 },
    { { "inquiry.revision", "TEXT", "product revision level" }, SET_TEXT, FIELD(revision), 0, 4 },
    { { "inquiry.serial", "TEXT", "unit serial number, page 80h; else it follows from USB's" },
      SET_TEXT,
      FIELD(own_serial),
      0,
      10 },
    { { "inquiry.version", "N", "version of SPC claimed: 2 SCSI-2, 3 SPC, 4 SPC-2, 5 SPC-3" },
      SET_NUMBER,
      FIELD(version),
      0,
      7 },
    { { "usb.vendor-id", "XXXXh", "idVendor" }, SET_NUMBER, FIELD(usb.vendor), 0, 0xffff },
    { { "usb.product-id", "XXXXh", "idProduct" }, SET_NUMBER, FIELD(usb.product), 0, 0xffff },
    { { "usb.release", "XXXXh", "bcdDevice" }, SET_NUMBER, FIELD(usb.release), 0, 0xffff },
    { { "usb.manufacturer", "TEXT", "manufacturer string" },
      SET_TEXT,
      FIELD(usb.manufacturer_text),
      0,
      63 },
    { { "usb.product", "TEXT", "product string" }, SET_TEXT, FIELD(usb.product_text), 0, 63 },
    { { "block.max", "SIZE", "longest block (READ BLOCK LIMITS)" },
      SET_SIZE,
      FIELD(limits.max),
      1,
      MEDIUM_BLOCK_MAX },
    { { "block.min", "SIZE", "shortest block" }, SET_SIZE, FIELD(limits.min), 1, 0xffff },
    { { "block.granularity", "N", "block lengths are multiples of 2 to this power" },
      SET_NUMBER,
      FIELD(limits.granularity),
      0,
      15 },
    { { "block.length", "SIZE", "block length after power-on; 0: variable" },
      SET_SIZE,
      FIELD(block_length),
      0,
      MEDIUM_BLOCK_MAX },
    { { "density", "N", "density code of a cartridge that names none" },
      SET_NUMBER,
      FIELD(density),
      0,
      0xff },
    { { "tape.capacity", "SIZE", "the most that a partition takes, if the cartridge has more" },
      SET_SIZE,
      FIELD(capacity),
      1,
      G_MAXINT64 },
    { { "tape.early-warning", "SIZE", "bytes from early warning to the end of a partition" },
      SET_SIZE,
      FIELD(early_warning),
      1,
      G_MAXINT64 },
    { { "buffer", "SIZE", "write-behind buffer" }, SET_SIZE, FIELD(buffer_size), 0, 1u << 30 },
    { { "attention-by-reset", "yes|no",
        "29/01 power-on, 29/02 bus, 29/03 device reset; else 29/00" },
      SET_TRUTH,
      FIELD(tells_resets_apart),
      0,
      0 },
    { { "timing", "yes|no", "take as long as the model does (--timing model)" },
      SET_TRUTH,
      FIELD(timed),
      0,
      0 },
    { { "timing.rate", "SIZE", "native transfer rate, bytes a second" },
      SET_SIZE,
      FIELD(timing.rate),
      1,
      G_MAXUINT32 },
    { { "attention-on-load", "yes|no", "unit attention 28/00 after the LOAD command too" },
      SET_TRUTH,
      FIELD(attention_on_load),
      0,
      0 },
};

const SscSetting *ssc_setting(unsigned index)
{
    return index < G_N_ELEMENTS(settings) ? &settings[index].public : NULL;
}

SscModel *ssc_model_copy(const SscModel *model)
{
    SscModel *copy = g_new(SscModel, 1);

    *copy = *model;
    copy->texts = g_string_chunk_new(64);
    return copy;
}

void ssc_model_free(SscModel *model)
{
    if (model) {
        g_string_chunk_free(model->texts);
        g_free(model);
    }
}

static bool wrong(const Setting *setting, const char *value, const char *what, GError **error)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s=%s: %s", setting->public.name, value,
                what);
    return false;
}

static bool set_text(SscModel *model, const Setting *setting, const char *value, GError **error)
{
    const char *c;

    if (strlen(value) > setting->limit) {
        g_autofree char *what = g_strdup_printf("at most %u characters", (unsigned)setting->limit);

        return wrong(setting, value, what, error);
    }
    for (c = value; *c; c++) {
        if (!g_ascii_isprint(*c)) {
            return wrong(setting, value, "printable ASCII only", error);
        }
    }
    *(const char **)(void *)((char *)model + setting->offset) =
        g_string_chunk_insert(model->texts, value);
    return true;
}

/* "31h", "0x31", "49" */
static bool read_number(const char *value, uint64_t *number)
{
    size_t length = strlen(value);
    g_autofree char *digits = g_strdup(value);
    const char *start = digits;
    unsigned base = 10;

    if (g_str_has_prefix(value, "0x")) {
        base = 16;
        start += 2;
    } else if (length > 1 && g_ascii_tolower(value[length - 1]) == 'h') {
        base = 16;
        digits[length - 1] = '\0';
    }
    return g_ascii_isxdigit(*start) &&
           g_ascii_string_to_unsigned(start, base, 0, G_MAXUINT64, number, NULL);
}

static bool set_number(SscModel *model, const Setting *setting, const char *value, uint64_t number,
                       GError **error)
{
    void *field = (char *)model + setting->offset;

    if (number < setting->low || number > setting->limit) {
        g_autofree char *what = g_strdup_printf("from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                                                " (%" G_GINT64_MODIFIER "Xh)",
                                                setting->low, setting->limit, setting->limit);

        return wrong(setting, value, what, error);
    }
    switch (setting->width) {
    case 1:
        *(uint8_t *)field = (uint8_t)number;
        break;
    case 2:
        *(uint16_t *)field = (uint16_t)number;
        break;
    case 4:
        *(uint32_t *)field = (uint32_t)number;
        break;
    default:
        *(uint64_t *)field = number;
        break;
    }
    return true;
}

static bool set_truth(SscModel *model, const Setting *setting, const char *value, GError **error)
{
    bool yes = g_str_equal(value, "yes") || g_str_equal(value, "true");

    if (!yes && !g_str_equal(value, "no") && !g_str_equal(value, "false")) {
        return wrong(setting, value, "yes or no", error);
    }
    *(bool *)((char *)model + setting->offset) = yes;
    return true;
}

static bool set(SscModel *model, const Setting *setting, const char *value, GError **error)
{
    uint64_t number;

    switch (setting->kind) {
    case SET_TEXT:
        return set_text(model, setting, value, error);
    case SET_TRUTH:
        return set_truth(model, setting, value, error);
    case SET_SIZE:
        if (!units_parse_size(value, &number, error)) {
            g_prefix_error(error, "%s: ", setting->public.name);
            return false;
        }
        return set_number(model, setting, value, number, error);
    case SET_NUMBER:
    default:
        if (!read_number(value, &number)) {
            return wrong(setting, value, "a number, such as 49 or 31h", error);
        }
        return set_number(model, setting, value, number, error);
    }
}

bool ssc_model_set(SscModel *model, const char *assignment, GError **error)
{
    const char *equals = strchr(assignment, '=');
    g_autoptr(GString) names = g_string_new(NULL);
    unsigned i;

    g_assert(model->texts); /* a copy: the built-in models are constant */
    if (!equals) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: write NAME=VALUE, such as inquiry.vendor=ACME", assignment);
        return false;
    }
    for (i = 0; i < G_N_ELEMENTS(settings); i++) {
        const char *name = settings[i].public.name;

        if (strlen(name) == (size_t)(equals - assignment) &&
            memcmp(name, assignment, strlen(name)) == 0) {
            return set(model, &settings[i], equals + 1, error);
        }
        g_string_append_printf(names, "%s%s", i ? ", " : "", name);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%.*s: there is no such setting: %s",
                (int)(equals - assignment), assignment, names->str);
    return false;
}

/* Settings that do not go together. */
bool ssc_model_check(const SscModel *model, GError **error)
{
    const SscBlockLimits *limits = &model->limits;

    if (limits->min > limits->max) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "block.min is more than block.max (%u and %u)", limits->min, limits->max);
        return false;
    }
    if (model->block_length != 0 && (model->variable_only || model->block_length < limits->min ||
                                     model->block_length > limits->max ||
                                     model->block_length % (1u << limits->granularity) != 0)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "block.length=%u: the drive takes no such blocks", model->block_length);
        return false;
    }
    return true;
}
