/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape attach` and `usbtape detach`: plugs a drive into a running VM, and unplugs it. */
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "emu/base/address.h"
#include "emu/base/error.h"
#include "emu/base/json-read.h"
#include "emu/base/options.h"
#include "emu/base/qmp.h"
#include "emu/base/text.h"
#include "emu/program/qemu-target.h"
#include "emu/program/subcommands.h"

/* QEMU removes a device a moment after it has reported the removal. */
#define GONE_POLL_US (50 * 1000)
#define GONE_POLLS   200

/*
 * A working QEMU answers at once and unplugs within a few seconds. The limit is needed because any
 * program may be behind the socket.
 */
#define CONVERSATION_US (45 * G_USEC_PER_SEC)

/* A first connection is made at once, if a peer listens. */
#define LINK_POLLS 20

typedef struct Options {
    char *qmp, *bus;
    QemuTargetOptions target;
} Options;

static void options_clear(Options *o)
{
    g_free(o->qmp);
    g_free(o->bus);
    qemu_target_options_clear(&o->target);
}

/* ---- commands for QEMU ---- */

static char *builder_text(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    return json_to_string(root, FALSE);
}

static void builder_add_text(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void builder_begin(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_object(builder);
}

static void add_address(JsonBuilder *builder, const QemuTarget *t)
{
    builder_begin(builder, "addr");
    builder_add_text(builder, "type", t->path ? "unix" : "inet");
    builder_begin(builder, "data");
    if (t->path) {
        g_autofree char *path =
            g_canonicalize_filename(t->path, NULL); /* QEMU has another working directory */

        builder_add_text(builder, "path", path);
    } else {
        builder_add_text(builder, "host", t->host);
        builder_add_text(builder, "port", t->port);
    }
    json_builder_end_object(builder);
    json_builder_end_object(builder);
}

/* `reconnect` is the member, whose name and unit depend on QEMU's version. */
static char *chardev_text(const QemuTarget *t, const char *reconnect, int64_t value)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *link = g_strconcat(t->id, "-link", NULL);

    json_builder_begin_object(builder);
    builder_add_text(builder, "id", link);
    builder_begin(builder, "backend");
    builder_add_text(builder, "type", "socket");
    builder_begin(builder, "data");
    add_address(builder, t);
    json_builder_set_member_name(builder, "server");
    json_builder_add_boolean_value(builder, t->qemu_listens);
    if (t->qemu_listens) {
        json_builder_set_member_name(builder, "wait");
        json_builder_add_boolean_value(builder, FALSE);
    } else {
        json_builder_set_member_name(builder, reconnect);
        json_builder_add_int_value(builder, value);
    }
    if (t->tls) {
        g_autofree char *object = g_strconcat(t->id, "-tls", NULL);

        builder_add_text(builder, "tls-creds", object);
    }
    if (!t->path) {
        json_builder_set_member_name(builder, "nodelay");
        json_builder_add_boolean_value(builder, TRUE);
    }
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    return builder_text(builder);
}

/* QEMU has another working directory. */
static bool add_tls(Qmp *qmp, const QemuTarget *t, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *object = g_strconcat(t->id, "-tls", NULL);
    g_autofree char *kind = g_strconcat("tls-creds-", t->tls, NULL);
    g_autofree char *directory = NULL;
    g_autofree char *text = NULL;

    if (!t->tls) {
        return true;
    }
    directory = g_canonicalize_filename(t->tls_directory, NULL);
    json_builder_begin_object(builder);
    builder_add_text(builder, "qom-type", kind);
    builder_add_text(builder, "id", object);
    builder_add_text(builder, "dir", directory);
    builder_add_text(builder, "endpoint", t->qemu_listens ? "server" : "client");
    json_builder_end_object(builder);
    text = builder_text(builder);
    return qmp_execute(qmp, "object-add", text, NULL, error);
}

static bool add_chardev(Qmp *qmp, const QemuTarget *t, GError **error)
{
    g_autofree char *old = chardev_text(t, "reconnect", 1);
    g_autofree char *new = chardev_text(t, "reconnect-ms", 1000);
    g_autoptr(GError) why = NULL;

    if (qmp_execute(qmp, "chardev-add", old, NULL, &why)) {
        return true;
    }
    if (strstr(why->message, "reconnect")) {
        return qmp_execute(qmp, "chardev-add", new, NULL, error);
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

/* `chardev` and `bus` may be NULL. */
static bool add_device(Qmp *qmp, const char *driver, const char *id, const char *chardev,
                       const char *bus, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *text = NULL;

    json_builder_begin_object(builder);
    builder_add_text(builder, "driver", driver);
    builder_add_text(builder, "id", id);
    if (chardev) {
        builder_add_text(builder, "chardev", chardev);
    }
    if (bus) {
        builder_add_text(builder, "bus", bus);
    }
    json_builder_end_object(builder);
    text = builder_text(builder);
    return qmp_execute(qmp, "device_add", text, NULL, error);
}

static bool remove_by_id(Qmp *qmp, const char *command, const char *id, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *text = NULL;

    json_builder_begin_object(builder);
    builder_add_text(builder, "id", id);
    json_builder_end_object(builder);
    text = builder_text(builder);
    return qmp_execute(qmp, command, text, NULL, error);
}

/* The named devices, an array of {name, type}. NULL and an error. */
static JsonNode *list_devices(Qmp *qmp, GError **error)
{
    JsonNode *list = NULL;

    if (!qmp_execute(qmp, "qom-list", "{\"path\":\"/machine/peripheral\"}", &list, error)) {
        return NULL;
    }
    if (!json_as_array(list)) {
        g_clear_pointer(&list, json_node_unref);
        g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                            "QEMU's monitor: qom-list returns no list");
    }
    return list;
}

/* The name of the first device that has this name, or a type that contains `type`. */
static char *find_device(JsonNode *list, const char *name, const char *type)
{
    JsonArray *array = json_as_array(list);
    guint i;

    for (i = 0; array && i < json_array_get_length(array); i++) {
        JsonObject *device = json_nth_object(array, i);
        const char *its_name = json_text_at(device, "name", "");

        if (device && ((name && g_str_equal(its_name, name)) ||
                       (type && strstr(json_text_at(device, "type", ""), type)))) {
            return g_strdup(its_name);
        }
    }
    return NULL;
}

/* ---- attach ---- */

/*
 * The bus for the drive: the named one, that of an xHCI controller with a name, or that of a new
 * controller. `*made` is true for a new one. NULL leaves the choice to QEMU.
 */
static char *choose_bus(Qmp *qmp, const QemuTarget *t, const char *named, JsonNode *list,
                        bool *made)
{
    g_autofree char *controller = NULL;

    *made = false;
    if (named) {
        return g_strdup(named);
    }
    controller = find_device(list, NULL, "xhci");
    if (!controller) {
        controller = g_strconcat(t->id, "-usb", NULL);
        *made = add_device(qmp, "qemu-xhci", controller, NULL, NULL, NULL);
        if (!*made) {
            return NULL; /* no slot accepts a controller */
        }
    }
    return g_strconcat(controller, ".0", NULL);
}

/* True if the chardev has a peer. QEMU reports "disconnected:…" for one without. */
static bool is_linked(Qmp *qmp, const char *link)
{
    g_autoptr(JsonNode) list = NULL;
    JsonArray *array;
    guint i;

    if (!qmp_execute(qmp, "query-chardev", NULL, &list, NULL)) {
        return true; /* unknown */
    }
    array = json_as_array(list);
    for (i = 0; array && i < json_array_get_length(array); i++) {
        JsonObject *chardev = json_nth_object(array, i);

        if (g_str_equal(json_text_at(chardev, "label", ""), link)) {
            return !g_str_has_prefix(json_text_at(chardev, "filename", ""), "disconnected:");
        }
    }
    return true;
}

static void print_attached(Qmp *qmp, const QemuTarget *t, const char *link, const char *bus)
{
    g_autofree char *shown = bus ? text_line(bus) : NULL;
    int polls;

    printf("attached as %s%s%s\n", t->id, bus ? " on bus " : "", bus ? shown : "");
    for (polls = 0; polls < LINK_POLLS && !is_linked(qmp, link); polls++) {
        g_usleep(GONE_POLL_US);
    }
    if (polls == LINK_POLLS) {
        fprintf(stderr, "usbtape: no drive is there yet; QEMU %s\n",
                t->qemu_listens ? "waits for one" : "tries again every second");
    }
}

/* Does nothing if there is none. */
static void remove_tls(Qmp *qmp, const QemuTarget *t)
{
    g_autofree char *object = g_strconcat(t->id, "-tls", NULL);

    remove_by_id(qmp, "object-del", object, NULL);
}

/* Undoes its first steps if a later one fails. */
static bool attach(Qmp *qmp, const QemuTarget *t, const char *named_bus, GError **error)
{
    g_autofree char *link = g_strconcat(t->id, "-link", NULL);
    g_autofree char *controller = g_strconcat(t->id, "-usb", NULL);
    g_autofree char *bus = NULL;
    g_autofree char *there = NULL;
    g_autoptr(JsonNode) list = list_devices(qmp, error);
    bool made;

    if (!list) {
        return false;
    }
    there = find_device(list, t->id, NULL);
    if (there) {
        return usbtape_input_error(error, "--id %s: there is one in that VM already", t->id);
    }
    if (!add_tls(qmp, t, error)) {
        return false;
    }
    if (!add_chardev(qmp, t, error)) {
        remove_tls(qmp, t);
        return false;
    }
    bus = choose_bus(qmp, t, named_bus, list, &made);
    if (!add_device(qmp, "usb-redir", t->id, link, bus, error)) {
        remove_by_id(qmp, "chardev-remove", link, NULL);
        remove_tls(qmp, t);
        if (made) {
            remove_by_id(qmp, "device_del", controller, NULL);
        }
        return false;
    }
    print_attached(qmp, t, link, bus);
    return true;
}

/* ---- detach ---- */

/* The name may belong to any device. Only a drive may be removed. */
static bool is_drive(JsonNode *list, const char *id)
{
    JsonArray *array = json_as_array(list);
    guint i;

    for (i = 0; array && i < json_array_get_length(array); i++) {
        JsonObject *device = json_nth_object(array, i);

        if (g_str_equal(json_text_at(device, "name", ""), id)) {
            return strstr(json_text_at(device, "type", ""), "usb-redir") != NULL;
        }
    }
    return false;
}

static bool wait_until_gone(Qmp *qmp, const char *id, GError **error)
{
    int polls;

    for (polls = 0; polls < GONE_POLLS; polls++) {
        g_autoptr(JsonNode) list = list_devices(qmp, error);
        g_autofree char *still = list ? find_device(list, id, NULL) : NULL;

        if (!still) {
            return list != NULL;
        }
        g_usleep(GONE_POLL_US);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "QEMU has not removed %s after 10 s; check that the guest is running", id);
    return false;
}

static bool detach(Qmp *qmp, const QemuTarget *t, GError **error)
{
    g_autofree char *link = g_strconcat(t->id, "-link", NULL);
    g_autofree char *controller = g_strconcat(t->id, "-usb", NULL);
    g_autofree char *found = NULL;
    g_autofree char *ours = NULL;
    g_autoptr(JsonNode) list = list_devices(qmp, error);

    if (!list) {
        return false;
    }
    found = find_device(list, t->id, NULL);
    if (!found) {
        return usbtape_input_error(error, "--id %s: there is no such device in that VM", t->id);
    }
    if (!is_drive(list, t->id)) {
        return usbtape_input_error(error, "--id %s: that device of the VM is not a drive", t->id);
    }
    if (!remove_by_id(qmp, "device_del", t->id, error) || !wait_until_gone(qmp, t->id, error)) {
        return false;
    }
    remove_by_id(qmp, "chardev-remove", link, NULL); /* usually removed with the device */
    remove_tls(qmp, t);
    ours = find_device(list, controller, NULL);
    if (ours) {
        remove_by_id(qmp, "device_del", ours, NULL); /* removed when the guest allows it */
    }
    printf("detached %s\n", t->id);
    return true;
}

/* ---- both ---- */

static Qmp *open_monitor(const char *text, GError **error)
{
    g_autoptr(Address) address = address_parse("--qmp", text, true, error);
    int fd = address ? address_dial(address, error) : -1;

    return fd >= 0 ? qmp_new(fd, g_get_monotonic_time() + CONVERSATION_US, NULL, error) : NULL;
}

static bool parse(int argc, char **argv, bool attaching, Options *o, GError **error)
{
    const GOptionEntry own[] = {
        { "qmp", 0, 0, G_OPTION_ARG_STRING, &o->qmp,
          "The VM's monitor: what QEMU's -qmp says (unix:PATH,server=on,wait=off)", "unix:PATH" },
        { "bus", 0, 0, G_OPTION_ARG_STRING, &o->bus,
          "The USB bus; else that of an xHCI controller, of a new one if there is none", "NAME" },
    };
    g_autoptr(GArray) entries = qemu_target_entries(&o->target, attaching);
    g_autoptr(GOptionContext) context = g_option_context_new("--qmp unix:PATH");

    g_array_prepend_val(entries, own[0]);
    g_array_append_vals(entries, own + 1, attaching ? 1 : 0);
    g_option_context_set_summary(context,
                                 attaching ? "Plugs the drive of `usbtape serve` into a running VM."
                                           : "Unplugs an attached drive from a running VM.");
    if (!options_parse(context, (const GOptionEntry *)(void *)entries->data, &argc, &argv, error)) {
        return false;
    }
    if (argc > 1) {
        return usbtape_input_error(error, "%s: unexpected argument '%s'", argv[0], argv[1]);
    }
    return o->qmp || usbtape_input_error(error, "%s: --qmp unix:PATH is missing", argv[0]);
}

static int run(int argc, char **argv, bool attaching)
{
    Options options = { .qmp = NULL };
    QemuTarget target = { NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(Qmp) qmp = NULL;
    bool good;

    signal(SIGPIPE, SIG_IGN); /* QEMU may end at any time */
    good = parse(argc, argv, attaching, &options, &error) &&
           qemu_target_parse(&target, argv[0], &options.target, &error) &&
           (qmp = open_monitor(options.qmp, &error)) != NULL &&
           (attaching ? attach(qmp, &target, options.bus, &error) : detach(qmp, &target, &error));
    qemu_target_clear(&target);
    options_clear(&options);
    return good ? EXIT_GOOD : usbtape_fail(error);
}

int attach_main(int argc, char **argv)
{
    return run(argc, argv, true);
}

int detach_main(int argc, char **argv)
{
    return run(argc, argv, false);
}
