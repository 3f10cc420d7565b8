/*
 * edit_draw.c - the line editor's row: what is on the screen and what has to be written for it to
 * be right. To the left it goes by backspace, to the right by writing what stands there.
 *
 * The row shows the prompt and the bytes first..end of the line, as many as fit; `same` says up to
 * which byte that is what the screen has. One column stays free, so that no terminal wraps.
 */
#include "console/edit.h"

#include <string.h>

#include "base/slice.h"

enum { COLUMNS_MOST = 200, BYTES_MOST = 500, LEAST = 8 };

/* Code points of no width and of two columns, as most terminals have them. */
static const struct {
	uint32_t from, to;
	uint8_t columns;
} widths[] = {
	{ 0x300, 0x36f, 0 }, { 0x1100, 0x115f, 2 }, { 0x200b, 0x200f, 0 }, { 0x20d0, 0x20ff, 0 },
	{ 0x2e80, 0x303e, 2 }, { 0x3041, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 },
	{ 0xfe00, 0xfe0f, 0 }, { 0xfe30, 0xfe6f, 2 }, { 0xff00, 0xff60, 2 }, { 0xffe0, 0xffe6, 2 },
	{ 0x1f300, 0x1f64f, 2 }, { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
};

/* The character at a byte of the line: its length and its columns. */
static size_t character(const struct edit *e, size_t at, unsigned *columns)
{
	uint8_t lead = (uint8_t)e->text[at];
	uint32_t code = lead < 0xc0 ? lead : lead < 0xe0 ? lead & 0x1fu : lead & 0xfu;
	size_t len = 1;

	while (at + len < e->len && ((uint8_t)e->text[at + len] & 0xc0) == 0x80)
		code = code << 6 | ((uint8_t)e->text[at + len++] & 0x3fu);
	*columns = 1;
	for (size_t i = 0; lead >= 0xc0 && i < sizeof widths / sizeof widths[0]; i++)
		if (code >= widths[i].from && code <= widths[i].to)
			*columns = widths[i].columns;
	return len;
}

static unsigned width(const struct edit *e)
{
	unsigned taken = (unsigned)strlen(e->prompt) + 1;
	unsigned room = e->columns > taken + LEAST ? e->columns - taken : LEAST;

	return room < COLUMNS_MOST - taken ? room : COLUMNS_MOST - taken;
}

/* Columns from one byte of the line to another. */
static unsigned columns_of(const struct edit *e, size_t from, size_t to)
{
	unsigned sum = 0, columns;

	while (from < to) {
		from += character(e, from, &columns);
		sum += columns;
	}
	return sum;
}

/* The byte behind what fits when the row begins at `from`. */
static size_t end_of(const struct edit *e, size_t from)
{
	unsigned left = width(e), columns;
	size_t at = from;

	while (at < e->len) {
		size_t len = character(e, at, &columns);

		if (columns > left || at + len - from > BYTES_MOST)
			break;
		left -= columns;
		at += len;
	}
	return at;
}

static size_t before(const struct edit *e, size_t at)
{
	do {
		at--;
	} while (at > 0 && ((uint8_t)e->text[at] & 0xc0) == 0x80);
	return at;
}

/* Scrolls so that the cursor is in the row, with half a row before it. */
static void scroll(struct edit *e)
{
	unsigned half = width(e) / 2, columns = 0, one;
	size_t first = e->at;

	if (e->at >= e->first && (e->at > e->first || e->first == 0) && e->at <= end_of(e, e->first))
		return;
	while (first > 0 && columns < half && e->at - first < BYTES_MOST / 2) {
		first = before(e, first);
		(void)character(e, first, &one);
		columns += one;
	}
	if (first != e->first)
		e->same = 0;
	e->first = (uint16_t)first;
}

static void repeat(struct fmt *out, char c, unsigned times)
{
	while (times-- > 0)
		fmt_char(out, c);
}

/* Moves the cursor to a byte that the row has. */
static void move(struct edit *e, size_t to, struct fmt *out)
{
	unsigned wanted = columns_of(e, e->first, to), columns, now = 0;
	size_t at = e->first;

	if (wanted < e->cursor)
		repeat(out, '\b', e->cursor - wanted);
	while (wanted > e->cursor && at < to) {
		size_t len = character(e, at, &columns);

		if (now >= e->cursor)
			fmt_bytes(out, e->text + at, len);
		now += columns;
		at += len;
	}
	e->cursor = (uint16_t)wanted;
}

static bool row_is_right(const struct edit *e)
{
	size_t end = end_of(e, e->first);

	return e->same >= end && e->shown == columns_of(e, e->first, end);
}

/* Where writing begins: at what is not right, but never between a letter and what is set above
 * it. */
static size_t wrong_from(const struct edit *e, size_t end)
{
	size_t from = e->same > e->first ? e->same : e->first;
	unsigned columns = 0;

	if (from >= end)
		return end;
	while (from > e->first && character(e, from, &columns) > 0 && columns == 0)
		from = before(e, from);
	return from;
}

static void draw_text(struct edit *e, struct fmt *out)
{
	size_t end, from;
	unsigned columns;

	scroll(e);
	end = end_of(e, e->first);
	if (!row_is_right(e)) {
		from = wrong_from(e, end);
		move(e, from, out);
		fmt_bytes(out, e->text + from, end - from);
		columns = columns_of(e, e->first, end);
		repeat(out, ' ', e->shown > columns ? e->shown - columns : 0);
		e->cursor = e->shown > columns ? e->shown : (uint16_t)columns;
		e->shown = (uint16_t)columns;
		e->same = (uint16_t)end;
	}
	move(e, e->at, out);
}

void edit_draw(struct edit *e, struct fmt *out)
{
	if (!e->prompted)
		fmt_str(out, e->prompt);
	e->prompted = true;
	if (e->mode != EDIT_SECRET)
		draw_text(e, out);
}

void edit_leave(struct edit *e, struct fmt *out)
{
	edit_draw(e, out);
	fmt_char(out, '\n');
	edit_forget(e);
}

void edit_forget(struct edit *e)
{
	e->prompted = false;
	e->same = e->first = e->shown = e->cursor = 0;
}
