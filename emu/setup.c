/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emu/base/error.h"
#include "emu/base/loop.h"
#include "emu/link/redir.h"

/* A link with a smaller limit than a command would fail large blocks. */
G_STATIC_ASSERT(REDIR_BULK_MAX >= SCSI_DATA_MAX);

void setup_init(Setup *setup)
{
    setup->executor = loop_executor_new();
    trace_tee_init(&setup->trace_tee);
}

/* "--model NAME", "model=NAME"; without a value "--model", "model". Free with g_free. */
static char *setup_option_text(const SetupConfig *config, const char *option, const char *value)
{
    return g_strconcat(config->properties ? "" : "--", option,
                       value ? (config->properties ? "=" : " ") : "", value, NULL);
}

/* Returns false. The error is `why`, preceded by the option. */
static bool setup_refuse(const SetupConfig *config, const char *option, const char *value,
                         const char *why, GError **error)
{
    g_autofree char *text = setup_option_text(config, option, value);

    return usbtape_input_error(error, "%s: %s", text, why);
}

/* Puts the option before an error that names the value. */
static bool setup_prefix_error(const SetupConfig *config, const char *option, const char *value,
                               bool good, GError **error)
{
    if (!good && config->properties) {
        g_prefix_error(error, "%s=%s: ", option, value ? value : "");
    } else if (!good) {
        g_prefix_error(error, "--%s: ", option);
    }
    return good;
}

/* ---- faults ---- */

static bool setup_open_faults(Setup *setup, const SetupConfig *config, GError **error)
{
    const char *seed = config->seed;
    g_autofree char *text = NULL;

    setup->seed = g_random_int(); /* short enough to type */
    if (seed && (!g_ascii_isdigit(seed[0]) ||
                 !g_ascii_string_to_unsigned(seed, 10, 0, G_MAXUINT64, &setup->seed, NULL))) {
        return setup_refuse(config, "seed", seed, "write a decimal number", error);
    }
    setup->faults = fault_plan_new(setup->seed); /* rules may arrive over the control socket */
    if (!config->faults) {
        return true;
    }
    if (!fault_plan_load(setup->faults, config->faults, error)) {
        return false;
    }
    text = g_strdup_printf("faults: %u rules from %s, seed %" G_GUINT64_FORMAT,
                           setup->faults->rules->len, config->faults, setup->seed);
    config->notice(config->data, text);
    return true;
}

/* ---- the model ---- */

SscModel *setup_model(const char *name, char *const *settings, int *wrong, GError **error)
{
    const SscModel *model = ssc_model_by_name(name, error);
    g_autoptr(SscModel) copy = model ? ssc_model_copy(model) : NULL;
    int i;

    *wrong = -1;
    for (i = 0; copy && settings && settings[i]; i++) {
        if (!ssc_model_set(copy, settings[i], error)) {
            *wrong = i;
            return NULL;
        }
    }
    return copy && ssc_model_check(copy, error) ? g_steal_pointer(&copy) : NULL;
}

static bool setup_open_model(Setup *setup, const SetupConfig *config, GError **error)
{
    const char *timing = config->timing;
    g_autoptr(GPtrArray) settings = g_ptr_array_new();
    bool timed = timing && g_str_equal(timing, "model");
    char *const *setting;
    int wrong;

    if (timing && !timed && !g_str_equal(timing, "off")) {
        return setup_refuse(config, "timing", timing, "write off or model", error);
    }
    if (timing) {
        g_ptr_array_add(settings, (void *)(timed ? "timing=yes" : "timing=no"));
    }
    for (setting = config->settings; setting && *setting; setting++) {
        g_ptr_array_add(settings, *setting);
    }
    g_ptr_array_add(settings, NULL);
    setup->model = setup_model(config->model, (char *const *)settings->pdata, &wrong, error);
    if (setup->model) {
        return true;
    }
    if (wrong >= 0 && !config->properties) {
        g_prefix_error(error, "--set "); /* the error begins with NAME=VALUE */
        return false;
    }
    return wrong >= 0 || ssc_model_by_name(config->model, NULL)
               ? setup_prefix_error(config, "set", wrong >= 0 ? settings->pdata[wrong] : NULL,
                                    false, error)
               : setup_prefix_error(config, "model", config->model, false, error);
}

/* ---- the drive ---- */

static bool setup_read_id(const SetupConfig *config, const char *option, const char *text,
                          uint16_t *id, GError **error)
{
    const char *digits = text;
    uint64_t value;

    if (!text) {
        return true;
    }
    if (g_str_has_prefix(digits, "0x")) {
        digits += 2;
    }
    if (!g_ascii_isxdigit(*digits) ||
        !g_ascii_string_to_unsigned(digits, 16, 0, 0xffff, &value, NULL)) {
        return setup_refuse(config, option, text, "write four hexadecimal digits", error);
    }
    *id = (uint16_t)value;
    return true;
}

static bool setup_read_text(const SetupConfig *config, const char *option, const char *text,
                            char *field, size_t size, GError **error)
{
    g_autofree char *why = NULL;

    if (!text || g_strlcpy(field, text, size) < size) {
        return true;
    }
    why = g_strdup_printf("at most %zu characters", size - 1);
    return setup_refuse(config, option, config->properties ? text : NULL, why, error);
}

/*
 * The default serial number depends on the name of the drive. The same socket is the same drive,
 * with any cartridge.
 */
static bool setup_read_identity(const Setup *setup, const SetupConfig *config,
                                UsbIdentity *identity, GError **error)
{
    drive_default_identity(setup->model, config->name, identity);
    return setup_read_id(config, "vendor-id", config->vendor_id, &identity->idVendor, error) &&
           setup_read_id(config, "product-id", config->product_id, &identity->idProduct, error) &&
           setup_read_text(config, "manufacturer", config->manufacturer, identity->manufacturer,
                           sizeof identity->manufacturer, error) &&
           setup_read_text(config, "product", config->product, identity->product,
                           sizeof identity->product, error) &&
           setup_read_text(config, "serial", config->serial, identity->serial,
                           sizeof identity->serial, error) &&
           usb_identity_check(identity, error);
}

static bool setup_open_drive(Setup *setup, const SetupConfig *config, GError **error)
{
    DriveConfig parts = {
        .model = setup->model,
        .speed = USB_SPEED_HIGH,
        .clock = config->clock,
        .executor = setup->executor,
        .trace = &setup->trace_tee.base,
        .faults = setup->faults,
        .read_only = config->read_only,
    };
    g_autofree char *notice = NULL;

    if (config->format && !config->media) {
        return setup_refuse(config, "format", config->format,
                            "there is no --media that could be that", error);
    }
    if (config->speed && !usb_speed_parse(config->speed, &parts.speed, error)) {
        return setup_prefix_error(config, "speed", config->speed, false, error);
    }
    if (!setup_read_identity(setup, config, &parts.identity, error)) {
        return false;
    }
    setup->drive = drive_new(&parts, error);
    if (!setup->drive) {
        return false;
    }
    if (config->trace || config->captured) {
        drive_judge_bus(setup->drive);
    }
    drive_set_plug(setup->drive, config->plug, config->data);
    if (config->media &&
        !drive_load_as(setup->drive, config->media, config->format, false, &notice, error)) {
        return false;
    }
    if (notice) {
        config->notice(config->data, notice);
    }
    return true;
}

bool setup_open(Setup *setup, const SetupConfig *config, GError **error)
{
    setup->trace =
        trace_file_new(config->trace, config->clock, config->trace_ops, config->data, error);
    if (!setup->trace) {
        return false;
    }
    trace_tee_add(&setup->trace_tee, trace_file_sink(setup->trace));
    return setup_open_faults(setup, config, error) && setup_open_model(setup, config, error) &&
           setup_open_drive(setup, config, error);
}

/* ---- the control socket ---- */

/* The directories that a controller may use, as realpath() returns them. */
static char **resolve_media_dirs(const SetupConfig *config, GError **error)
{
    g_autofree char *beside = config->media ? g_path_get_dirname(config->media) : g_strdup(".");
    char *const usual[] = { beside, NULL };
    char *const *directory = config->media_dirs ? config->media_dirs : usual;
    g_autoptr(GPtrArray) resolved = g_ptr_array_new_with_free_func(g_free);

    for (; *directory; directory++) {
        char *path = realpath(*directory, NULL);

        if (!path || !g_file_test(path, G_FILE_TEST_IS_DIR)) {
            setup_refuse(config, "media-dir", *directory,
                         path ? "not a directory" : g_strerror(errno), error);
            free(path);
            return NULL;
        }
        g_ptr_array_add(resolved, g_strdup(path));
        free(path);
    }
    g_ptr_array_add(resolved, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&resolved), FALSE);
}

bool setup_open_control(Setup *setup, const SetupConfig *config, const ControlOps *ops, void *data,
                        GError **error)
{
    ControlConfig control = { .drive = setup->drive, .ops = ops, .data = data };

    if (!config->control) {
        return !config->media_dirs || setup_refuse(config, "media-dir", NULL,
                                                   "there is no --control to load from it", error);
    }
    setup->directories = resolve_media_dirs(config, error);
    if (setup->directories) {
        control.address = address_parse(config->properties ? "control=" : "--control",
                                        config->control, config->allow_remote, error);
    }
    if (control.address) {
        control.directories = (const char *const *)setup->directories;
        setup->control = control_new(&control, error);
    }
    if (setup->control) {
        trace_tee_add(&setup->trace_tee, control_trace(setup->control));
    }
    return setup->control != NULL;
}

void setup_close_control(Setup *setup)
{
    if (setup->control) {
        trace_tee_remove(&setup->trace_tee, control_trace(setup->control));
        g_clear_pointer(&setup->control, control_free);
    }
}

void setup_clear(Setup *setup)
{
    setup_close_control(setup);
    g_clear_pointer(&setup->drive, drive_free);
    g_clear_pointer(&setup->model, ssc_model_free);
    g_clear_pointer(&setup->faults, fault_plan_free);
    g_clear_pointer(&setup->executor, executor_free);
    g_clear_pointer(&setup->directories, g_strfreev);
}
