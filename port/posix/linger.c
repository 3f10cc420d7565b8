/*
 * linger.c - connections that the core has closed while their peer may still be sending. Their
 * input is thrown away until the peer ends or two seconds have passed. A few may linger at once;
 * the oldest makes room.
 */
#include "posix.h"

#define LINGER_MS 2000
#define DRAIN_ROUNDS 16

static struct posix_lingerer *first, *last;

static struct posix_lingerer *whole(struct posix_handle *h)
{
	void *at = h;

	return at;
}

/* True when the connection is over. */
static bool drain(int fd)
{
	static char waste[4096];
	ssize_t n;

	for (int i = 0; i < DRAIN_ROUNDS; i++) {
		n = recv(fd, waste, sizeof waste, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return true;
		if (n < 0 && errno == EAGAIN)
			return false;
	}
	/* Somebody who sends that fast has no interest in our last words. */
	return true;
}

static void end(struct posix_lingerer *l)
{
	if (l->prev != NULL)
		l->prev->next = l->next;
	else
		first = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	else
		last = l->prev;
	posix_handle_close(&l->h);
}

void posix_linger(struct posix_handle *h)
{
	int fd = h->fd;
	struct posix_handle *place;
	struct posix_lingerer *l;

	if (drain(fd)) {
		posix_handle_close(h);
		return;
	}
	posix_handle_free(h);
	place = posix_handle_take(POSIX_LINGER, fd, PORT_OWNER_NONE);
	if (place == NULL) {
		end(first);
		place = posix_handle_take(POSIX_LINGER, fd, PORT_OWNER_NONE);
	}
	l = whole(place);
	l->deadline_ms = port_clock_ms() + LINGER_MS;
	l->next = NULL;
	l->prev = last;
	if (last != NULL)
		last->next = l;
	else
		first = l;
	last = l;
	if (posix_handle_watch(place, fd, true) != E_OK)
		end(l);
	else
		posix_freed(); /* the slot, if not the descriptor */
}

bool posix_linger_event(struct posix_handle *h, port_owner *owner)
{
	(void)owner;
	if (drain(h->fd))
		end(whole(h));
	return false;
}

PORT_IDLE uint32_t posix_linger_expire(void)
{
	uint64_t now_ms;

	if (first == NULL)
		return UINT32_MAX;
	now_ms = port_clock_ms();
	while (first != NULL && first->deadline_ms <= now_ms)
		end(first);
	return first != NULL ? (uint32_t)(first->deadline_ms - now_ms) : UINT32_MAX;
}
