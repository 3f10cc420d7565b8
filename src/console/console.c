/*
 * console.c - the consoles as sessions: one slot each, one command at a time.
 *
 * A step writes what is waiting, then either runs the command in hand or reads the next line. A
 * command's output fits the slot's buffer each time it is called; it is called again when that has
 * gone out.
 */
#include "console/console.h"

#include <string.h>

#include "base/waiter.h"
#include "board.h"
#include "console/dispatch.h"
#include "console/slot.h"

enum { STEPS = 64 };

const char *const console_state_name[CONSOLE_STATE_COUNT] = {
#define STATE_TEXT(name, text) text,
	CONSOLE_STATES(STATE_TEXT)
#undef STATE_TEXT
};

POOL_DEFINE(consoles, struct console, BOARD_CONSOLES);

/* The one text that a command may ask for at a time. */
static struct {
	bool taken, stop;
	size_t len;
	char bytes[BOARD_CONFIG_TEXT];
} text;

static port_owner owner(const struct console *c)
{
	return owner_of(OWNER_CONSOLE, pool_index(&pool_consoles, c));
}

void console_accept(void)
{
	for (;;) {
		struct console *c = pool_get(&pool_consoles);

		if (c == NULL)
			return;
		if (port_console_accept(owner(c), &c->port, &c->info) != E_OK) {
			pool_put(&pool_consoles, c);
			return;
		}
		due_mark(owner(c));
	}
}

bool console_wants_stop(void)
{
	return text.stop;
}

void console_reset(void)
{
	text.taken = text.stop = false;
	text.len = 0;
}

/* ---- output ---- */

/* > 0: something went out, 0: nothing waits or nothing can go, < 0: the far end is gone. */
static int flush(struct console *c)
{
	int n;

	if (c->out_len == 0)
		return 0;
	n = port_console_write(c->port, c->out + c->out_at, c->out_len);
	if (n == E_AGAIN)
		return 0;
	if (n < 0)
		return n;
	c->out_at = (uint16_t)(c->out_at + n);
	c->out_len = (uint16_t)(c->out_len - n);
	if (c->out_len == 0)
		c->out_at = 0;
	return n;
}

static struct fmt room(struct console *c)
{
	return fmt_on(c->out + c->out_at + c->out_len, sizeof c->out - c->out_at - c->out_len);
}

static void say(struct console *c, const char *words)
{
	struct fmt f = room(c);

	fmt_str(&f, words);
	c->out_len = (uint16_t)(c->out_len + f.len);
}

/* ---- the end ---- */

static int close_down(struct console *c)
{
	bool was_full = pool_consoles.now == pool_consoles.count;

	if (c->command != NULL && c->state != CONSOLE_READING) {
		struct fmt nowhere = fmt_on(c->out, sizeof c->out);

		c->call.ended = true;
		c->command->run(&c->call, &nowhere);
	}
	if (c->holds_text)
		text.taken = false;
	port_console_close(c->port, c->status);
	mem_wipe(c->answer, sizeof c->answer);
	mem_wipe(c->line, sizeof c->line);
	pool_put(&pool_consoles, c);
	if (was_full)
		console_accept();
	return E_EOF;
}

/* ---- commands ---- */

static void command_done(struct console *c)
{
	mem_wipe(c->answer, sizeof c->answer);
	if (c->holds_text) {
		mem_wipe(text.bytes, text.len);
		text.taken = c->holds_text = false;
	}
	c->quit = c->quit || c->call.quit;
	c->command = NULL;
	c->state = c->quit ? CONSOLE_ENDING : CONSOLE_READING;
	c->prompted = false;
	c->line_len = 0;
}

static void complain(struct console *c)
{
	struct fmt f = room(c);

	fmt_printf(&f, "error: %.*s\n", (int)c->call.why.len, c->call.why.p);
	c->out_len = (uint16_t)(c->out_len + f.len);
	c->status = 1;
	c->quit = c->quit || !c->info.interactive;
}

/* The handler wants input: tells the far end which kind. */
static int ask(struct console *c)
{
	if (c->call.ask == COMMAND_ASK_TEXT) {
		if (text.taken) {
			command_fail(&c->call, E_INUSE, "another console is importing");
			complain(c);
			command_done(c);
			return 1;
		}
		text.taken = c->holds_text = true;
		text.len = 0;
	}
	if (c->info.interactive && c->call.prompt != NULL)
		say(c, c->call.prompt);
	port_console_ask(c->port, c->call.ask == COMMAND_ASK_TEXT ? PORT_ASK_TEXT : PORT_ASK_SECRET);
	c->line_len = 0;
	c->state = CONSOLE_ASKING;
	return 1;
}

static int run(struct console *c)
{
	struct fmt f = fmt_on(c->out, sizeof c->out);
	int e = c->command->run(&c->call, &f);

	c->out_at = 0;
	c->out_len = (uint16_t)f.len;
	if (e == E_MORE)
		return 1;
	if (e == E_AGAIN)
		return c->call.ask != COMMAND_ASK_NOTHING && !c->call.answered ? ask(c) : f.len > 0;
	if (e != E_OK)
		complain(c);
	command_done(c);
	return 1;
}

/* `?` asks what may stand there: alone, behind a blank, or behind the beginning of a command or of
 * another word that is no value. In a value or a quote it is a letter like any other. */
static bool wants_offer(const struct console *c)
{
	for (size_t i = 0; i < c->line_len; i++)
		if (c->line[i] == '=' || c->line[i] == '\'' || c->line[i] == '"')
			return c->line_len > i + 2 && memcmp(c->line + c->line_len - 2, " ?", 2) == 0;
	return c->line_len > 0 && c->line[c->line_len - 1] == '?';
}

static void line_run(struct console *c)
{
	struct command_call *call = &c->call;
	bool asked = wants_offer(c), open_word;
	int n;

	memset(call, 0, sizeof *call);
	call->why = fmt_on(c->why, sizeof c->why);
	call->info = c->info;
	call->owner = owner(c);
	if (asked)
		c->line_len--;
	open_word = c->line_len > 0 && c->line[c->line_len - 1] != ' ';
	n = c->too_long ? E_LIMIT : dispatch_split(c->line, c->line_len, call->word);
	c->too_long = false;
	call->words = n > 0 ? (unsigned)n : 0;
	if (asked && n >= 0) {
		if (!open_word && call->words < COMMAND_WORDS_MAX)
			call->word[call->words++] = (struct slice){ NULL, 0 };
		c->offer_from = 0;
		c->state = CONSOLE_OFFERING;
		return;
	}
	if (n < 0)
		command_fail(call, n, n == E_ARG ? "a quote is not closed" : "the line is too long");
	else if (n > 0)
		n = dispatch_find(call, &c->command);
	if (n >= 0 && call->words > 0) {
		c->state = CONSOLE_RUNNING;
		return;
	}
	if (n < 0)
		complain(c);
	command_done(c);
}

static int offer(struct console *c)
{
	struct fmt f = fmt_on(c->out, sizeof c->out);
	int e = dispatch_offer(c->call.word, c->call.words, &c->offer_from, &f);

	c->out_at = 0;
	c->out_len = (uint16_t)f.len;
	if (e == E_OK)
		command_done(c);
	return 1;
}

/* ---- input ---- */

static void answered(struct console *c, struct slice input)
{
	c->call.input = input;
	c->call.answered = true;
	c->call.ask = COMMAND_ASK_NOTHING;
	c->state = CONSOLE_RUNNING;
	c->line_len = 0;
}

/* One more line of the text; it ends with a line of a single dot, or with the input. */
static int text_line(struct console *c, int e)
{
	bool fits = c->line_len + 1 <= sizeof text.bytes - text.len && !c->too_long;

	if (e == E_EOF || (c->line_len == 1 && c->answer[0] == '.')) {
		answered(c, slice_of(text.bytes, text.len));
		return 1;
	}
	if (!fits) {
		command_fail(&c->call, E_LIMIT, "the text is too long");
		complain(c);
		c->status = 1;
		c->state = CONSOLE_ENDING;
		return 1;
	}
	memcpy(text.bytes + text.len, c->answer, c->line_len);
	text.len += c->line_len;
	text.bytes[text.len++] = '\n';
	c->line_len = 0;
	return 1;
}

static int asking(struct console *c)
{
	int e = input_line(c);

	if (e == E_AGAIN)
		return 0;
	if (c->call.ask == COMMAND_ASK_TEXT)
		return text_line(c, e);
	if (e == E_EOF) {
		c->state = CONSOLE_ENDING;
		c->status = 1;
		return 1;
	}
	if (c->too_long) {
		c->too_long = false;
		command_fail(&c->call, E_LIMIT, "the line is too long");
		complain(c);
		command_done(c);
		return 1;
	}
	answered(c, slice_of(c->answer, c->line_len));
	return 1;
}

static int reading(struct console *c)
{
	int e;

	if (!c->prompted) {
		port_console_ask(c->port, PORT_ASK_COMMAND);
		if (c->info.interactive)
			say(c, "mailwicket> ");
		c->prompted = true;
		return 1;
	}
	e = input_line(c);
	if (e == E_AGAIN)
		return 0;
	if (e == E_EOF)
		c->state = CONSOLE_ENDING;
	else
		line_run(c);
	return 1;
}

static int step(struct console *c)
{
	static int (*const steps[CONSOLE_STATE_COUNT])(struct console *) = {
		[CONSOLE_READING] = reading, [CONSOLE_RUNNING] = run, [CONSOLE_ASKING] = asking,
		[CONSOLE_OFFERING] = offer, [CONSOLE_ENDING] = close_down,
	};
	int n = flush(c);

	if (n < 0)
		return close_down(c);
	if (c->out_len > 0)
		return n;
	return steps[c->state](c);
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
