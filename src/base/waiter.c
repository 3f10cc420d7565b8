/*
 * waiter.c - the due set (a ring of owners and a bit each, so that none stands twice) and waiting
 * lists.
 */
#include "base/waiter.h"

#include <string.h>

#include "board.h"

static const uint16_t kind_count[OWNER_KINDS] = {
	[OWNER_SESSION] = BOARD_SESSIONS, [OWNER_LISTENER] = BOARD_LISTENERS,
	[OWNER_CONSOLE] = BOARD_CONSOLES, [OWNER_DNS] = BOARD_DNS_QUERIES,
	[OWNER_SERVICE] = OWNER_SERVICES,
};

enum { OWNERS = BOARD_SESSIONS + BOARD_LISTENERS + BOARD_CONSOLES + BOARD_DNS_QUERIES +
	OWNER_SERVICES };

static struct {
	port_owner ring[OWNERS];
	uint32_t bits[(OWNERS + 31) / 32];
	uint32_t head, len;
} due;

port_owner owner_of(enum owner_kind kind, uint16_t index)
{
	return (port_owner)kind << 24 | index;
}

enum owner_kind owner_kind(port_owner owner)
{
	return (enum owner_kind)(owner >> 24);
}

uint16_t owner_index(port_owner owner)
{
	return (uint16_t)(owner & 0xffff);
}

static unsigned bit_of(port_owner owner)
{
	unsigned at = owner_index(owner);

	for (unsigned k = OWNER_SESSION; k < (unsigned)owner_kind(owner); k++)
		at += kind_count[k];
	return at;
}

void due_mark(port_owner owner)
{
	enum owner_kind kind = owner_kind(owner);
	unsigned bit;

	if (kind == OWNER_NONE)
		return;
	if (kind >= OWNER_KINDS || owner_index(owner) >= kind_count[kind])
		port_panic(__FILE__, __LINE__, "owner out of range");
	bit = bit_of(owner);
	if ((due.bits[bit / 32] >> (bit % 32) & 1) != 0)
		return;
	due.bits[bit / 32] |= UINT32_C(1) << (bit % 32);
	due.ring[(due.head + due.len++) % OWNERS] = owner;
}

PORT_IDLE bool due_take(port_owner *out)
{
	unsigned bit;

	if (due.len == 0)
		return false;
	*out = due.ring[due.head];
	due.head = (due.head + 1) % OWNERS;
	due.len--;
	bit = bit_of(*out);
	due.bits[bit / 32] &= ~(UINT32_C(1) << (bit % 32));
	return true;
}

PORT_IDLE bool due_any(void)
{
	return due.len > 0;
}

PORT_IDLE unsigned due_count(void)
{
	return due.len;
}

void due_reset(void)
{
	memset(&due, 0, sizeof due);
}

void waiter_join(struct waiter_list *list, struct waiter *w, port_owner owner)
{
	if (w->list == list)
		return;
	waiter_leave(w);
	*w = (struct waiter){ NULL, list->last, list, owner };
	if (list->last != NULL)
		list->last->next = w;
	else
		list->first = w;
	list->last = w;
}

void waiter_leave(struct waiter *w)
{
	if (w->list == NULL)
		return;
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		w->list->first = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	else
		w->list->last = w->prev;
	*w = (struct waiter){ 0 };
}

bool waiter_turn(const struct waiter_list *list, const struct waiter *w)
{
	return list->first == NULL || list->first == w;
}

PORT_IDLE void waiter_wake(struct waiter_list *list)
{
	if (list->first != NULL)
		due_mark(list->first->owner);
}

void waiter_wake_all(struct waiter_list *list)
{
	while (list->first != NULL) {
		due_mark(list->first->owner);
		waiter_leave(list->first);
	}
}
