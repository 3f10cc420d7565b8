/*
 * console.c - the consoles as sessions: one slot each, one command at a time.
 *
 * A step writes what is waiting, then does what the state says: reads the next line (person.c, or
 * input.c for scripts) or runs the command in hand (work.c). Output stops at the pager's question.
 */
#include "console/console.h"

#include <string.h>

#include "base/waiter.h"
#include "board.h"
#include "console/slot.h"

enum { STEPS = 64 };

_Static_assert(CONSOLE_LINE_MAX == EDIT_LINE_MAX, "the editor works in the slot's line");
_Static_assert(EDIT_DRAW_MAX < CONSOLE_OUT_MAX, "the editor's row fits the slot's output");

const char *const console_state_name[CONSOLE_STATE_COUNT] = {
#define STATE_TEXT(name, text) text,
	CONSOLE_STATES(STATE_TEXT)
#undef STATE_TEXT
};

POOL_DEFINE(consoles, struct console, BOARD_CONSOLES);

port_owner console_owner(const struct console *c)
{
	return owner_of(OWNER_CONSOLE, pool_index(&pool_consoles, c));
}

/* ---- output ---- */

struct fmt console_room(struct console *c)
{
	return fmt_on(c->out + c->out_at + c->out_len, sizeof c->out - c->out_at - c->out_len);
}

void console_said(struct console *c, const struct fmt *f)
{
	c->out_len = (uint16_t)(c->out_len + f->len);
}

/* Takes what write() gave: > 0 that many went out, 0: none now, < 0: the far end is gone. */
static int wrote(int n)
{
	return n == E_AGAIN ? 0 : n;
}

static int flush_urgent(struct console *c)
{
	int n = wrote(port_console_write(c->port, c->urgent, strlen(c->urgent)));

	c->urgent += n > 0 ? n : 0;
	if (*c->urgent == '\0')
		c->urgent = NULL;
	return n;
}

/* > 0: something went out, 0: nothing waits or nothing can go, < 0: the far end is gone. */
static int flush(struct console *c)
{
	const char *from = c->out + c->out_at;
	size_t room;
	int n;

	if (c->urgent != NULL)
		return flush_urgent(c);
	if (c->out_len == 0 || c->question)
		return 0;
	room = pager_room(&c->pager, from, c->out_len);
	if (room == 0) {
		c->question = true;
		c->urgent = PAGER_QUESTION;
		return flush_urgent(c);
	}
	n = wrote(port_console_write(c->port, from, room));
	if (n <= 0)
		return n;
	pager_wrote(&c->pager, from, (size_t)n);
	c->out_at = (uint16_t)(c->out_at + n);
	c->out_len = (uint16_t)(c->out_len - n);
	if (c->out_len == 0)
		c->out_at = 0;
	return n;
}

/* ---- begin and end ---- */

void console_accept(void)
{
	static const char ask_size[] = "\0337\033[999;999H\033[6n\0338";

	for (;;) {
		struct console *c = pool_get(&pool_consoles);

		if (c == NULL)
			return;
		if (port_console_accept(console_owner(c), &c->port, &c->info) != E_OK) {
			pool_put(&pool_consoles, c);
			return;
		}
		edit_size(&c->edit, c->info.columns, c->info.interactive ? c->info.rows : 0);
		if (c->info.interactive && c->info.columns == 0)
			c->urgent = ask_size;
		due_mark(console_owner(c));
	}
}

static int close_down(struct console *c)
{
	bool was_full = pool_consoles.now == pool_consoles.count;

	work_cancel(c);
	port_console_close(c->port, c->status);
	pool_put(&pool_consoles, c);
	if (was_full)
		console_accept();
	return E_EOF;
}

PORT_IDLE uint64_t console_deadline_ms(void)
{
	uint64_t at = UINT64_MAX;

	for (uint16_t i = 0; i < BOARD_CONSOLES; i++) {
		const struct console *c = pool_at(&pool_consoles, i);

		if (c != NULL && c->quiet_ms != 0 && c->quiet_ms < at)
			at = c->quiet_ms;
	}
	return at;
}

PORT_IDLE void console_tick(uint64_t now_ms)
{
	for (uint16_t i = 0; i < BOARD_CONSOLES; i++) {
		struct console *c = pool_at(&pool_consoles, i);

		if (c == NULL || c->quiet_ms == 0 || c->quiet_ms > now_ms)
			continue;
		c->quiet_ms = 0;
		due_mark(console_owner(c));
	}
}

/* ---- steps ---- */

static int script_read(struct console *c)
{
	int e;

	if (c->state == CONSOLE_READING && !c->ready) {
		port_console_ask(c->port, PORT_ASK_COMMAND);
		c->ready = true;
		return 1;
	}
	e = input_line(c);
	if (e == E_AGAIN)
		return 0;
	if (c->state == CONSOLE_ASKING)
		return work_answer(c, e == E_EOF);
	c->state = e == E_EOF ? CONSOLE_ENDING : CONSOLE_STARTING;
	return 1;
}

static int read_input(struct console *c)
{
	return c->info.interactive ? person_read(c) : script_read(c);
}

static int step(struct console *c)
{
	static int (*const steps[CONSOLE_STATE_COUNT])(struct console *) = {
		[CONSOLE_READING] = read_input, [CONSOLE_STARTING] = work_start,
		[CONSOLE_RUNNING] = work_run, [CONSOLE_ASKING] = read_input,
		[CONSOLE_OFFERING] = work_offer, [CONSOLE_ENDING] = close_down,
	};
	int n = flush(c);

	if (n < 0)
		return close_down(c);
	if (c->urgent != NULL || (c->out_len > 0 && !c->question))
		return n;
	return c->question ? person_page(c) : steps[c->state](c);
}

int console_step(uint16_t index)
{
	struct console *c = pool_at(&pool_consoles, index);
	int moved = 1;

	if (c == NULL)
		return E_EOF;
	for (int i = 0; i < STEPS && moved > 0; i++)
		moved = step(c);
	if (moved > 0)
		due_mark(owner_of(OWNER_CONSOLE, index));
	return moved;
}
