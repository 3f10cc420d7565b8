/*
 * udp.c - one socket for one exchange. The socket is connected, so that the system drops what other
 * senders send; its local port is one that the system draws at random.
 */
#include "posix.h"

int port_udp_open(const struct port_addr *server, port_owner owner, struct port_udp **out)
{
	union posix_sockaddr addr;
	socklen_t len = posix_addr_out(server, &addr);
	struct posix_handle *h = NULL;
	int result = E_NOSLOT;
	int fd = socket(addr.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return posix_is_want(errno) ? E_NOSLOT : E_UNREACH;
	if (connect(fd, &addr.any, len) != 0)
		result = posix_is_want(errno) || errno == EAGAIN ? E_NOSLOT : E_UNREACH;
	else
		h = posix_handle_new(POSIX_UDP, fd, owner);
	if (h == NULL) {
		close(fd);
		return result;
	}
	*out = &posix_udp_table[h->index];
	return E_OK;
}

int port_udp_send(struct port_udp *u, const void *buf, size_t len)
{
	ssize_t n;
	int result;

	do {
		n = send(u->h.fd, buf, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return E_OK;
	if (posix_is_want(errno)) {
		posix_handle_due(&u->h);
		return E_AGAIN;
	}
	result = posix_net_error(errno);
	return result == E_AGAIN || result == E_REFUSED ? result : E_UNREACH;
}

int port_udp_receive(struct port_udp *u, void *buf, size_t cap)
{
	ssize_t n;

	do {
		n = recv(u->h.fd, buf, cap, MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || posix_is_want(errno) ? E_AGAIN : E_REFUSED;
}

void port_udp_close(struct port_udp *u)
{
	posix_handle_close(&u->h);
}
