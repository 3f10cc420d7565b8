/*
 * header_mailbox.c - the first mailbox of a From field. One pass over the value keeps two readings
 * side by side: as words of a display name, and as the octets of a bare address. Which one it was
 * shows at the '<', or at the end of the mailbox.
 */
#include <string.h>

#include "error.h"
#include "proto/address.h"
#include "proto/utf8.h"

/* Text of a name under construction: blanks are joined, and none stands at the ends. */
struct words {
	char *p;
	uint16_t len, cap;
	bool gap, full;
};

struct reader {
	struct slice in;       /* what is left */
	struct words name, comment;
	uint8_t raw[ADDRESS_MAX + 2];
	uint16_t raw_len;
	bool raw_over;         /* too long for an address */
};

static bool is_gap(uint8_t c)
{
	return c <= 0x20 || c == 0x7f;
}

static void words_add(struct words *w, uint8_t c)
{
	bool gap = w->gap && w->len > 0;

	if (is_gap(c)) {
		w->gap = true;
		return;
	}
	if (w->full || (unsigned)w->len + 1 + gap > w->cap) {
		w->full = true;
		return;
	}
	if (gap)
		w->p[w->len++] = ' ';
	w->p[w->len++] = (char)c;
	w->gap = false;
}

/* Takes back the octets of a character that the end of the room has cut. */
static void words_end(struct words *w)
{
	uint16_t n = w->len;

	while (w->full && n > 0 && w->len - n < 4) {
		uint8_t c = (uint8_t)w->p[--n];

		if (c < 0x80 || c >= 0xc0) {
			if (c >= 0xc0 && !utf8_valid(slice_of(w->p + n, (size_t)w->len - n)))
				w->len = n;
			return;
		}
	}
}

static void words_clear(struct words *w)
{
	w->len = 0;
	w->gap = w->full = false;
}

static void raw_add(struct reader *r, uint8_t c)
{
	if (r->raw_len < sizeof r->raw)
		r->raw[r->raw_len++] = c;
	else
		r->raw_over = true;
}

static uint8_t take(struct reader *r)
{
	uint8_t c = r->in.p[0];

	r->in = slice_from(r->in, 1);
	return c;
}

/* The rest of a comment whose '(' has been taken. */
static void read_comment(struct reader *r)
{
	unsigned depth = 1;

	words_add(&r->comment, ' ');
	while (r->in.len > 0 && depth > 0) {
		uint8_t c = take(r);

		if (c == ')' && --depth == 0)
			break;
		if (c == '(')
			depth++;
		if (c == '\\' && r->in.len > 0)
			c = take(r);
		words_add(&r->comment, c);
	}
	words_add(&r->name, ' ');
}

/* The rest of a quoted string whose opening quote has been taken, to both readings. */
static void read_quoted(struct reader *r)
{
	raw_add(r, '"');
	while (r->in.len > 0) {
		uint8_t c = take(r);

		if (c == '"')
			break;
		if (c == '\\' && r->in.len > 0) {
			raw_add(r, c);
			c = take(r);
		}
		if (c == '\r' || c == '\n')
			continue;
		raw_add(r, c);
		words_add(&r->name, c);
	}
	raw_add(r, '"');
}

/* What stands in angle brackets, to the raw reading alone. */
static void read_angle(struct reader *r)
{
	struct words name = r->name;

	r->raw_len = 0;
	r->raw_over = false;
	while (r->in.len > 0) {
		uint8_t c = take(r);

		if (c == '>')
			break;
		if (c == '"')
			read_quoted(r);
		else if (c == '(')
			read_comment(r);
		else if (!is_gap(c))
			raw_add(r, c);
	}
	r->name = name;
}

static bool raw_address(const struct reader *r, struct header_mailbox *out)
{
	struct slice raw = slice_of(r->raw, r->raw_len), rest;
	struct path path;
	enum path_error why;

	if (r->raw_over || path_parse(raw, PATH_LENIENT | PATH_UTF8, &path, &rest, &why) != E_OK)
		return false;
	if (rest.len > 0 || path.domain.len == 0)
		return false;
	memcpy(out->addr, path.mailbox.p, path.mailbox.len);
	out->addr_len = (uint16_t)path.mailbox.len;
	return true;
}

/* Reads up to the end of the first mailbox; true when it ended in angle brackets. */
static bool read_mailbox(struct reader *r)
{
	while (r->in.len > 0) {
		uint8_t c = take(r);

		if (c == '<') {
			read_angle(r);
			return true;
		} else if (c == '"') {
			read_quoted(r);
		} else if (c == '(') {
			read_comment(r);
		} else if (c == ',' || c == ';' || c == ':') {
			if (r->raw_len > 0 && c != ':')
				return false;
			r->raw_len = 0; /* nothing yet, or the name of a group */
			r->raw_over = false;
			words_clear(&r->name);
		} else {
			words_add(&r->name, c);
			if (!is_gap(c) || (r->raw_len > 0 && r->in.len > 0))
				raw_add(r, is_gap(c) ? ' ' : c);
		}
	}
	return false;
}

static void name_set(struct header_mailbox *out, const struct words *w)
{
	memmove(out->name, w->p, w->len);
	out->name_len = w->len;
}

void header_mailbox_parse(struct slice value, struct header_mailbox *out)
{
	char comment[HEADER_NAME_MAX];
	struct reader r = { .in = value, .name = { .p = out->name, .cap = HEADER_NAME_MAX },
		.comment = { .p = comment, .cap = HEADER_NAME_MAX } };
	bool angle, found;

	out->addr_len = 0;
	angle = read_mailbox(&r);
	while (r.in.len > 0 && (r.in.p[0] == '(' || is_gap(r.in.p[0])))
		if (take(&r) == '(')
			read_comment(&r);
	found = raw_address(&r, out);
	if (angle && !found && r.name.len == 0)
		for (uint16_t i = 0; i < r.raw_len; i++)
			words_add(&r.name, r.raw[i]);
	words_end(&r.name);
	words_end(&r.comment);
	if ((angle && r.name.len > 0) || !found)
		name_set(out, &r.name);
	else
		name_set(out, &r.comment);
}
