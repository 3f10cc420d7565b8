/*
 * pools.c - buffers lent by class, first come first served in each class.
 *
 * A class wakes one waiter for each buffer that comes back; the woken one stays first in line
 * until it has taken its buffer, and wakes the next when there is more. So nobody is overtaken,
 * and nobody is woken for nothing more than once.
 */
#include "io/pools.h"

#include <string.h>

#include "board.h"

#define BUFFER_POOL(name, pool, bytes) typedef struct { uint8_t p[bytes]; } pool##_buffer;
BUFFER_LIST(BUFFER_POOL)
#undef BUFFER_POOL

POOL_DEFINE(lines, lines_buffer, BOARD_LINES);
POOL_DEFINE(outputs, outputs_buffer, BOARD_OUTPUTS);
POOL_DEFINE(records_small, records_small_buffer, BOARD_RECORDS_SMALL);
POOL_DEFINE(records_mid, records_mid_buffer, BOARD_RECORDS_MID);
POOL_DEFINE(records_large, records_large_buffer, BOARD_RECORDS_LARGE);

#define BUFFER_ROW(name, pool, bytes) [BUFFER_##name] = &pool_##pool,
static struct pool *const pools[BUFFER_CLASSES] = { BUFFER_LIST(BUFFER_ROW) };
#undef BUFFER_ROW

static struct waiter_list lists[BUFFER_CLASSES];

size_t buffer_size(enum buffer_class class)
{
	return pools[class]->size;
}

enum buffer_class buffer_class_for(size_t len)
{
	return len <= RECORD_SMALL_BYTES ? BUFFER_SMALL :
		len <= RECORD_MID_BYTES ? BUFFER_MID : BUFFER_LARGE;
}

void wait_leave(struct waiter *w)
{
	struct waiter_list *list = w->list;
	bool first = list != NULL && list->first == w;

	waiter_leave(w);
	if (first)
		waiter_wake(list);
}

uint8_t *buffer_take(enum buffer_class class, struct waiter *w, port_owner owner)
{
	struct waiter_list *list = &lists[class];
	uint8_t *p = waiter_turn(list, w) ? pool_get_raw(pools[class]) : NULL;

	if (p == NULL) {
		if (w->list != list)
			wait_leave(w);
		waiter_join(list, w, owner);
		return NULL;
	}
	if (w->list == list)
		waiter_leave(w);
	if (pools[class]->now < pools[class]->count)
		waiter_wake(list);
	return p;
}

uint8_t *buffer_ask(enum buffer_class class, struct waiter *w, port_owner owner)
{
	if (w->list != NULL && w->list != &lists[class])
		return buffer_now(class);
	return buffer_take(class, w, owner);
}

uint8_t *buffer_now(enum buffer_class class)
{
	return lists[class].first == NULL ? pool_get_raw(pools[class]) : NULL;
}

uint8_t *buffer_try(enum buffer_class class)
{
	return pools[class]->now < pools[class]->count / 2 ? buffer_now(class) : NULL;
}

void buffer_give(enum buffer_class class, uint8_t *p)
{
	pool_put(pools[class], p);
	waiter_wake(&lists[class]);
}

PORT_IDLE bool buffer_wanted(enum buffer_class class)
{
	return lists[class].first != NULL;
}

void buffers_reset(void)
{
	memset(lists, 0, sizeof lists);
	for (unsigned i = 0; i < BUFFER_CLASSES; i++)
		pool_reset(pools[i]);
}
