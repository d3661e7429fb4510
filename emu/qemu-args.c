/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape qemu-args`: what to type to attach a drive. */
#include <stdio.h>
#include <string.h>

#include "emu/base/address.h"
#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/commands.h"

typedef struct Target {
    const char *path; /* of a unix socket; NULL: TCP */
    char *host, *port;
    bool qemu_listens;
    const char *id;
} Target;

/* QEMU splits option values at commas; a doubled comma stands for one. */
static char *qemu_escape(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);

    return g_strjoinv(",,", parts);
}

/* For a POSIX shell, left alone where that is safe: people read this. */
static char *shell_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "-_./:,=+@%")]
               ? g_shell_quote(text)
               : g_strdup(text);
}

static char *chardev_of(const Target *t)
{
    g_autofree char *path = t->path ? qemu_escape(t->path) : NULL;
    g_autofree char *where = t->path
                                 ? g_strdup_printf("path=%s", path)
                                 : g_strdup_printf("host=%s,port=%s,nodelay=on", t->host, t->port);

    return g_strdup_printf("socket,id=%s-link,%s,%s", t->id, where,
                           t->qemu_listens ? "server=on,wait=off" : "reconnect=1");
}

static void print_qemu(const Target *t)
{
    g_autofree char *chardev = chardev_of(t);
    g_autofree char *word = shell_word(chardev);

    printf("-device qemu-xhci,id=%s-usb -chardev %s "
           "-device usb-redir,id=%s,chardev=%s-link,bus=%s-usb.0\n",
           t->id, word, t->id, t->id, t->id);
}

static void print_libvirt(const Target *t)
{
    g_autofree char *source = NULL;
    const char *mode = t->qemu_listens ? "bind" : "connect";
    const char *reconnect = t->qemu_listens ? "" : "<reconnect enabled='yes' timeout='1'/>";

    if (t->path) {
        source = g_markup_printf_escaped("mode='%s' path='%s'", mode, t->path);
    } else {
        source =
            g_markup_printf_escaped("mode='%s' host='%s' service='%s'", mode, t->host, t->port);
    }
    printf("<controller type='usb' model='qemu-xhci'/>\n"
           "<redirdev bus='usb' type='%s'>\n"
           "  <source %s>%s</source>\n"
           "%s"
           "  <alias name='ua-%s'/>\n"
           "</redirdev>\n",
           t->path ? "unix" : "tcp", source, reconnect, t->path ? "" : "  <protocol type='raw'/>\n",
           t->id);
}

static bool target_of(Target *t, const char *text, GError **error)
{
    const char *option = t->qemu_listens ? "--connect" : "--listen";
    g_autoptr(Address) address = address_parse(option, text, true, error);
    const char *colon;

    if (!address) {
        return false;
    }
    if (address_kind(address) == ADDRESS_FD) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s %s: QEMU needs a unix or TCP address", option, text);
        return false;
    }
    if (address_kind(address) == ADDRESS_UNIX) {
        t->path = text + 5;
        return true;
    }
    colon = strrchr(text, ':');
    t->host = g_strndup(text + 4, (gsize)(colon - text - 4));
    t->port = g_strdup(colon + 1);
    if (t->host[0] == '[') { /* QEMU takes IPv6 addresses without brackets here */
        memmove(t->host, t->host + 1, strlen(t->host));
        t->host[strlen(t->host) - 1] = '\0';
    }
    return true;
}

static bool check_id(const char *id, GError **error)
{
    const char *c;

    for (c = id; g_ascii_isalnum(*c) || (c > id && strchr("-._", *c) && *c); c++) {
    }
    if (*c || !g_ascii_isalpha(*id)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "--id %s: QEMU takes letters, digits, '-', '.' and '_', a letter first", id);
        return false;
    }
    return true;
}

int qemu_args_main(int argc, char **argv)
{
    g_autofree char *listens = NULL;
    g_autofree char *connects = NULL;
    g_autofree char *id = NULL;
    gboolean libvirt = FALSE;
    const GOptionEntry entries[] = {
        { "listen", 'l', 0, G_OPTION_ARG_STRING, &listens,
          "As given to serve: the drive listens there (the default: unix:/tmp/usbtape.sock)",
          "ADDRESS" },
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &connects,
          "As given to serve: the VM listens there", "ADDRESS" },
        { "libvirt", 0, 0, G_OPTION_ARG_NONE, &libvirt, "Print libvirt XML instead", NULL },
        { "id", 0, 0, G_OPTION_ARG_STRING, &id, "The device's name in QEMU (default: tape0)",
          "NAME" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    Target t = { NULL };
    bool good;

    g_option_context_set_summary(
        context, "Prints what to add to a QEMU command line to attach a drive that\n"
                 "`usbtape serve` plays: an xHCI controller and the drive on it.");
    good = options_parse(context, entries, &argc, &argv, &error);
    if (good && argc > 1) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "qemu-args: unexpected argument '%s'", argv[1]);
        good = false;
    }
    if (good && listens && connects) {
        g_set_error_literal(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                            "qemu-args: give one of --listen and --connect");
        good = false;
    }
    t.qemu_listens = connects != NULL;
    t.id = id ? id : "tape0";
    good = good && check_id(t.id, &error) &&
           target_of(&t,
                     connects  ? connects
                     : listens ? listens
                               : "unix:/tmp/usbtape.sock",
                     &error);
    if (good && libvirt) {
        print_libvirt(&t);
    } else if (good) {
        print_qemu(&t);
    }
    g_free(t.host);
    g_free(t.port);
    return good ? EXIT_GOOD : usbtape_fail(error);
}
