/*
 * person.c - a console with a person at it: keys to the editor, what the editor says to the rest.
 *
 * A paste is several lines that come at once. Its lines are shown whole, no prompt is drawn while
 * more is there, and its errors, numbered by line, are repeated when it is over: when nothing has
 * come for QUIET_MS.
 */
#include <string.h>

#include "console/complete.h"
#include "console/slot.h"

#define PROMPT "mailwicket> "

enum { QUIET_MS = 150 };

bool person_pastes(const struct console *c)
{
	return c->info.interactive && (c->lines > 1 || c->in_len > 0 || c->edit.pasting);
}

void person_fault(struct console *c, struct fmt *f)
{
	struct fmt t = fmt_on(c->faults_text + c->faults_len, sizeof c->faults_text - c->faults_len);

	c->faults++;
	fmt_printf(f, "line %u: ", (unsigned)c->lines);
	fmt_printf(&t, "line %u: %.*s\n", (unsigned)c->lines, (int)c->call.why.len, c->call.why.p);
	if (!t.over)
		c->faults_len = (uint16_t)(c->faults_len + t.len);
}

static void paste_over(struct console *c)
{
	struct fmt f = console_room(c);

	if (c->lines > 1 && c->faults > 0) {
		fmt_printf(&f, "%u of %u lines failed:\n", (unsigned)c->faults, (unsigned)c->lines);
		fmt_bytes(&f, c->faults_text, c->faults_len);
		console_said(c, &f);
	}
	c->lines = c->faults = c->faults_len = 0;
	c->quiet_ms = 0;
}

/* ---- Tab and ? ---- */

static int list(struct console *c, struct fmt *f, const struct complete *q)
{
	edit_leave(&c->edit, f);
	c->call.words = q->words;
	c->offer_from = 0;
	c->state = CONSOLE_OFFERING;
	pager_begin(&c->pager, c->edit.columns, person_pastes(c) ? 0 : c->edit.rows);
	return 1;
}

static void complete(struct console *c, struct fmt *f)
{
	struct edit *e = &c->edit;
	char bytes[128];
	struct fmt common = fmt_on(bytes, sizeof bytes);
	struct complete q;

	/* A paste asks nothing: in it these are blanks. */
	if (c->lines > 0 || (c->in_len > 0 && (e->at == 0 || e->text[e->at - 1] == ' '))) {
		edit_insert(e, " ", 1);
		return;
	}
	if (complete_begin(&q, e->text, e->at, c->answer, c->call.word) != E_OK ||
			complete_common(&q, &common) == 0) {
		fmt_char(f, '\a');
		return;
	}
	if (common.len > 0 && e->at < e->len && e->text[e->at] == ' ' && bytes[common.len - 1] == ' ')
		common.len--;
	else if (common.len == 0)
		list(c, f, &q);
	edit_insert(e, bytes, common.len);
}

static void help(struct console *c, struct fmt *f)
{
	struct edit *e = &c->edit;
	struct complete q;

	if (c->lines == 0 && complete_wants_help(slice_of(e->text, e->at)) &&
			complete_begin(&q, e->text, e->at, c->answer, c->call.word) == E_OK)
		list(c, f, &q);
	else
		edit_insert(e, "?", 1);
}

/* ---- keys ---- */

static void line(struct console *c, struct fmt *f)
{
	struct edit *e = &c->edit;

	edit_leave(e, f);
	c->line_len = e->len;
	c->too_long = e->too_long;
	if (c->state == CONSOLE_ASKING) {
		console_said(c, f);
		work_answer(c, false);
		*f = console_room(c);
		return;
	}
	if (!e->too_long)
		(void)history_add(&c->history, slice_of(e->text, e->len));
	c->lines++;
	if (person_pastes(c))
		c->quiet_ms = port_clock_ms() + QUIET_MS;
	c->state = CONSOLE_STARTING;
}

/* ^C: ends what is typed or asked; at an empty prompt, the console. ^D ends the text asked for. */
static void stop(struct console *c, struct fmt *f, bool interrupt)
{
	bool asking = c->state == CONSOLE_ASKING;

	edit_draw(&c->edit, f);
	fmt_str(f, interrupt ? "^C\n" : "\n");
	edit_forget(&c->edit);
	console_said(c, f);
	if (asking && !interrupt && c->call.ask == COMMAND_ASK_TEXT)
		work_answer(c, true);
	else if (asking)
		work_cancel(c);
	else if (c->edit.len == 0)
		c->state = CONSOLE_ENDING;
	c->ready = false;
	c->lines = c->faults = c->faults_len = 0;
	*f = console_room(c);
}

static void clear(struct console *c, struct fmt *f)
{
	if (c->info.escapes)
		fmt_str(f, "\033[H\033[2J");
	else
		edit_leave(&c->edit, f);
	edit_forget(&c->edit);
}

static int event(struct console *c, enum edit_event what)
{
	struct fmt f = console_room(c);

	switch (what) {
	case EDIT_LINE: line(c, &f); break;
	case EDIT_COMPLETE: complete(c, &f); break;
	case EDIT_HELP: help(c, &f); break;
	case EDIT_INTERRUPT:
	case EDIT_END: stop(c, &f, what == EDIT_INTERRUPT); break;
	case EDIT_CLEAR: clear(c, &f); break;
	case EDIT_SIZE: c->info.escapes = true; break; /* who answers knows them */
	case EDIT_NOTHING: break;
	}
	console_said(c, &f);
	return 1;
}

int person_read(struct console *c)
{
	struct fmt f;

	c->pager.on = false;
	if (c->state == CONSOLE_READING && !c->ready) {
		port_console_ask(c->port, PORT_ASK_COMMAND);
		edit_begin(&c->edit, c->line, PROMPT, EDIT_COMMAND);
		c->ready = true;
	}
	while (c->in_len > 0) {
		enum edit_event what;

		c->in_len--;
		what = edit_byte(&c->edit, &c->history, (uint8_t)c->in[c->in_at++]);
		if (what != EDIT_NOTHING)
			return event(c, what);
	}
	if (input_fill(c) > 0) {
		c->quiet_ms = person_pastes(c) && c->lines > 0 ? port_clock_ms() + QUIET_MS : 0;
		return 1;
	}
	if (c->ended) {
		work_cancel(c);
		c->state = CONSOLE_ENDING;
		return 1;
	}
	if (c->quiet_ms != 0)
		return 0;
	paste_over(c);
	f = console_room(c);
	if (c->out_len == 0)
		edit_draw(&c->edit, &f);
	console_said(c, &f);
	return c->out_len > 0;
}

int person_page(struct console *c)
{
	size_t taken = 0;
	enum pager_key key = PAGER_ALL;

	if (c->in_len == 0 && input_fill(c) == 0 && !c->ended)
		return 0;
	if (c->in_len > 0)
		key = pager_answer(&c->pager, c->in + c->in_at, c->in_len, &taken);
	else
		c->pager.on = false;
	c->in_at = (uint16_t)(c->in_at + taken);
	c->in_len = (uint16_t)(c->in_len - taken);
	c->question = false;
	c->urgent = PAGER_AWAY;
	if (key == PAGER_STOP) {
		c->out_at = c->out_len = 0;
		if (c->state == CONSOLE_RUNNING)
			work_cancel(c);
		else if (c->state == CONSOLE_OFFERING)
			c->state = CONSOLE_READING;
	}
	return 1;
}
