/* wire.c - see wire.h. Everything is edge triggered: read and write until the other side is dry. */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

bool wire_open(struct wire *w, int poll, int fd, SSL *ssl, void *owner)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int on = 1;

	memset(w, 0, offsetof(struct wire, in));
	w->fd = fd;
	w->ssl = ssl;
	w->ready = ssl == NULL;
	w->in_len = w->out_len = 0;
	event.data.ptr = owner;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return false;
	if (ssl != NULL && SSL_set_fd(ssl, fd) != 1)
		return false;
	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* What a result of OpenSSL means to us. */
static int tls_result(struct wire *w, int result)
{
	switch (SSL_get_error(w->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return WIRE_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return WIRE_END;
	default:
		return WIRE_FAULT;
	}
}

int wire_handshake(struct wire *w)
{
	int result;

	if (w->ready)
		return 1;
	ERR_clear_error();
	result = SSL_do_handshake(w->ssl);
	if (result == 1)
		w->ready = true;
	else if (tls_result(w, result) == WIRE_AGAIN)
		return WIRE_AGAIN;
	return result == 1 ? 1 : WIRE_FAULT;
}

long wire_read(struct wire *w, void *to, size_t size)
{
	long got;

	if (w->ssl != NULL) {
		ERR_clear_error();
		got = SSL_read(w->ssl, to, (int)size);
		return got > 0 ? got : tls_result(w, (int)got);
	}
	got = read(w->fd, to, size);
	if (got >= 0)
		return got;
	return errno == EAGAIN ? WIRE_AGAIN : WIRE_FAULT;
}

long wire_write(struct wire *w, const void *from, size_t size)
{
	long put;
	int why;

	if (size == 0)
		return 0;
	if (w->ssl != NULL) {
		ERR_clear_error();
		put = SSL_write(w->ssl, from, (int)size);
		if (put > 0)
			return put;
		why = tls_result(w, (int)put);
		return why == WIRE_AGAIN ? 0 : WIRE_FAULT;
	}
	put = send(w->fd, from, size, MSG_NOSIGNAL);
	if (put >= 0)
		return put;
	return errno == EAGAIN ? 0 : WIRE_FAULT;
}

bool wire_say(struct wire *w, const char *text)
{
	size_t size = strlen(text);

	if (w->out_len + size > sizeof w->out)
		return false;
	memcpy(w->out + w->out_len, text, size);
	w->out_len += size;
	return true;
}

bool wire_flush(struct wire *w)
{
	while (w->out_len > 0) {
		long put = wire_write(w, w->out, w->out_len);

		if (put <= 0)
			return put == 0;
		w->out_len -= (size_t)put;
		memmove(w->out, w->out + put, w->out_len);
	}
	return true;
}

long wire_fill(struct wire *w)
{
	long got;

	if (w->in_len == sizeof w->in)
		return WIRE_FAULT;
	got = wire_read(w, w->in + w->in_len, sizeof w->in - w->in_len);
	if (got > 0)
		w->in_len += (size_t)got;
	return got;
}

char *wire_line(struct wire *w)
{
	static char line[WIRE_LINE + 1];
	char *end = memchr(w->in, '\n', w->in_len);
	size_t size;

	if (end == NULL)
		return NULL;
	size = (size_t)(end - w->in);
	memcpy(line, w->in, size);
	if (size > 0 && line[size - 1] == '\r')
		line[size - 1] = '\0';
	line[size] = '\0';
	w->in_len -= size + 1;
	memmove(w->in, end + 1, w->in_len);
	return line;
}

void wire_finish(struct wire *w)
{
	if (w->ssl != NULL && w->ready) {
		ERR_clear_error();
		SSL_shutdown(w->ssl);
	}
	shutdown(w->fd, SHUT_WR);
}

void wire_close(struct wire *w)
{
	if (w->fd < 0)
		return;
	SSL_free(w->ssl);
	close(w->fd);
	w->ssl = NULL;
	w->fd = -1;
}

const char *bulk_at(size_t at, size_t *size)
{
	static char rows[(WIRE_CHUNK / WIRE_ROW + 2) * WIRE_ROW];
	size_t left = BULK_OCTETS - at;

	if (rows[0] == '\0') {
		for (size_t i = 0; i < sizeof rows; i++)
			rows[i] = (char)('A' + i % WIRE_ROW % 57);
		for (size_t i = 0; i < sizeof rows; i += WIRE_ROW)
			memcpy(rows + i + WIRE_ROW - 2, "\r\n", 2);
	}
	*size = left < WIRE_CHUNK ? left : WIRE_CHUNK;
	return rows + at % WIRE_ROW;
}

double now_s(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}
