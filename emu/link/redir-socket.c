/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of a usbredir connection, between the socket and the parser. */
#include "emu/link/redir-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void redir_kill(Redir *redir, const char *why)
{
    if (redir->dead) {
        return;
    }
    redir->dead = true;
    redir->why = g_strdup(why);
    g_source_set_ready_time(&redir->source->base, 0);
}

size_t redir_output_size(const Redir *redir)
{
    return redir->unsent_end - redir->unsent_at +
           usbredirparser_get_bufferered_output_size(redir->parser->usbredir);
}

bool redir_may_read(const Redir *redir)
{
    return !redir->dead && !redir->shaking && redir_output_size(redir) < OUTPUT_HIGH;
}

/* Ends the connection with the reason that TLS reports. */
static void redir_kill_tls(Redir *redir)
{
    g_autofree char *why = g_strdup_printf("TLS: %s", tls_session_why(redir->tls));

    redir_kill(redir, why);
}

/*
 * Ends the connection. The reason is the parser's last error message, or the errno of a receive or
 * a send.
 */
static void redir_lost(Redir *redir, int reason)
{
    if (reason == EPROTO && redir->tls) {
        redir_kill_tls(redir);
    } else {
        redir_kill(redir, reason == EPIPE || reason == ECONNRESET ? "it closed the connection"
                                                                  : g_strerror(reason));
    }
}

/* Decrypts records directly into the destination. Their number is not known before. */
static ssize_t redir_receive_tls(Redir *redir, uint8_t *data, size_t count)
{
    ssize_t n = tls_recv(redir->tls, data, count);

    if (n > 0) {
        redir->input_turn -= MIN(redir->input_turn, (size_t)n);
        return n;
    }
    if (n < 0 && errno == EAGAIN) {
        redir->drained = true;
        return 0;
    }
    redir_lost(redir, n == 0 ? EPIPE : errno);
    return -1;
}

/* Receives `count` bytes into `data`, and the bytes that follow into the buffer. */
static ssize_t redir_receive(Redir *redir, uint8_t *data, size_t count)
{
    struct iovec parts[] = { { data, count }, { redir->input, sizeof redir->input } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };
    ssize_t n;

    do {
        n = recvmsg(redir->fd, &message, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        redir_kill(redir, "it closed the connection");
        return -1;
    }
    if (n < 0) {
        redir->drained = true;
        if (errno == EAGAIN) {
            return 0;
        }
        redir_lost(redir, errno);
        return -1;
    }
    /* A short receive means that the stream socket is empty. */
    redir->drained = (size_t)n < count + sizeof redir->input;
    redir->input_turn -= MIN(redir->input_turn, (size_t)n);
    redir->input_at = 0;
    redir->input_end = (size_t)n > count ? (size_t)n - count : 0;
    return MIN(n, (ssize_t)count);
}

int redir_on_read(void *priv, uint8_t *data, int count)
{
    Redir *redir = priv;
    size_t n = redir->input_end - redir->input_at;

    if (redir->dead) {
        return -1;
    }
    if (!redir_may_read(redir)) {
        return 0;
    }
    if (n > 0) {
        n = MIN(n, (size_t)count);
        memcpy(data, redir->input + redir->input_at, n);
        redir->input_at += n;
        return (int)n;
    }
    if (redir->drained || redir->input_turn == 0) {
        return 0;
    }
    return (int)(redir->tls ? redir_receive_tls(redir, data, (size_t)count)
                            : redir_receive(redir, data, (size_t)count));
}

/* Sends until the socket is full. After EAGAIN TLS requires the same bytes again. */
static ssize_t redir_send_tls(Redir *redir, const struct iovec *parts, size_t n_parts)
{
    ssize_t sent = 0;
    size_t i;

    for (i = 0; i < n_parts; i++) {
        const uint8_t *bytes = parts[i].iov_base;
        size_t done = 0;

        while (done < parts[i].iov_len) {
            ssize_t n = tls_send(redir->tls, bytes + done, parts[i].iov_len - done);

            if (n < 0 && errno == EAGAIN) {
                return sent;
            }
            if (n < 0) {
                redir_lost(redir, errno);
                return -1;
            }
            done += (size_t)n;
            sent += n;
        }
    }
    return sent;
}

ssize_t redir_send(Redir *redir, struct iovec *parts, size_t n_parts)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = n_parts };
    ssize_t n;

    if (redir->tls) {
        return redir_send_tls(redir, parts, n_parts);
    }
    do {
        n = sendmsg(redir->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        return 0;
    }
    if (n < 0) {
        redir_lost(redir, errno);
    }
    return n;
}

int redir_on_write(void *priv, uint8_t *data, int count)
{
    struct iovec part = { data, (size_t)count };

    return (int)redir_send(priv, &part, 1);
}

void redir_flush(Redir *redir)
{
    if (redir->dead || redir->shaking) {
        return;
    }
    if (redir->unsent) {
        struct iovec part = { redir->unsent + redir->unsent_at,
                              redir->unsent_end - redir->unsent_at };
        ssize_t n = redir_send(redir, &part, 1);

        redir->unsent_at += n > 0 ? (size_t)n : 0;
        if (redir->unsent_at < redir->unsent_end) {
            return;
        }
        g_clear_pointer(&redir->unsent, g_free);
        redir->unsent_at = redir->unsent_end = 0;
    }
    if (usbredirparser_has_data_to_write(redir->parser->usbredir)) {
        usbredirparser_do_write(redir->parser->usbredir);
    }
}

void redir_update_poll(Redir *redir)
{
    GIOCondition wanted = 0;

    if (redir->shaking) {
        wanted = redir->shake_polls;
    } else if (!redir->dead) {
        wanted =
            (redir_may_read(redir) ? G_IO_IN : 0) | (redir_output_size(redir) > 0 ? G_IO_OUT : 0);
    }
    if (wanted != redir->polled) {
        g_source_modify_unix_fd(&redir->source->base, redir->poll, wanted);
        redir->polled = wanted;
    }
}

bool redir_holds_record(const Redir *redir)
{
    return redir->tls && !redir->shaking && tls_pending(redir->tls) > 0;
}

void redir_shake(Redir *redir)
{
    switch (tls_handshake(redir->tls)) {
    case TLS_DONE:
        redir->shaking = false;
        redir_flush(redir); /* the drive's hello */
        break;
    case TLS_AGAIN_IN:
        redir->shake_polls = G_IO_IN;
        break;
    case TLS_AGAIN_OUT:
        redir->shake_polls = G_IO_OUT;
        break;
    case TLS_FAILED:
        redir_kill_tls(redir);
        break;
    }
}
