/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape qemu-args`: prints the QEMU options for a drive. */
#include <stdio.h>
#include <string.h>

#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/program/qemu-target.h"
#include "emu/program/subcommands.h"

/* QEMU splits option values at commas. A doubled comma stands for one. */
static char *qemu_escape(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);

    return g_strjoinv(",,", parts);
}

/* Quotes a word for a POSIX shell, if it needs quotes. */
static char *shell_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "-_./:,=+@%")]
               ? g_shell_quote(text)
               : g_strdup(text);
}

static char *tls_object_of(const QemuTarget *t)
{
    g_autofree char *directory = qemu_escape(t->tls_directory);

    return g_strdup_printf("tls-creds-%s,id=%s-tls,dir=%s,endpoint=%s", t->tls, t->id, directory,
                           t->qemu_listens ? "server" : "client");
}

static char *chardev_of(const QemuTarget *t)
{
    g_autofree char *path = t->path ? qemu_escape(t->path) : NULL;
    g_autofree char *where = t->path
                                 ? g_strdup_printf("path=%s", path)
                                 : g_strdup_printf("host=%s,port=%s,nodelay=on", t->host, t->port);

    return g_strdup_printf("socket,id=%s-link,%s,%s%s%s%s", t->id, where,
                           t->qemu_listens ? "server=on,wait=off" : "reconnect=1",
                           t->tls ? ",tls-creds=" : "", t->tls ? t->id : "", t->tls ? "-tls" : "");
}

static void print_qemu(const QemuTarget *t)
{
    g_autofree char *chardev = chardev_of(t);
    g_autofree char *word = shell_word(chardev);

    if (t->tls) {
        g_autofree char *object = tls_object_of(t);
        g_autofree char *object_word = shell_word(object);

        printf("-object %s ", object_word);
    }
    printf("-device qemu-xhci,id=%s-usb -chardev %s "
           "-device usb-redir,id=%s,chardev=%s-link,bus=%s-usb.0\n",
           t->id, word, t->id, t->id, t->id);
}

static void print_libvirt(const QemuTarget *t)
{
    g_autofree char *source = NULL;
    const char *mode = t->qemu_listens ? "bind" : "connect";
    const char *reconnect = t->qemu_listens ? "" : "<reconnect enabled='yes' timeout='1'/>";

    if (t->path) {
        source = g_markup_printf_escaped("mode='%s' path='%s'", mode, t->path);
    } else {
        source = g_markup_printf_escaped("mode='%s' host='%s' service='%s'%s", mode, t->host,
                                         t->port, t->tls ? " tls='yes'" : "");
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
    QemuTargetOptions options = { NULL };
    gboolean libvirt = FALSE;
    const GOptionEntry own = {
        "libvirt", 0, 0, G_OPTION_ARG_NONE, &libvirt, "Print libvirt XML instead", NULL
    };
    g_autoptr(GArray) entries = qemu_target_entries(&options, true);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    QemuTarget t = { NULL };
    bool good;

    g_array_append_val(entries, own);
    g_option_context_set_summary(
        context, "Prints what to add to a QEMU command line to attach a drive that\n"
                 "`usbtape serve` plays: an xHCI controller and the drive on it.");
    good =
        options_parse(context, (const GOptionEntry *)(void *)entries->data, &argc, &argv, &error);
    if (good && argc > 1) {
        good = usbtape_input_error(&error, "qemu-args: unexpected argument '%s'", argv[1]);
    }
    good = good && qemu_target_parse(&t, "qemu-args", &options, &error);
    if (good && libvirt && options.tls_psk) {
        good = usbtape_input_error(&error,
                                   "--tls-psk: libvirt takes certificates only; give --tls-creds");
    }
    if (good && libvirt) {
        print_libvirt(&t);
    } else if (good) {
        print_qemu(&t);
    }
    qemu_target_clear(&t);
    qemu_target_options_clear(&options);
    return good ? EXIT_GOOD : usbtape_fail(error);
}
