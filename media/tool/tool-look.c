/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/tool/tool.h"

#include "emu/base/error.h"

#include <errno.h>
#include <stdio.h>

enum {
    LOOKS_MAX = 10,               /* at a tape that a drive overwrites meanwhile */
    OUTPUT_MAX = 8 * 1024 * 1024, /* bytes of output that wait until the look is known to count */
};

bool tool_is_overwritten(TapeMedium *m)
{
    MediumInfo info;

    medium_info(m, &info);
    return info.overwritten;
}

/* Output that is kept back while it is short, until no overwriting is certain. */
typedef struct Output {
    TapeMedium *m;
    FILE *real;
    GByteArray *bytes;
    bool released; /* the output was too long to keep, so later bytes are written at once */
    bool dropped;  /* the tape was overwritten, so this output is discarded */
    int error;     /* of writing */
} Output;

static bool output_write(Output *output, const char *bytes, size_t length)
{
    if (length > 0 && output->error == 0 && fwrite(bytes, 1, length, output->real) < length) {
        output->error = errno ? errno : EIO;
    }
    return output->error == 0;
}

static ssize_t output_put(void *data, const char *bytes, size_t length)
{
    Output *output = data;

    if (!output->released && output->bytes->len + length > OUTPUT_MAX && !output->dropped) {
        output->dropped = tool_is_overwritten(output->m);
        output->released = !output->dropped;
        if (output->released) {
            output_write(output, (const char *)output->bytes->data, output->bytes->len);
        }
    }
    if (output->dropped) {
        return 0; /* a stream error, which stops every writer */
    }
    if (output->released) {
        return output_write(output, bytes, length) ? (ssize_t)length : 0;
    }
    g_byte_array_append(output->bytes, (const guint8 *)bytes, (guint)length);
    return (ssize_t)length;
}

/* One attempt. Its short output counts only if no drive overwrote the tape meanwhile. */
static bool look_once(Output *output, const char *path, ToolLook look, const void *data,
                      GError **error)
{
    const cookie_io_functions_t functions = { .write = output_put };
    FILE *stream = fopencookie(output, "w", functions);
    bool good;

    if (!stream) {
        return usbtape_input_error(error, "%s: %s", path, g_strerror(errno));
    }
    setvbuf(stream, NULL, _IOFBF, 64 * 1024);
    output->real = stdout;
    stdout = stream;
    good = look(output->m, path, data, error);
    fclose(stdout);
    stdout = output->real;
    output->dropped = output->dropped || tool_is_overwritten(output->m);
    if (!output->dropped && !output->released) {
        output_write(output, (const char *)output->bytes->data, output->bytes->len);
    }
    if (output->error && good) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "standard output: %s",
                    g_strerror(output->error));
    }
    return good && output->error == 0;
}

/* Looks until it has seen the tape as it was at one moment. */
bool tool_look(const char *path, const char *format, ToolLook look, const void *data,
               GError **error)
{
    int tries;

    for (tries = 0; tries < LOOKS_MAX; tries++) {
        g_autoptr(TapeMedium) m = tool_open(path, "--format", format, error);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autoptr(GError) failure = NULL;
        Output output = { .m = m, .bytes = bytes };
        bool good;

        if (!m) {
            return false;
        }
        good = look_once(&output, path, look, data, &failure);
        if (!output.dropped) {
            if (failure) {
                g_propagate_error(error, g_steal_pointer(&failure));
            }
            return good;
        }
        if (output.released) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "%s: was overwritten while it was read: what was printed is of no use",
                        path);
            return false;
        }
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "%s: is being overwritten again and again: try later", path);
    return false;
}
