/*
 * tcp.c - connections. The system tells an error once and then "end of data", which must never be
 * taken for an orderly end: the first error of either direction is kept, and an end after it is
 * that error. Data that came before the error is still read first.
 */
#include "posix.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>

enum { KEEP_IDLE_S = 120 };

static void set_option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof value);
}

void posix_tcp_options(int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
}

struct port_tcp *posix_tcp_new(int fd, port_owner owner, bool connecting)
{
	struct posix_handle *h = posix_handle_take(POSIX_TCP, fd, owner);
	struct port_tcp *c;

	if (h == NULL)
		return NULL;
	c = &posix_tcp_table[h->index];
	c->failed = E_OK;
	c->connecting = connecting;
	c->ended = c->drained = c->hung = false;
	if (posix_handle_watch(h, fd, false) != E_OK) {
		posix_handle_free(h);
		return NULL;
	}
	return c;
}

int port_connect(const struct port_addr *to, port_owner owner, struct port_tcp **out)
{
	union posix_sockaddr addr;
	socklen_t len = posix_addr_out(to, &addr);
	int result, fd = socket(addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return posix_is_want(errno) ? E_NOSLOT : E_UNREACH;
	posix_tcp_options(fd);
	if (connect(fd, &addr.any, len) != 0 && errno != EINPROGRESS && errno != EINTR) {
		result = posix_net_error(errno);
		close(fd);
		posix_freed();
		return result == E_REFUSED || result == E_NOSLOT ? result : E_UNREACH;
	}
	*out = posix_tcp_new(fd, owner, true);
	if (*out != NULL)
		return E_OK;
	close(fd);
	posix_freed();
	return E_NOSLOT;
}

void port_owner_set(struct port_tcp *c, port_owner owner)
{
	c->h.owner = owner;
	c->drained = false;
	posix_handle_due(&c->h);
}

/* The result of a call that failed with `error`. */
static int fail(struct port_tcp *c, int error)
{
	if (error == EAGAIN || (error == ENOTCONN && c->connecting))
		return c->failed != E_OK ? c->failed : E_AGAIN;
	if (error == ENOBUFS || error == ENOMEM) {
		posix_handle_due(&c->h); /* no edge will follow: memory was short, not the peer */
		return E_AGAIN;
	}
	if (c->failed == E_OK)
		c->failed = posix_net_error(error);
	return c->failed;
}

int port_connected(struct port_tcp *c)
{
	union posix_sockaddr addr;
	socklen_t len = sizeof addr;
	int error = 0;
	socklen_t error_len = sizeof error;

	if (c->failed != E_OK)
		return c->failed;
	if (getsockopt(c->h.fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == 0 && error != 0)
		return fail(c, error);
	if (getpeername(c->h.fd, &addr.any, &len) != 0)
		return fail(c, errno);
	c->connecting = false;
	return E_OK;
}

/* A read that found less than it had room for has emptied the socket: until the next event that is
 * not about writing, the system need not be asked again. */
void posix_tcp_event(struct posix_handle *h, uint32_t events)
{
	struct port_tcp *c = &posix_tcp_table[h->index];

	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
		c->hung = true;
	if ((events & ~(uint32_t)EPOLLOUT) != 0)
		c->drained = false;
}

int port_read(struct port_tcp *c, void *buf, size_t len)
{
	ssize_t n;

	if (c->drained && c->failed == E_OK)
		return E_AGAIN;
	do {
		n = recv(c->h.fd, buf, len > INT32_MAX ? INT32_MAX : len, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		c->connecting = false;
		c->drained = !c->hung && (size_t)n < len;
		return (int)n;
	}
	if (n < 0) {
		c->drained = !c->hung && errno == EAGAIN;
		return fail(c, errno);
	}
	c->ended = true;
	return c->failed != E_OK ? c->failed : E_EOF;
}

int port_write(struct port_tcp *c, const void *buf, size_t len)
{
	ssize_t n;

	if (c->failed != E_OK)
		return c->failed;
	do {
		n = send(c->h.fd, buf, len > INT32_MAX ? INT32_MAX : len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(c, errno);
	c->connecting = false;
	return (int)n;
}

int port_finish(struct port_tcp *c)
{
	if (c->failed != E_OK)
		return c->failed;
	if (shutdown(c->h.fd, SHUT_WR) == 0)
		return E_OK;
	return errno == ENOTCONN ? E_RESET : fail(c, errno);
}

/* Closing with unread data would make the system send a reset: what we wrote would be lost. */
void port_close(struct port_tcp *c)
{
	if (c->ended || c->failed != E_OK || c->connecting || shutdown(c->h.fd, SHUT_WR) != 0)
		posix_handle_close(&c->h);
	else
		posix_linger(&c->h);
}

void port_abort(struct port_tcp *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(c->h.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	posix_handle_close(&c->h);
}

int port_local(const struct port_tcp *c, struct port_addr *out)
{
	union posix_sockaddr addr;
	socklen_t len = sizeof addr;

	if (getsockname(c->h.fd, &addr.any, &len) != 0)
		return E_RESET;
	posix_addr_in(&addr, out);
	return E_OK;
}
