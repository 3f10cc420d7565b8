/*
 * rpc.c - what the unprivileged child asks of its parent: messages of fixed size over a pair of
 * sockets that keep message boundaries, one at a time, with a serial number so that an answer that
 * comes after we gave up is not taken for another. Descriptors come along as ancillary data.
 */
#include "posix.h"

#include <poll.h>

#define ANSWER_MS 10000

static int sock = -1;
static uint32_t serial;

union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

bool posix_has_parent(void)
{
	return sock >= 0;
}

int posix_rpc_start(int fd)
{
	sock = fd;
	return posix_handle_new(POSIX_PARENT, fd, PORT_OWNER_NONE) != NULL ? E_OK : E_IO;
}

/* The parent says nothing by itself: an event between questions is its end. */
bool posix_parent_event(struct posix_handle *h, port_owner *owner)
{
	struct posix_reply late;
	ssize_t n = recv(h->fd, &late, sizeof late, MSG_DONTWAIT | MSG_PEEK);

	(void)owner;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		posix_signals |= PORT_SIGNAL_STOP;
	return false;
}

ssize_t posix_send_fd(int to, const void *buf, size_t len, int fd)
{
	union control control;
	struct iovec io = { .iov_len = len };
	struct msghdr msg;
	struct cmsghdr *head;
	ssize_t n;

	memcpy(&io.iov_base, &buf, sizeof buf); /* sendmsg() does not write there */
	memset(&msg, 0, sizeof msg);
	memset(&control, 0, sizeof control);
	msg.msg_iov = &io;
	msg.msg_iovlen = 1;
	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof control.space;
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	do {
		n = sendmsg(to, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n;
}

ssize_t posix_receive_fd(int from, void *buf, size_t cap, int *fd)
{
	union control control;
	struct iovec io = { .iov_base = buf, .iov_len = cap };
	struct msghdr msg;
	struct cmsghdr *head;
	ssize_t n;

	memset(&msg, 0, sizeof msg);
	memset(&control, 0, sizeof control);
	msg.msg_iov = &io;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof control.space;
	*fd = -1;
	do {
		n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return n;
	head = CMSG_FIRSTHDR(&msg);
	if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
			head->cmsg_len == CMSG_LEN(sizeof *fd))
		memcpy(fd, CMSG_DATA(head), sizeof *fd);
	return n;
}

/* Waits for an answer until the time; false: none came. */
static bool answered(uint64_t until_ms)
{
	uint64_t now_ms = port_clock_ms();
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int n = -1;

	while (n < 0 && now_ms < until_ms) {
		n = poll(&p, 1, (int)(until_ms - now_ms));
		if (n < 0 && errno != EINTR)
			return false;
		now_ms = port_clock_ms();
	}
	return n > 0;
}

int posix_ask(enum posix_op op, const void *data, size_t len, const struct port_addr *addr,
	int *fd)
{
	static struct posix_request request;
	uint64_t until_ms = port_clock_ms() + ANSWER_MS;
	struct posix_reply reply;
	ssize_t sent;
	int got;

	if (fd != NULL)
		*fd = -1;
	if (len > sizeof request.data)
		return E_ARG;
	memset(&request, 0, sizeof request);
	request.op = op;
	request.serial = ++serial;
	request.len = (uint32_t)len;
	if (len > 0)
		memcpy(request.data, data, len);
	if (addr != NULL)
		request.addr = *addr;
	sent = posix_send_fd(sock, &request, sizeof request, -1);
	memset(request.data, 0, sizeof request.data); /* a configuration holds secrets */
	if (sent != (ssize_t)sizeof request)
		return E_IO;
	while (answered(until_ms)) {
		ssize_t n = posix_receive_fd(sock, &reply, sizeof reply, &got);

		if (n <= 0 && !(n < 0 && errno == EAGAIN))
			return E_IO;
		if (n == (ssize_t)sizeof reply && reply.serial == serial) {
			if (fd != NULL)
				*fd = got;
			else if (got >= 0)
				close(got);
			/* The descriptor was sent but found no room here. */
			return reply.result >= 0 && fd != NULL && got < 0 ? E_NOSLOT : (int)reply.result;
		}
		if (got >= 0)
			close(got);
	}
	return E_IO;
}
