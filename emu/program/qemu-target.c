/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/program/qemu-target.h"

#include <string.h>

#include "emu/base/address.h"
#include "emu/base/error.h"

static bool parse_address(QemuTarget *t, const char *text, GError **error)
{
    const char *option = t->qemu_listens ? "--connect" : "--listen";
    g_autoptr(Address) address = address_parse(option, text, true, error);
    const char *colon;

    if (!address) {
        return false;
    }
    if (address_kind(address) == ADDRESS_FD) {
        return usbtape_input_error(error, "%s %s: QEMU needs a unix or TCP address", option, text);
    }
    if (address_kind(address) == ADDRESS_UNIX) {
        t->path = g_strdup(text + strlen("unix:"));
        return true;
    }
    text += strlen("tcp:");
    colon = strrchr(text, ':');
    t->port = g_strdup(colon + 1);
    /* QEMU takes IPv6 addresses without brackets here. */
    t->host = text[0] == '[' ? g_strndup(text + 1, (gsize)(colon - text - 2))
                             : g_strndup(text, (gsize)(colon - text));
    return true;
}

static bool check_id(const char *id, GError **error)
{
    const char *c;

    for (c = id; g_ascii_isalnum(*c) || (c > id && strchr("-._", *c) && *c); c++) {
    }
    return (!*c && g_ascii_isalpha(*id)) ||
           usbtape_input_error(
               error, "--id %s: QEMU takes letters, digits, '-', '.' and '_', a letter first", id);
}

GArray *qemu_target_entries(QemuTargetOptions *o, bool address)
{
    const GOptionEntry rows[] = {
        { "id", 0, 0, G_OPTION_ARG_STRING, &o->id, "The device's name in QEMU (default: tape0)",
          "NAME" },
        { "listen", 'l', 0, G_OPTION_ARG_STRING, &o->listen,
          "As given to serve: the drive listens there (the default: unix:/tmp/usbtape.sock)",
          "ADDRESS" },
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &o->connect,
          "As given to serve: the VM listens there", "ADDRESS" },
        { "tls-psk", 0, 0, G_OPTION_ARG_FILENAME, &o->tls_psk,
          "As given to serve; in a file keys.psk, for the user qemu", "FILE" },
        { "tls-creds", 0, 0, G_OPTION_ARG_FILENAME, &o->tls_creds,
          "As given to serve; QEMU reads client-cert.pem and client-key.pem there", "DIR" },
    };
    GArray *entries = g_array_new(TRUE, FALSE, sizeof *rows);

    return g_array_append_vals(entries, rows, address ? G_N_ELEMENTS(rows) : 1);
}

void qemu_target_options_clear(QemuTargetOptions *o)
{
    g_free(o->listen);
    g_free(o->connect);
    g_free(o->tls_psk);
    g_free(o->tls_creds);
    g_free(o->id);
}

static bool parse_credentials(QemuTarget *t, const char *command, const QemuTargetOptions *o,
                              GError **error)
{
    g_autofree char *name = o->tls_psk ? g_path_get_basename(o->tls_psk) : NULL;

    if (o->tls_psk && o->tls_creds) {
        return usbtape_input_error(error, "%s: give one of --tls-psk and --tls-creds", command);
    }
    if (name && !g_str_equal(name, "keys.psk")) {
        return usbtape_input_error(error, "--tls-psk %s: QEMU reads keys.psk only; name it so",
                                   o->tls_psk);
    }
    t->tls = o->tls_psk ? "psk" : o->tls_creds ? "x509" : NULL;
    t->tls_directory = o->tls_psk ? g_path_get_dirname(o->tls_psk) : g_strdup(o->tls_creds);
    return true;
}

bool qemu_target_parse(QemuTarget *t, const char *command, const QemuTargetOptions *o,
                       GError **error)
{
    const char *address = o->connect ? o->connect : o->listen;

    *t =
        (QemuTarget){ .qemu_listens = o->connect != NULL, .id = g_strdup(o->id ? o->id : "tape0") };
    if (o->listen && o->connect) {
        return usbtape_input_error(error, "%s: give one of --listen and --connect", command);
    }
    return check_id(t->id, error) &&
           parse_address(t, address ? address : "unix:/tmp/usbtape.sock", error) &&
           parse_credentials(t, command, o, error);
}

void qemu_target_clear(QemuTarget *t)
{
    g_free(t->path);
    g_free(t->host);
    g_free(t->port);
    g_free(t->id);
    g_free(t->tls_directory);
}
