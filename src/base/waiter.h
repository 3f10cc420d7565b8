/*
 * waiter.h - who has to run: the set of owners that are due, and first-come-first-served lists of
 * owners that wait for something that has no port handle (a DNS answer, a lent buffer, a slot).
 */
#ifndef BASE_WAITER_H
#define BASE_WAITER_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/* The kinds of owners; an owner is a kind and the index of its slot. */
enum owner_kind { OWNER_NONE, OWNER_SESSION, OWNER_LISTENER, OWNER_CONSOLE, OWNER_DNS,
	OWNER_SERVICE, OWNER_KINDS };

#define OWNER_SERVICES 16 /* non-session work: accepting consoles, renewal, retries */

/* The owner of a kind and a slot's index. */
port_owner owner_of(enum owner_kind kind, uint16_t index);

/* Its kind. */
enum owner_kind owner_kind(port_owner owner);

/* The index of its slot. */
uint16_t owner_index(port_owner owner);

/* Makes an owner run at the next pass of the loop; once, however often it is marked.
 * PORT_OWNER_NONE is ignored. */
void due_mark(port_owner owner);

/* Takes the owner that has been due longest. False when none is. */
bool due_take(port_owner *out);

/* Whether any owner is due, and how many are. */
bool due_any(void);
unsigned due_count(void);

/* A place in a waiting list, inside the object that waits. Zeroed: not waiting. */
struct waiter {
	struct waiter *next, *prev;
	struct waiter_list *list;
	port_owner owner;
};

/* A list of waiting places. Zeroed: empty. */
struct waiter_list {
	struct waiter *first, *last;
};

/* Stands at the end of the list for an owner; nothing when it stands in this list already. */
void waiter_join(struct waiter_list *list, struct waiter *w, port_owner owner);

/* Leaves the list it stands in, if any. */
void waiter_leave(struct waiter *w);

/* Whether `w` is the first of the list, or the list is empty: whose turn it is. */
bool waiter_turn(const struct waiter_list *list, const struct waiter *w);

/* Marks the first in the list due; it stays in the list until it leaves. */
void waiter_wake(struct waiter_list *list);

/* Marks all due and empties the list. */
void waiter_wake_all(struct waiter_list *list);

/* Nobody due. */
void due_reset(void);

#endif
