/*
 * session.c - the life of a session between accept and free: pump, pump, step; wake-ups; the end.
 *
 * Wake-ups stand in an array of their own, so that looking for the nearest touches no session.
 */
#include "gateway/session.h"

#include <string.h>

#include "base/log.h"
#include "board.h"
#include "gateway/limits.h"
#include "gateway/listeners.h"
#include "io/pools.h"

enum { BUDGET_STEPS = 64, LENT_MAX_MS = 30000, LENT_ALONE_MS = 600000 };

POOL_DEFINE(session, struct session, BOARD_SESSIONS);

static struct {
	uint64_t wake_ms[BOARD_SESSIONS];
	uint64_t next_id;
	unsigned high; /* one above the highest index ever used since the reset */
} life;

struct session *session_new(void)
{
	struct session *s = pool_get(&pool_session);
	uint16_t index;

	if (s == NULL)
		return NULL;
	index = pool_index(&pool_session, s);
	if (index >= life.high)
		life.high = index + 1u;
	life.wake_ms[index] = UINT64_MAX;
	return s;
}

void session_begin(struct session *s)
{
	s->id = ++life.next_id;
	s->opened_ms = port_clock_ms();
}

void session_drop(struct session *s)
{
	pool_put(&pool_session, s);
}

port_owner session_owner(const struct session *s)
{
	return owner_of(OWNER_SESSION, pool_index(&pool_session, s));
}

void session_wake_at(struct session *s, uint64_t at_ms)
{
	life.wake_ms[pool_index(&pool_session, s)] = at_ms;
}

static void session_free(struct session *s, int why)
{
	uint16_t index = pool_index(&pool_session, s);

	if (s->state != NULL)
		s->type->end(s);
	if (s->reset || (why != E_EOF && why != E_OK)) {
		chan_abort(&s->down);
		chan_abort(&s->up);
	} else {
		chan_close(&s->down);
		chan_close(&s->up);
	}
	if (s->counted)
		limits_client_leave(&s->peer);
	listeners_release(&s->policy);
	life.wake_ms[index] = UINT64_MAX;
	pool_put(&pool_session, s);
}

/* One round of pump, pump, step. */
static int session_round(struct session *s)
{
	int down = chan_pump(&s->down);
	int up = chan_is_open(&s->up) ? chan_pump(&s->up) : 0;
	int moved = s->type->step(s);

	if (moved < 0)
		return moved;
	return moved + (down > 0) + (up > 0);
}

/* Where nobody waits for a record buffer, a client that pauses in the middle of a long message may
 * keep its own for a while. */
static uint32_t lent_max_ms(void)
{
	for (int class = BUFFER_SMALL; class <= BUFFER_LARGE; class++)
		if (buffer_wanted((enum buffer_class)class))
			return LENT_MAX_MS;
	return LENT_ALONE_MS;
}

static bool holds_too_long(const struct session *s, uint64_t now_ms, uint32_t max_ms)
{
	uint64_t down = chan_lent_since_ms(&s->down), up = chan_lent_since_ms(&s->up);

	return (down != 0 && now_ms - down > max_ms) || (up != 0 && now_ms - up > max_ms);
}

void session_run(uint16_t index)
{
	struct session *s = pool_at(&pool_session, index);
	int moved = 1;

	if (s == NULL)
		return;
	for (int i = 0; i < BUDGET_STEPS && moved > 0; i++)
		moved = session_round(s);
	if (moved < 0)
		session_free(s, moved);
	else if (moved > 0)
		due_mark(session_owner(s));
}

PORT_IDLE uint64_t session_nearest_ms(void)
{
	uint64_t nearest = UINT64_MAX;

	for (unsigned i = 0; i < life.high; i++)
		if (life.wake_ms[i] < nearest)
			nearest = life.wake_ms[i];
	return nearest;
}

PORT_IDLE void session_wake_due(uint64_t now_ms)
{
	for (unsigned i = 0; i < life.high; i++) {
		if (life.wake_ms[i] > now_ms)
			continue;
		life.wake_ms[i] = UINT64_MAX;
		due_mark(owner_of(OWNER_SESSION, (uint16_t)i));
	}
}

PORT_IDLE void session_check_lent(uint64_t now_ms)
{
	uint32_t max_ms = lent_max_ms();

	for (unsigned i = 0; i < life.high; i++) {
		struct session *s = pool_at(&pool_session, (uint16_t)i);

		if (s == NULL || !holds_too_long(s, now_ms, max_ms))
			continue;
		log_line(PORT_LOG_WARN, "session %llu: held a record buffer too long",
			(unsigned long long)s->id);
		s->reset = true;
		session_free(s, E_TIMEOUT);
	}
}

void session_stop_all(bool hard)
{
	for (struct session *s = session_next(0); s != NULL;
			s = session_next(pool_index(&pool_session, s) + 1u)) {
		s->type->stop(s, hard);
		due_mark(session_owner(s));
	}
}

unsigned session_count(void)
{
	return pool_session.now;
}

struct session *session_next(unsigned from)
{
	for (unsigned i = from; i < life.high; i++) {
		struct session *s = pool_at(&pool_session, (uint16_t)i);

		if (s != NULL)
			return s;
	}
	return NULL;
}

void session_reset(void)
{
	memset(&life, 0, sizeof life);
}
