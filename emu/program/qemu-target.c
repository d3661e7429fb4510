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

bool qemu_target_parse(QemuTarget *t, const char *command, const char *listens,
                       const char *connects, const char *id, GError **error)
{
    *t = (QemuTarget){ .qemu_listens = connects != NULL, .id = g_strdup(id ? id : "tape0") };
    if (listens && connects) {
        return usbtape_input_error(error, "%s: give one of --listen and --connect", command);
    }
    return check_id(t->id, error) && parse_address(t,
                                                   connects  ? connects
                                                   : listens ? listens
                                                             : "unix:/tmp/usbtape.sock",
                                                   error);
}

bool qemu_target_tls(QemuTarget *t, const char *command, const char *psk, const char *creds,
                     GError **error)
{
    g_autofree char *name = psk ? g_path_get_basename(psk) : NULL;

    if (psk && creds) {
        return usbtape_input_error(error, "%s: give one of --tls-psk and --tls-creds", command);
    }
    if (name && !g_str_equal(name, "keys.psk")) {
        return usbtape_input_error(error, "--tls-psk %s: QEMU reads keys.psk only; name it so",
                                   psk);
    }
    t->tls = psk ? "psk" : creds ? "x509" : NULL;
    t->tls_directory = psk ? g_path_get_dirname(psk) : g_strdup(creds);
    return true;
}

void qemu_target_clear(QemuTarget *t)
{
    g_free(t->path);
    g_free(t->host);
    g_free(t->port);
    g_free(t->id);
    g_free(t->tls_directory);
}
