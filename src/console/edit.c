/*
 * edit.c - the line editor's input: bytes to keys, keys to changes of the line.
 *
 * Three small automata in a row: CR and LF, escape sequences (ECMA-48 CSI and SS3), UTF-8. A
 * control byte ends whatever was under way and means what it always means, so that noise is over
 * at the next line end at the latest.
 */
#include "console/edit.h"

#include <string.h>

#include "error.h"
#include "proto/utf8.h"

const char *const edit_state_name[EDIT_STATE_COUNT] = { "plain", "escape", "csi", "ss3" };

enum { CTRL_A = 1, CTRL_B, CTRL_C, CTRL_D, CTRL_E, CTRL_F, CTRL_H = 8, CTRL_I, CTRL_K = 11, CTRL_L,
	CTRL_N = 14, CTRL_P = 16, CTRL_U = 21, CTRL_W = 23, ESC = 27, DEL = 127,
	ROWS_LEAST = 3, COLUMNS_LEAST = 20, COLUMNS_USUAL = 80, SIZE_MOST = 1000 };

void edit_size(struct edit *e, unsigned columns, unsigned rows)
{
	e->columns = columns >= COLUMNS_LEAST && columns <= SIZE_MOST ? (uint16_t)columns :
		COLUMNS_USUAL;
	e->rows = rows >= ROWS_LEAST && rows <= SIZE_MOST ? (uint16_t)rows : 0;
}

void edit_begin(struct edit *e, char *text, const char *prompt, enum edit_mode mode)
{
	e->text = text;
	e->prompt = prompt;
	e->mode = (uint8_t)mode;
	e->len = e->at = e->browsed = 0;
	e->too_long = e->draft = false;
	edit_forget(e);
}

/* ---- changes of the line ---- */

static void changed_from(struct edit *e, size_t at)
{
	if (at < e->first) /* which may no longer be where a character begins */
		e->first = e->same = 0;
	if (at < e->same)
		e->same = (uint16_t)at;
}

static bool continues(const struct edit *e, size_t at)
{
	return at < e->len && ((uint8_t)e->text[at] & 0xc0) == 0x80;
}

static uint16_t before(const struct edit *e, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && continues(e, at))
		at--;
	return (uint16_t)at;
}

static uint16_t behind(const struct edit *e, size_t at)
{
	if (at < e->len)
		at++;
	while (continues(e, at))
		at++;
	return (uint16_t)at;
}

/* Takes out from..to; the cursor then stands there. */
static void cut(struct edit *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->len - to);
	mem_wipe(e->text + e->len - (to - from), to - from);
	e->len = (uint16_t)(e->len - (to - from));
	e->at = (uint16_t)from;
	changed_from(e, from);
}

void edit_insert(struct edit *e, const void *bytes, size_t len)
{
	if (len > (size_t)(EDIT_LINE_MAX - e->len)) {
		e->too_long = true;
		return;
	}
	if (len == 0)
		return;
	memmove(e->text + e->at + len, e->text + e->at, (size_t)(e->len - e->at));
	memcpy(e->text + e->at, bytes, len);
	changed_from(e, e->at);
	e->at = (uint16_t)(e->at + len);
	e->len = (uint16_t)(e->len + len);
}

static void replace(struct edit *e, struct slice line)
{
	cut(e, 0, e->len);
	edit_insert(e, line.p, line.len);
}

static void cut_word(struct edit *e)
{
	size_t from = e->at;

	while (from > 0 && e->text[from - 1] == ' ')
		from--;
	while (from > 0 && e->text[from - 1] != ' ')
		from--;
	cut(e, from, e->at);
}

static void drop_draft(struct edit *e, struct history *h)
{
	if (e->draft)
		history_drop(h);
	e->draft = false;
	e->browsed = 0;
}

/* A line further back. The line that was being typed is the newest one meanwhile. */
static void browse_back(struct edit *e, struct history *h)
{
	struct slice line;

	if (e->mode != EDIT_COMMAND)
		return;
	if (e->browsed == 0)
		e->draft = history_add(h, slice_of(e->text, e->len));
	if (history_get(h, e->browsed + (e->browsed == 0 && e->draft ? 2u : 1u), &line) == E_OK) {
		e->browsed = (uint16_t)(e->browsed + (e->browsed == 0 && e->draft ? 2 : 1));
		replace(e, line);
	} else if (e->browsed == 0) {
		drop_draft(e, h);
	}
}

static void browse_forth(struct edit *e, struct history *h)
{
	struct slice line = { NULL, 0 };

	if (e->mode != EDIT_COMMAND || e->browsed == 0)
		return;
	if (--e->browsed > 0)
		(void)history_get(h, e->browsed, &line);
	replace(e, line);
	if (e->browsed <= (e->draft ? 1 : 0))
		drop_draft(e, h);
}

/* ---- keys ---- */

static enum edit_event control(struct edit *e, struct history *h, uint8_t byte)
{
	switch (byte) {
	case CTRL_A: e->at = 0; break;
	case CTRL_B: e->at = before(e, e->at); break;
	case CTRL_C:
		drop_draft(e, h);
		return EDIT_INTERRUPT;
	case CTRL_D:
		if (e->len == 0)
			return EDIT_END;
		cut(e, e->at, behind(e, e->at));
		break;
	case CTRL_E: e->at = e->len; break;
	case CTRL_F: e->at = behind(e, e->at); break;
	case CTRL_H:
	case DEL: cut(e, before(e, e->at), e->at); break;
	case CTRL_I: return e->mode == EDIT_COMMAND ? EDIT_COMPLETE : EDIT_NOTHING;
	case CTRL_K: cut(e, e->at, e->len); break;
	case CTRL_L: return EDIT_CLEAR;
	case CTRL_N: browse_forth(e, h); break;
	case CTRL_P: browse_back(e, h); break;
	case CTRL_U: cut(e, 0, e->at); break;
	case CTRL_W: cut_word(e); break;
	default: break;
	}
	return EDIT_NOTHING;
}

/* The end of an escape sequence that is one of ours. */
static enum edit_event key(struct edit *e, struct history *h, uint8_t final)
{
	static const struct { uint8_t final, param, means; } keys[] = {
		{ 'A', 0, CTRL_P }, { 'B', 0, CTRL_N }, { 'C', 0, CTRL_F }, { 'D', 0, CTRL_B },
		{ 'H', 0, CTRL_A }, { 'F', 0, CTRL_E }, { '~', 1, CTRL_A }, { '~', 7, CTRL_A },
		{ '~', 4, CTRL_E }, { '~', 8, CTRL_E },
	};

	if (final == '~' && (e->param[0] == 200 || e->param[0] == 201))
		e->pasting = e->param[0] == 200;
	if (e->pasting)
		return EDIT_NOTHING;
	if (final == '~' && e->param[0] == 3)
		cut(e, e->at, behind(e, e->at));
	if ((final == 'R' && e->params == 2) || (final == 't' && e->params == 3 && e->param[0] == 8)) {
		if (e->param[e->params - 1] < COLUMNS_LEAST || e->param[e->params - 2] < ROWS_LEAST)
			return EDIT_NOTHING;
		edit_size(e, e->param[e->params - 1], e->param[e->params - 2]);
		return EDIT_SIZE;
	}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (final == keys[i].final && (keys[i].param == 0 || keys[i].param == e->param[0]))
			return control(e, h, keys[i].means);
	return EDIT_NOTHING;
}

/* A byte of an escape sequence; false: it is none, and stands for itself. */
static bool escape(struct edit *e, struct history *h, uint8_t byte, enum edit_event *event)
{
	uint8_t state = e->state;
	uint16_t *p = &e->param[e->params > 0 ? e->params - 1 : 0];

	e->state = EDIT_PLAIN;
	if (state == EDIT_PLAIN || byte < 0x20 || byte >= DEL)
		return false;
	if (state == EDIT_ESCAPE) {
		e->state = byte == '[' ? EDIT_CSI : byte == 'O' ? EDIT_SS3 : EDIT_PLAIN;
		e->params = 1;
		e->foreign = false;
		memset(e->param, 0, sizeof e->param);
	} else if (byte >= 0x40) {
		*event = e->foreign ? EDIT_NOTHING : key(e, h, byte);
	} else {
		e->state = state;
		if (byte >= '0' && byte <= '9')
			*p = (uint16_t)(*p < SIZE_MOST ? *p * 10 + (byte - '0') : *p);
		else if (byte == ';' && e->params < EDIT_PARAMS)
			e->params++;
		else
			e->foreign = true;
	}
	return true;
}

/* ---- text ---- */

/* Collects a character of several bytes, and takes it when it is whole and right. */
static void utf8_byte(struct edit *e, uint8_t byte)
{
	if ((byte & 0xc0) == 0x80 && e->utf8_need > 0) {
		e->utf8[e->utf8_len++] = (char)byte;
		if (e->utf8_len < e->utf8_need)
			return;
		if (utf8_valid(slice_of(e->utf8, e->utf8_len)))
			edit_insert(e, e->utf8, e->utf8_len);
		e->utf8_need = 0;
		return;
	}
	e->utf8_need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
	e->utf8[0] = (char)byte;
	e->utf8_len = 1;
}

enum edit_event edit_byte(struct edit *e, struct history *h, uint8_t byte)
{
	enum edit_event event = EDIT_NOTHING;
	bool after_cr = e->last_cr;

	e->last_cr = byte == '\r';
	if (byte == '\n' && after_cr)
		return EDIT_NOTHING;
	if (escape(e, h, byte, &event))
		return event;
	if (byte >= 0x80) {
		utf8_byte(e, byte);
		return EDIT_NOTHING;
	}
	e->utf8_need = 0;
	if (byte == ESC) {
		e->state = EDIT_ESCAPE;
		return EDIT_NOTHING;
	}
	if (byte == '\r' || byte == '\n') {
		drop_draft(e, h);
		return EDIT_LINE;
	}
	if (e->pasting && byte == CTRL_C)
		e->pasting = false; /* the closing mark was lost */
	if (byte == '\t' && (e->pasting || e->mode == EDIT_TEXT))
		byte = ' ';
	if (byte < 0x20 || byte == DEL)
		return e->pasting ? EDIT_NOTHING : control(e, h, byte);
	if (byte == '?' && e->mode == EDIT_COMMAND && !e->pasting)
		return EDIT_HELP;
	edit_insert(e, &byte, 1);
	return EDIT_NOTHING;
}
