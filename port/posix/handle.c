/*
 * handle.c - slots of everything the event loop watches, and the list of handles that are to be
 * reported without an event. See posix.h for the scheme.
 */
#include "posix.h"

#include <sys/epoll.h>

#define LINGER_MAX 32

struct port_tcp posix_tcp_table[BOARD_TCP_MAX];
struct port_listener posix_listener_table[BOARD_LISTENER_MAX];
struct port_udp posix_udp_table[BOARD_UDP_MAX];
struct port_console posix_console_table[BOARD_CONSOLE_MAX];
struct port_file posix_file_table[BOARD_FILE_MAX];
struct port_object posix_object_table[BOARD_OBJECT_MAX];
static struct posix_lingerer linger_table[LINGER_MAX];
static struct posix_handle single_table[3]; /* control socket, signals, parent */

_Static_assert(BOARD_TCP_MAX < UINT16_MAX, "a slot's index has 16 bits");

static const struct {
	void *base;
	size_t size;
	uint16_t count;
} tables[POSIX_KINDS] = {
	[POSIX_TCP] = { posix_tcp_table, sizeof posix_tcp_table[0], BOARD_TCP_MAX },
	[POSIX_LISTENER] = { posix_listener_table, sizeof posix_listener_table[0], BOARD_LISTENER_MAX },
	[POSIX_UDP] = { posix_udp_table, sizeof posix_udp_table[0], BOARD_UDP_MAX },
	[POSIX_LINGER] = { linger_table, sizeof linger_table[0], LINGER_MAX },
	[POSIX_CONSOLE] = { posix_console_table, sizeof posix_console_table[0], BOARD_CONSOLE_MAX },
	[POSIX_CONTROL] = { &single_table[0], sizeof single_table[0], 1 },
	[POSIX_SIGNAL] = { &single_table[1], sizeof single_table[0], 1 },
	[POSIX_FILE] = { posix_file_table, sizeof posix_file_table[0], BOARD_FILE_MAX },
	[POSIX_OBJECT] = { posix_object_table, sizeof posix_object_table[0], BOARD_OBJECT_MAX },
	[POSIX_PARENT] = { &single_table[2], sizeof single_table[0], 1 },
};

static struct { uint16_t used, free; } states[POSIX_KINDS];
static struct posix_handle *due_first, *due_last;

static struct posix_handle *slot(unsigned kind, unsigned index)
{
	void *at = (char *)tables[kind].base + index * tables[kind].size;

	return at;
}

struct posix_handle *posix_handle_take(enum posix_kind kind, int fd, port_owner owner)
{
	struct posix_handle *h;
	uint16_t index;

	if (states[kind].free != 0) {
		index = (uint16_t)(states[kind].free - 1);
		h = slot(kind, index);
		states[kind].free = h->next_free;
	} else if (states[kind].used < tables[kind].count) {
		index = states[kind].used++;
		h = slot(kind, index);
		h->index = index;
		h->kind = (uint8_t)kind;
	} else {
		return NULL;
	}
	h->fd = fd;
	h->owner = owner;
	h->used = true;
	return h;
}

int posix_handle_watch(struct posix_handle *h, int fd, bool again)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	ev.data.u64 = (uint64_t)h->kind << 56 | (uint64_t)h->index << 32 | h->generation;
	h->fd = fd;
	return epoll_ctl(posix_epoll, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) == 0 ?
		E_OK : E_NOSLOT;
}

struct posix_handle *posix_handle_new(enum posix_kind kind, int fd, port_owner owner)
{
	struct posix_handle *h = posix_handle_take(kind, fd, owner);

	if (h != NULL && posix_handle_watch(h, fd, false) != E_OK) {
		posix_handle_free(h);
		h = NULL;
	}
	return h;
}

static void due_remove(struct posix_handle *h)
{
	if (h->due_prev != NULL)
		h->due_prev->due_next = h->due_next;
	else
		due_first = h->due_next;
	if (h->due_next != NULL)
		h->due_next->due_prev = h->due_prev;
	else
		due_last = h->due_prev;
	h->due = false;
}

void posix_handle_free(struct posix_handle *h)
{
	if (h->due)
		due_remove(h);
	h->used = false;
	h->fd = -1;
	h->generation++;
	h->next_free = states[h->kind].free;
	states[h->kind].free = (uint16_t)(h->index + 1);
}

void posix_handle_close(struct posix_handle *h)
{
	close(h->fd);
	posix_handle_free(h);
	posix_freed();
}

struct posix_handle *posix_handle_find(uint64_t key)
{
	unsigned kind = (unsigned)(key >> 56), index = (unsigned)(key >> 32) & 0xffffffu;
	struct posix_handle *h;

	if (kind >= POSIX_KINDS || index >= states[kind].used)
		return NULL;
	h = slot(kind, index);
	return h->used && h->generation == (uint32_t)key ? h : NULL;
}

void posix_handle_due(struct posix_handle *h)
{
	if (h->due)
		return;
	h->due = true;
	h->due_next = NULL;
	h->due_prev = due_last;
	if (due_last != NULL)
		due_last->due_next = h;
	else
		due_first = h;
	due_last = h;
}

int posix_due_take(port_owner *owners, int cap)
{
	int n = 0;

	while (n < cap && due_first != NULL) {
		struct posix_handle *h = due_first;

		due_remove(h);
		if (h->owner != PORT_OWNER_NONE)
			owners[n++] = h->owner;
	}
	return n;
}
