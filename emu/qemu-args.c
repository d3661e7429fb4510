/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape qemu-args`: what to type to attach a drive. */
#include <stdio.h>
#include <string.h>

#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/commands.h"
#include "emu/qemu-target.h"

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

/* Credentials that the drive was given, as QEMU's objects for the other end. */
typedef struct Tls {
    char *psk, *creds; /* at most one */
} Tls;

static char *tls_object_of(const QemuTarget *t, const Tls *tls)
{
    g_autofree char *directory = tls->psk ? g_path_get_dirname(tls->psk) : g_strdup(tls->creds);
    g_autofree char *escaped = qemu_escape(directory);

    return g_strdup_printf("tls-creds-%s,id=%s-tls,dir=%s,endpoint=%s%s", tls->psk ? "psk" : "x509",
                           t->id, escaped, t->qemu_listens ? "server" : "client",
                           tls->psk ? "" : ",verify-peer=on");
}

static bool check_tls(const Tls *tls, bool libvirt, GError **error)
{
    g_autofree char *name = tls->psk ? g_path_get_basename(tls->psk) : NULL;

    if (tls->psk && tls->creds) {
        return usbtape_input_error(error, "qemu-args: give one of --tls-psk and --tls-creds");
    }
    if (name && !g_str_equal(name, "keys.psk")) {
        return usbtape_input_error(error, "--tls-psk %s: QEMU wants the file to be called keys.psk",
                                   tls->psk);
    }
    return !(tls->psk && libvirt) ||
           usbtape_input_error(error,
                               "--tls-psk: libvirt takes certificates only; use --tls-creds");
}

static char *chardev_of(const QemuTarget *t, const Tls *tls)
{
    g_autofree char *path = t->path ? qemu_escape(t->path) : NULL;
    g_autofree char *where = t->path
                                 ? g_strdup_printf("path=%s", path)
                                 : g_strdup_printf("host=%s,port=%s,nodelay=on", t->host, t->port);

    return g_strdup_printf("socket,id=%s-link,%s,%s%s%s%s", t->id, where,
                           t->qemu_listens ? "server=on,wait=off" : "reconnect=1",
                           tls->psk || tls->creds ? ",tls-creds=" : "",
                           tls->psk || tls->creds ? t->id : "",
                           tls->psk || tls->creds ? "-tls" : "");
}

static void print_qemu(const QemuTarget *t, const Tls *tls)
{
    g_autofree char *chardev = chardev_of(t, tls);
    g_autofree char *word = shell_word(chardev);

    if (tls->psk || tls->creds) {
        g_autofree char *object = tls_object_of(t, tls);
        g_autofree char *object_word = shell_word(object);

        printf("-object %s ", object_word);
    }
    printf("-device qemu-xhci,id=%s-usb -chardev %s "
           "-device usb-redir,id=%s,chardev=%s-link,bus=%s-usb.0\n",
           t->id, word, t->id, t->id, t->id);
}

static void print_libvirt(const QemuTarget *t, const Tls *tls)
{
    g_autofree char *source = NULL;
    const char *mode = t->qemu_listens ? "bind" : "connect";
    const char *reconnect = t->qemu_listens ? "" : "<reconnect enabled='yes' timeout='1'/>";

    if (t->path) {
        source = g_markup_printf_escaped("mode='%s' path='%s'", mode, t->path);
    } else {
        source = g_markup_printf_escaped("mode='%s' host='%s' service='%s'%s", mode, t->host,
                                         t->port, tls->creds ? " tls='yes'" : "");
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

int qemu_args_main(int argc, char **argv)
{
    g_autofree char *listens = NULL;
    g_autofree char *connects = NULL;
    g_autofree char *id = NULL;
    gboolean libvirt = FALSE;
    Tls tls = { NULL, NULL };
    const GOptionEntry entries[] = {
        { "listen", 'l', 0, G_OPTION_ARG_STRING, &listens,
          "As given to serve: the drive listens there (the default: unix:/tmp/usbtape.sock)",
          "ADDRESS" },
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &connects,
          "As given to serve: the VM listens there", "ADDRESS" },
        { "tls-psk", 0, 0, G_OPTION_ARG_FILENAME, &tls.psk,
          "As given to serve; in a file keys.psk, for the user qemu", "FILE" },
        { "tls-creds", 0, 0, G_OPTION_ARG_FILENAME, &tls.creds,
          "As given to serve; QEMU reads client-cert.pem and client-key.pem there", "DIR" },
        { "libvirt", 0, 0, G_OPTION_ARG_NONE, &libvirt, "Print libvirt XML instead", NULL },
        { "id", 0, 0, G_OPTION_ARG_STRING, &id, "The device's name in QEMU (default: tape0)",
          "NAME" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    QemuTarget t = { NULL };
    bool good;

    g_option_context_set_summary(
        context, "Prints what to add to a QEMU command line to attach a drive that\n"
                 "`usbtape serve` plays: an xHCI controller and the drive on it.");
    good = options_parse(context, entries, &argc, &argv, &error);
    if (good && argc > 1) {
        good = usbtape_input_error(&error, "qemu-args: unexpected argument '%s'", argv[1]);
    }
    good = good && check_tls(&tls, libvirt, &error);
    good = good && qemu_target_parse(&t, "qemu-args", listens, connects, id, &error);
    if (good && libvirt) {
        print_libvirt(&t, &tls);
    } else if (good) {
        print_qemu(&t, &tls);
    }
    qemu_target_clear(&t);
    g_free(tls.psk);
    g_free(tls.creds);
    return good ? EXIT_GOOD : usbtape_fail(error);
}
