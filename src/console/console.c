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

enum { STEPS = 64, READ_MAX = 256 };

/* X(name, text): what a console is doing. */
#define CONSOLE_STATES(X) \
	X(CONSOLE_READING, "reading") \
	X(CONSOLE_RUNNING, "running") \
	X(CONSOLE_ASKING,  "asking")  /* reading a secret or a text for the command */ \
	X(CONSOLE_OFFERING, "offering") \
	X(CONSOLE_ENDING,  "ending")

#define STATE_ENUM(name, text) name,
enum console_state { CONSOLE_STATES(STATE_ENUM) CONSOLE_STATE_COUNT };
#undef STATE_ENUM

#define STATE_TEXT(name, text) text,
extern const char *const console_state_name[CONSOLE_STATE_COUNT];
const char *const console_state_name[CONSOLE_STATE_COUNT] = { CONSOLE_STATES(STATE_TEXT) };
#undef STATE_TEXT

struct console {
	struct port_console *port;
	struct port_console_info info;
	const struct command *command;
	struct command_call call;
	uint8_t state;           /* enum console_state */
	bool ended, quit, prompted, too_long, holds_text, last_cr;
	uint8_t status;
	uint32_t offer_from;
	size_t line_len;
	char line[CONSOLE_LINE_MAX];   /* the command; its words are parts of it */
	char answer[CONSOLE_LINE_MAX]; /* a line that the command asked for */
	uint16_t in_at, in_len;
	char in[READ_MAX];
	uint16_t out_at, out_len;
	char out[CONSOLE_OUT_MAX];
	char why[COMMAND_WHY_MAX];
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

/* `?` at the end of a line asks what may stand there. */
static bool wants_offer(struct console *c)
{
	return c->line_len > 0 && c->line[c->line_len - 1] == '?';
}

static void line_run(struct console *c)
{
	struct command_call *call = &c->call;
	bool offer = wants_offer(c), open_word;
	int n;

	memset(call, 0, sizeof *call);
	call->why = fmt_on(c->why, sizeof c->why);
	call->info = c->info;
	call->owner = owner(c);
	if (offer)
		c->line_len--;
	open_word = c->line_len > 0 && c->line[c->line_len - 1] != ' ';
	n = c->too_long ? E_LIMIT : dispatch_split(c->line, c->line_len, call->word);
	c->too_long = false;
	call->words = n > 0 ? (unsigned)n : 0;
	if (offer && n >= 0) {
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

static void line_add(struct console *c, char byte)
{
	char *to = c->state == CONSOLE_ASKING ? c->answer : c->line;

	if (c->line_len < CONSOLE_LINE_MAX)
		to[c->line_len++] = byte;
	else
		c->too_long = true;
}

/* One byte; true at the end of a line. CR, LF and CRLF are equal; control bytes are noise. */
static bool line_byte(struct console *c, char byte)
{
	bool after_cr = c->last_cr;

	c->last_cr = byte == '\r';
	if (byte == '\n' && after_cr)
		return false;
	if (byte == '\n' || byte == '\r')
		return true;
	if (byte == '\t' || (unsigned char)byte >= 0x20)
		line_add(c, byte == '\t' ? ' ' : byte);
	return false;
}

/* E_OK: a whole line stands in c->line; E_AGAIN; E_EOF: the input has ended (a rest counts as a
 * line). */
static int line_read(struct console *c)
{
	for (;;) {
		int n;

		while (c->in_len > 0) {
			char byte = c->in[c->in_at++];

			c->in_len--;
			if (line_byte(c, byte))
				return E_OK;
		}
		if (c->ended)
			return c->line_len > 0 ? E_OK : E_EOF;
		n = port_console_read(c->port, c->in, sizeof c->in);
		if (n == E_AGAIN)
			return E_AGAIN;
		c->ended = n < 0;
		c->in_at = 0;
		c->in_len = (uint16_t)(n > 0 ? n : 0);
	}
}

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
	int e = line_read(c);

	if (e == E_AGAIN)
		return 0;
	if (c->call.ask == COMMAND_ASK_TEXT)
		return text_line(c, e);
	if (e == E_EOF) {
		c->state = CONSOLE_ENDING;
		c->status = 1;
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
	e = line_read(c);
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
