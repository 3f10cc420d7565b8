/*
 * work.c - from a whole line to the end of its command. A command's output fits the slot's buffer
 * each time it is called; it is called again when that has gone out.
 */
#include <string.h>

#include "board.h"
#include "console/complete.h"
#include "console/dispatch.h"
#include "console/slot.h"

enum { CTRL_C = 3 };

/* The one text that a command may ask for at a time. */
static struct {
	bool taken;
	size_t len;
	char bytes[BOARD_CONFIG_TEXT];
} text;

void console_reset(void)
{
	text.taken = false;
	text.len = 0;
}

void work_text_drop(struct console *c)
{
	if (!c->holds_text)
		return;
	mem_wipe(text.bytes, text.len);
	text.taken = c->holds_text = false;
}

void work_done(struct console *c)
{
	work_text_drop(c);
	waiter_leave(&c->call.wait);
	mem_wipe(c->answer, sizeof c->answer);
	mem_wipe(c->line, sizeof c->line);
	c->quit = c->quit || c->call.quit;
	c->command = NULL;
	c->state = c->quit ? CONSOLE_ENDING : CONSOLE_READING;
	c->ready = c->begun = false;
	c->line_len = 0;
}

void work_cancel(struct console *c)
{
	if (c->begun) {
		struct fmt nowhere = fmt_on(c->why, sizeof c->why);

		c->call.ended = true;
		c->command->run(&c->call, &nowhere);
	}
	work_done(c);
}

static void complain(struct console *c)
{
	struct fmt f = console_room(c);

	fmt_str(&f, "error: ");
	if (person_pastes(c))
		person_fault(c, &f);
	fmt_printf(&f, "%.*s\n", (int)c->call.why.len, c->call.why.p);
	console_said(c, &f);
	if (!c->info.interactive) {
		c->status = 1;
		c->quit = true;
	}
}

static int failed(struct console *c, int result, const char *why)
{
	command_fail(&c->call, result, "%s", why);
	complain(c);
	work_done(c);
	return 1;
}

/* The handler wants input: tells the far end which kind. */
static int ask(struct console *c)
{
	bool secret = c->call.ask != COMMAND_ASK_TEXT;
	const char *prompt = secret && c->info.prompts && c->call.prompt != NULL ? c->call.prompt : "";
	struct fmt f = console_room(c);

	if (!secret && text.taken)
		return failed(c, E_INUSE, "another console is importing");
	if (!secret) {
		text.taken = c->holds_text = true;
		text.len = 0;
	}
	port_console_ask(c->port, secret ? PORT_ASK_SECRET : PORT_ASK_TEXT);
	c->line_len = 0;
	c->state = CONSOLE_ASKING;
	if (c->info.interactive) {
		edit_begin(&c->edit, c->answer, prompt, secret ? EDIT_SECRET : EDIT_TEXT);
	} else {
		fmt_str(&f, prompt);
		console_said(c, &f);
	}
	return 1;
}

/* What was typed while the command runs: ^C ends it, and so does anything when it only follows. */
static bool stopped(struct console *c, bool waits)
{
	const char *stop;
	bool follows = waits && c->call.follows;

	if (!c->info.interactive && !follows)
		return false;
	(void)input_fill(c);
	stop = c->info.interactive ? memchr(c->in, CTRL_C, c->in_len) : NULL;
	if (stop != NULL) {
		struct fmt f = fmt_on(c->out, sizeof c->out);

		c->in_at = (uint16_t)(stop + 1 - c->in);
		c->in_len = (uint16_t)(c->in_len - c->in_at);
		work_cancel(c);
		fmt_str(&f, "^C\n");
		console_said(c, &f);
		return true;
	}
	if (!follows || (c->in_len == 0 && !c->ended))
		return false;
	/* A key is used up, the lines of a paste are not. */
	if (c->info.interactive && (c->in_len < 3 || (memchr(c->in, '\r', c->in_len) == NULL &&
			memchr(c->in, '\n', c->in_len) == NULL)))
		c->in_len = 0;
	work_cancel(c);
	return true;
}

int work_run(struct console *c)
{
	struct fmt f = fmt_on(c->out, sizeof c->out);
	int e;

	if (c->begun && stopped(c, false))
		return 1;
	c->begun = true;
	e = c->command->run(&c->call, &f);
	c->out_at = 0;
	c->out_len = (uint16_t)f.len;
	if (c->call.follows)
		c->pager.on = false;
	if (e == E_AGAIN && c->call.ask != COMMAND_ASK_NOTHING && !c->call.answered)
		return ask(c);
	if (e == E_MORE || (e == E_AGAIN && f.len > 0))
		return 1;
	if (e == E_AGAIN)
		return stopped(c, true);
	if (e != E_OK)
		complain(c);
	work_done(c);
	return 1;
}

/* In a script `?` at the end of a line asks what may stand there. */
static bool wants_offer(const struct console *c)
{
	return !c->info.interactive && c->line_len > 0 && c->line[c->line_len - 1] == '?' &&
		complete_wants_help(slice_of(c->line, c->line_len - 1));
}

int work_start(struct console *c)
{
	struct command_call *call = &c->call;
	struct complete q;
	int n;

	memset(call, 0, sizeof *call);
	call->why = fmt_on(c->why, sizeof c->why);
	call->info = c->info;
	call->owner = console_owner(c);
	pager_begin(&c->pager, c->edit.columns, person_pastes(c) ? 0 : c->edit.rows);
	if (c->too_long) {
		c->too_long = false;
		return failed(c, E_LIMIT, "the line is too long");
	}
	if (wants_offer(c) &&
			complete_begin(&q, c->line, c->line_len - 1, c->answer, call->word) == E_OK) {
		call->words = q.words;
		c->offer_from = 0;
		c->state = CONSOLE_OFFERING;
		return 1;
	}
	n = dispatch_split(c->line, c->line_len, call->word);
	if (n < 0)
		return failed(c, n, n == E_ARG ? "a quote is not closed" : "the line is too long");
	call->words = (unsigned)n;
	if (n > 0)
		n = dispatch_find(call, &c->command);
	if (n >= 0 && call->words > 0) {
		c->state = CONSOLE_RUNNING;
		return 1;
	}
	if (n < 0)
		complain(c);
	work_done(c);
	return 1;
}

int work_offer(struct console *c)
{
	struct complete q = { c->call.word, c->call.words };
	struct fmt f = fmt_on(c->out, sizeof c->out);
	int e = complete_list(&q, &c->offer_from, &f);

	c->out_at = 0;
	c->out_len = (uint16_t)f.len;
	if (e != E_OK)
		return 1;
	if (c->info.interactive)
		c->state = CONSOLE_READING; /* with the line as it was */
	else
		work_done(c);
	return 1;
}

/* ---- what a command asked for ---- */

static int answered(struct console *c, struct slice input)
{
	c->call.input = input;
	c->call.answered = true;
	c->call.ask = COMMAND_ASK_NOTHING;
	c->state = CONSOLE_RUNNING;
	c->line_len = 0;
	return 1;
}

/* One more line of the text; it ends with a line of a single dot, or with the input. */
static int text_line(struct console *c, bool ended)
{
	bool fits = c->line_len + 1 <= sizeof text.bytes - text.len && !c->too_long;

	if (ended || (c->line_len == 1 && c->answer[0] == '.'))
		return answered(c, slice_of(text.bytes, text.len));
	if (!fits) {
		command_fail(&c->call, E_LIMIT, "the text is too long");
		complain(c);
		c->state = CONSOLE_ENDING;
		return 1;
	}
	memcpy(text.bytes + text.len, c->answer, c->line_len);
	text.len += c->line_len;
	text.bytes[text.len++] = '\n';
	c->line_len = 0;
	if (c->info.interactive)
		edit_begin(&c->edit, c->answer, "", EDIT_TEXT);
	return 1;
}

int work_answer(struct console *c, bool ended)
{
	if (c->call.ask == COMMAND_ASK_TEXT)
		return text_line(c, ended);
	if (ended) {
		c->state = CONSOLE_ENDING;
		c->status = 1;
		return 1;
	}
	if (c->too_long) {
		c->too_long = false;
		return failed(c, E_LIMIT, "the line is too long");
	}
	return answered(c, slice_of(c->answer, c->line_len));
}
