/*
 * listen.c - listeners and accepting. When descriptors are used up, a spare one is
 * given up to take the next connection and close it, so that its peer hears so at once and the loop
 * does not spin. Listeners that could not even do that wait for a close, or half a second.
 */
#include "posix.h"

#define HOPELESS_ROUNDS 64

static int spare = -1;
static unsigned starved_count;

void posix_reserve_fill(void)
{
	if (spare < 0 && posix_epoll >= 0)
		spare = fcntl(posix_epoll, F_DUPFD_CLOEXEC, 3);
}

static void starve(struct port_listener *l)
{
	if (!l->starved)
		starved_count++;
	l->starved = true;
}

static void feed(struct port_listener *l)
{
	if (!l->starved)
		return;
	l->starved = false;
	starved_count--;
	posix_handle_due(&l->h);
}

void posix_starving_retry(void)
{
	posix_reserve_fill();
	for (size_t i = 0; i < BOARD_LISTENER_MAX && starved_count > 0; i++) {
		if (posix_listener_table[i].h.used)
			feed(&posix_listener_table[i]);
	}
}

bool posix_starving(void)
{
	return starved_count > 0;
}

void posix_freed(void)
{
	if (spare < 0)
		posix_reserve_fill();
	if (starved_count > 0)
		posix_starving_retry();
}

static int bind_error(int error)
{
	if (error == EADDRINUSE)
		return E_INUSE;
	if (error == EACCES || error == EPERM)
		return E_ACCESS;
	return posix_is_want(error) ? E_NOSLOT : E_NOENT;
}

int posix_bind(const struct port_addr *at)
{
	union posix_sockaddr addr;
	socklen_t len = posix_addr_out(at, &addr);
	int one = 1, result;
	int fd = socket(addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return bind_error(errno);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	posix_tcp_options(fd);
	if (addr.any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(fd, &addr.any, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	result = bind_error(errno);
	close(fd);
	return result;
}

int port_listen(const struct port_addr *at, port_owner owner, struct port_listener **out)
{
	struct posix_handle *h;
	int result, fd = posix_bind(at);

	if (fd == E_ACCESS && posix_has_parent()) {
		result = posix_ask(POSIX_OP_LISTEN, NULL, 0, at, &fd);
		if (result != E_OK)
			return result;
	}
	if (fd < 0)
		return fd;
	h = posix_handle_take(POSIX_LISTENER, fd, owner);
	if (h == NULL || posix_handle_watch(h, fd, false) != E_OK) {
		if (h != NULL)
			posix_handle_free(h);
		close(fd);
		return E_NOSLOT;
	}
	*out = &posix_listener_table[h->index];
	(*out)->starved = false;
	return E_OK;
}

int port_listener_addr(const struct port_listener *l, struct port_addr *out)
{
	union posix_sockaddr addr;
	socklen_t len = sizeof addr;

	memset(&addr, 0, sizeof addr);
	(void)getsockname(l->h.fd, &addr.any, &len);
	posix_addr_in(&addr, out);
	return E_OK;
}

void port_unlisten(struct port_listener *l)
{
	if (l->starved) {
		l->starved = false;
		starved_count--;
	}
	/* A parent may hold a copy for a moment; without this the address would stay taken. */
	(void)shutdown(l->h.fd, SHUT_RDWR);
	posix_handle_close(&l->h);
}

/* Takes one connection with the spare descriptor and closes it. */
static int refuse_one(struct port_listener *l)
{
	int fd;

	if (spare >= 0) {
		close(spare);
		spare = -1;
		fd = accept4(l->h.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
		posix_reserve_fill();
		if (fd >= 0) {
			posix_handle_due(&l->h); /* there may be more of them */
			return E_NOSLOT;
		}
		if (errno == EAGAIN)
			return E_AGAIN;
	}
	starve(l);
	return E_NOSLOT;
}

/* Faults of one connection that never came to be; the next may be good. */
static bool is_passing(int error)
{
	return error != EBADF && error != EINVAL && error != ENOTSOCK && error != EFAULT;
}

int port_accept(struct port_listener *l, port_owner owner, struct port_tcp **out,
	struct port_addr *peer)
{
	union posix_sockaddr addr;

	for (int i = 0; i < HOPELESS_ROUNDS; i++) {
		socklen_t len = sizeof addr;
		int fd = accept4(l->h.fd, &addr.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			posix_addr_in(&addr, peer);
			*out = posix_tcp_new(fd, owner, false);
			if (*out != NULL)
				return E_OK;
			close(fd);
			posix_handle_due(&l->h);
			return E_NOSLOT;
		}
		if (errno == EAGAIN)
			return E_AGAIN;
		if (posix_is_want(errno))
			return refuse_one(l);
		if (!is_passing(errno))
			return E_AGAIN;
	}
	posix_handle_due(&l->h);
	return E_AGAIN;
}
