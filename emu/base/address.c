/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu/base/error.h"

/* One connection waits while another is served. A few more may arrive at the same time. */
#define BACKLOG 8

typedef union SocketName {
    struct sockaddr any;
    struct sockaddr_un un;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
} SocketName;

struct Address {
    AddressKind kind;
    char *option;
    char *text;
    SocketName name;
    socklen_t name_length;
    int fd;
    int spare; /* while listening: a descriptor to release when no other is free, or -1 */
    /* The socket file that address_listen() created. */
    bool made;
    dev_t device;
    ino_t inode;
};

static void set_input_error(GError **error, const Address *address, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s %s: %s", address->option,
                address->text, what);
}

static bool address_parse_number(const char *text, uint64_t max, uint64_t *value)
{
    return g_ascii_isdigit(*text) && g_ascii_string_to_unsigned(text, 10, 0, max, value, NULL);
}

static bool address_parse_unix(Address *address, const char *path, GError **error)
{
    if (!*path) {
        set_input_error(error, address, "the path of the socket is missing");
        return false;
    }
    if (strlen(path) >= sizeof address->name.un.sun_path) {
        set_input_error(error, address, "the path is too long for a socket (at most 107 bytes)");
        return false;
    }
    address->kind = ADDRESS_UNIX;
    address->name.un.sun_family = AF_UNIX;
    strcpy(address->name.un.sun_path, path);
    address->name_length = sizeof address->name.un;
    return true;
}

static bool address_is_loopback(const SocketName *name)
{
    return name->any.sa_family == AF_INET ? ntohl(name->in.sin_addr.s_addr) >> 24 == 127
                                          : IN6_IS_ADDR_LOOPBACK(&name->in6.sin6_addr);
}

static bool address_parse_tcp(Address *address, const char *rest, bool allow_remote, GError **error)
{
    const char *colon = strrchr(rest, ':');
    g_autofree char *host = NULL;
    uint64_t port;

    if (!colon || !address_parse_number(colon + 1, 65535, &port)) {
        set_input_error(error, address, "write tcp:HOST:PORT, such as tcp:127.0.0.1:7000");
        return false;
    }
    address->kind = ADDRESS_TCP;
    host = g_strndup(rest, (gsize)(colon - rest));
    if (g_str_equal(host, "localhost")) {
        g_free(host);
        host = g_strdup("127.0.0.1");
    }
    if (host[0] == '[' && g_str_has_suffix(host, "]")) {
        host[strlen(host) - 1] = '\0';
        address->name.in6.sin6_family = AF_INET6;
        address->name.in6.sin6_port = htons((uint16_t)port);
        address->name_length = sizeof address->name.in6;
        if (inet_pton(AF_INET6, host + 1, &address->name.in6.sin6_addr) != 1) {
            set_input_error(error, address, "that is not an IPv6 address in brackets");
            return false;
        }
    } else {
        address->name.in.sin_family = AF_INET;
        address->name.in.sin_port = htons((uint16_t)port);
        address->name_length = sizeof address->name.in;
        if (inet_pton(AF_INET, host, &address->name.in.sin_addr) != 1) {
            set_input_error(error, address,
                            "the host must be a numeric address (IPv6 in brackets) or localhost");
            return false;
        }
    }
    if (!allow_remote && !address_is_loopback(&address->name)) {
        set_input_error(
            error, address,
            "any host that reaches that address could use the drive; add --allow-remote "
            "if that is wanted");
        return false;
    }
    return true;
}

static bool address_parse_fd(Address *address, const char *rest, GError **error)
{
    uint64_t fd;
    int type;
    socklen_t length = sizeof type;

    if (!address_parse_number(rest, INT_MAX, &fd)) {
        set_input_error(error, address, "write fd:N with the number of an open socket");
        return false;
    }
    address->kind = ADDRESS_FD;
    address->fd = (int)fd;
    if (getsockopt(address->fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_STREAM) {
        set_input_error(error, address, "that descriptor is not an open stream socket");
        return false;
    }
    return true;
}

Address *address_parse(const char *option, const char *text, bool allow_remote, GError **error)
{
    g_autoptr(Address) address = g_new0(Address, 1);
    bool good;

    address->fd = -1;
    address->spare = -1;
    address->option = g_strdup(option);
    address->text = g_strdup(text);
    if (g_str_has_prefix(text, "unix:")) {
        good = address_parse_unix(address, text + 5, error);
    } else if (g_str_has_prefix(text, "tcp:")) {
        good = address_parse_tcp(address, text + 4, allow_remote, error);
    } else if (g_str_has_prefix(text, "fd:")) {
        good = address_parse_fd(address, text + 3, error);
    } else {
        set_input_error(error, address, "write unix:PATH, tcp:127.0.0.1:PORT or fd:N");
        good = false;
    }
    return good ? g_steal_pointer(&address) : NULL;
}

void address_free(Address *address)
{
    if (!address) {
        return;
    }
    if (address->spare >= 0) {
        close(address->spare);
    }
    g_free(address->option);
    g_free(address->text);
    g_free(address);
}

AddressKind address_kind(const Address *address)
{
    return address->kind;
}

const char *address_text(const Address *address)
{
    return address->text;
}

char *address_host(const Address *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    bool old = address->name.any.sa_family == AF_INET;

    if (address->kind != ADDRESS_TCP) {
        return NULL;
    }
    inet_ntop(address->name.any.sa_family,
              old ? (const void *)&address->name.in.sin_addr
                  : (const void *)&address->name.in6.sin6_addr,
              text, sizeof text);
    return g_strdup(text);
}

uint16_t address_port(const Address *address)
{
    return address->kind == ADDRESS_TCP ? ntohs(address->name.in.sin_port)
                                        : 0; /* sin6_port is at the same offset */
}

int address_family(const Address *address)
{
    return address->kind == ADDRESS_FD ? 0 : address->name.any.sa_family;
}

static void set_no_delay(const Address *address, int fd)
{
    int on = 1;

    if (address->kind != ADDRESS_UNIX) {
        /* Fails without harm on a unix socket that was passed as fd:N. */
        (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

static int address_new_socket(const Address *address, GError **error)
{
    int fd = socket(address->name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        set_input_error(error, address, g_strerror(errno));
    }
    return fd;
}

static int address_take_fd(Address *address, GError **error)
{
    if (fcntl(address->fd, F_SETFD, FD_CLOEXEC) < 0 ||
        fcntl(address->fd, F_SETFL, fcntl(address->fd, F_GETFL) | O_NONBLOCK) < 0) {
        set_input_error(error, address, g_strerror(errno));
        return -1;
    }
    set_no_delay(address, address->fd);
    return address->fd;
}

static bool address_is_listening(int fd)
{
    int on = 0;
    socklen_t length = sizeof on;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) == 0 && on;
}

/* Removes a socket file without listener, which a killed program left. */
static bool address_remove_stale(Address *address, GError **error)
{
    const char *path = address->name.un.sun_path;
    struct stat st;
    int probe, result;

    if (lstat(path, &st) < 0) {
        return true; /* no file there. bind() reports any other error. */
    }
    if (!S_ISSOCK(st.st_mode)) {
        set_input_error(
            error, address,
            "a file that is not a socket has this name; remove it or choose another path");
        return false;
    }
    probe = address_new_socket(address, error);
    if (probe < 0) {
        return false;
    }
    result = connect(probe, &address->name.any, address->name_length) < 0 ? errno : 0;
    close(probe);
    if (result != ECONNREFUSED) {
        set_input_error(error, address,
                        result == 0 || result == EAGAIN ? "another program is listening there"
                                                        : g_strerror(result));
        return false;
    }
    if (unlink(path) < 0) {
        set_input_error(error, address, g_strerror(errno));
        return false;
    }
    return true;
}

/* Replaces port 0 in the text by the port that the system chose. */
static void address_note_port(Address *address, int fd)
{
    g_autofree char *host = NULL;
    SocketName name;
    socklen_t length = sizeof name;

    if (address->kind != ADDRESS_TCP || getsockname(fd, &name.any, &length) < 0) {
        return;
    }
    host = g_strndup(address->text, (gsize)(strrchr(address->text, ':') - address->text));
    g_free(address->text);
    address->text = g_strdup_printf("%s:%u", host,
                                    ntohs(name.in.sin_port)); /* sin6_port is at the same offset */
}

static void address_open_spare(Address *address)
{
    if (address->spare < 0) {
        address->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

int address_listen(Address *address, GError **error)
{
    int fd, on = 1;
    struct stat st;

    address_open_spare(address);
    if (address->kind == ADDRESS_FD) {
        if (!address_is_listening(address->fd)) {
            set_input_error(error, address,
                            "that socket is not listening; did you mean --connect?");
            return -1;
        }
        return address_take_fd(address, error);
    }
    if (address->kind == ADDRESS_UNIX && !address_remove_stale(address, error)) {
        return -1;
    }
    fd = address_new_socket(address, error);
    if (fd < 0) {
        return -1;
    }
    if (address->kind == ADDRESS_TCP) {
        (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    } else {
        /* Linux gives the file the mode of the socket, so the file is never open to other users. */
        (void)!fchmod(fd, 0600);
    }
    if (bind(fd, &address->name.any, address->name_length) < 0 || listen(fd, BACKLOG) < 0) {
        set_input_error(error, address,
                        errno == EADDRINUSE ? "another program is listening there"
                                            : g_strerror(errno));
        close(fd);
        return -1;
    }
    if (address->kind == ADDRESS_UNIX && lstat(address->name.un.sun_path, &st) == 0) {
        address->made = true;
        address->device = st.st_dev;
        address->inode = st.st_ino;
    }
    address_note_port(address, fd);
    return fd;
}

int address_connect(Address *address, bool *pending, GError **error)
{
    int fd;

    *pending = false;
    if (address->kind == ADDRESS_FD) {
        if (address_is_listening(address->fd)) {
            set_input_error(error, address, "that socket is listening; did you mean --listen?");
            return -1;
        }
        return address_take_fd(address, error);
    }
    fd = address_new_socket(address, error);
    if (fd < 0) {
        return -1;
    }
    set_no_delay(address, fd);
    if (connect(fd, &address->name.any, address->name_length) < 0) {
        if (errno != EINPROGRESS) {
            int code = errno;

            g_set_error(error, G_IO_ERROR, (int)g_io_error_from_errno(code), "%s: %s",
                        address->text, g_strerror(code));
            close(fd);
            return -1;
        }
        *pending = true;
    }
    return fd;
}

bool address_connected(const Address *address, int fd, GError **error)
{
    int code = 0;
    socklen_t length = sizeof code;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0) {
        code = errno;
    }
    if (code) {
        g_set_error(error, G_IO_ERROR, (int)g_io_error_from_errno(code), "%s: %s", address->text,
                    g_strerror(code));
    }
    return code == 0;
}

static int address_accept_next(int listening)
{
    return accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/*
 * Accepts and closes a connection when no descriptor is free. In the queue it would wake the caller
 * for ever.
 */
static void address_reject_next(Address *address, int listening)
{
    int fd;

    close(address->spare);
    address->spare = -1;
    fd = address_accept_next(listening);
    if (fd >= 0) {
        close(fd);
    }
    address_open_spare(address);
}

int address_dial(Address *address, GError **error)
{
    g_autoptr(GError) why = NULL;
    struct pollfd poller = { .events = POLLOUT };
    bool pending;
    int fd = address_connect(address, &pending, &why);

    if (fd >= 0 && pending) {
        poller.fd = fd;
        (void)!poll(&poller, 1, -1);
    }
    if (fd >= 0 && address_connected(address, fd, &why)) {
        (void)!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    usbtape_input_error(error, "%s %s: no program listens there (%s)", address->option,
                        address->text, why->message);
    return -1;
}

int address_accept(Address *address, int listening)
{
    int fd = address_accept_next(listening), reason = errno;

    if (fd >= 0) {
        set_no_delay(address, fd);
    } else if ((reason == EMFILE || reason == ENFILE) && address->spare >= 0) {
        address_reject_next(address, listening);
    }
    errno = reason;
    return fd;
}

void address_remove(Address *address)
{
    struct stat st;

    if (address->made && lstat(address->name.un.sun_path, &st) == 0 &&
        st.st_dev == address->device && st.st_ino == address->inode) {
        unlink(address->name.un.sun_path);
    }
    address->made = false;
}
