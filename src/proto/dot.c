/*
 * dot.c - transparency dots and line ends.
 *
 * All three automata work alike: what needs no attention (text and CRLF) is found a word at a
 * time and copied in one piece; at every other octet one slow step is made, which writes two
 * octets at most.
 */
#include "proto/dot.h"

#include <string.h>

#include "error.h"

const char *const dot_state_name[DOT_STATES] = { "line-start", "dot", "dot-cr", "middle", "cr",
	"end" };

/* Where output goes. */
struct sink {
	uint8_t *p;
	size_t cap, len;
};

static bool sink_put(struct sink *s, const void *p, size_t len)
{
	if (s->cap - s->len < len)
		return false;
	memcpy(s->p + s->len, p, len);
	s->len += len;
	return true;
}

static bool is_special(uint8_t c)
{
	return c == '\r' || c == '\n' || c == 0;
}

static const uint64_t ones = UINT64_C(0x0101010101010101);

/* High bits where a byte of `w` is zero, and perhaps above one that is; none where none is. */
static uint64_t zero_bytes(uint64_t w)
{
	return (w - ones) & ~w & (ones << 7);
}

/* Octets up to the first CR, LF or NUL, eight at once: (w - 14) & ~w has a high bit where a
 * byte below 14 stands, which is mostly one of them; a closer look sorts out tabs. */
static size_t text_run(const uint8_t *p, size_t len)
{
	size_t i = 0;

	for (; len - i >= 8; i += 8) {
		uint64_t w;

		memcpy(&w, p + i, 8);
		if (((w - ones * 14) & ~w & (ones << 7)) == 0)
			continue;
		if ((zero_bytes(w) | zero_bytes(w ^ ones * '\r') | zero_bytes(w ^ ones * '\n')) != 0)
			break;
	}
	while (i < len && !is_special(p[i]))
		i++;
	return i;
}

/* The present line, as far as it has come, and the longest so far. */
struct lines {
	uint32_t *line, *longest;
	bool start;            /* at the start of a line */
};

static void line_grow(struct lines *l, size_t by)
{
	*l->line = by > UINT32_MAX - *l->line ? UINT32_MAX : *l->line + (uint32_t)by;
}

static void line_end(struct lines *l)
{
	if (*l->line > *l->longest)
		*l->longest = *l->line;
	*l->line = 0;
	l->start = true;
}

/* Length of the part that is copied as it is: whole CRLFs and text, up to a dot at the start of a
 * line where `dots`. */
static size_t clean_run(const uint8_t *p, size_t len, struct lines *l, bool dots)
{
	size_t at = 0;

	while (at < len && !(dots && l->start && p[at] == '.')) {
		size_t n = text_run(p + at, len - at);

		if (n > 0) {
			line_grow(l, n);
			l->start = false;
			at += n;
		}
		if (len - at < 2 || p[at] != '\r' || p[at + 1] != '\n')
			break;
		at += 2;
		line_end(l);
	}
	return at;
}

static size_t copy_clean(struct slice *in, struct sink *out, struct lines *l, bool dots)
{
	size_t room = out->cap - out->len;
	size_t n = clean_run(in->p, in->len < room ? in->len : room, l, dots);

	if (n > 0) {
		memcpy(out->p + out->len, in->p, n);
		out->len += n;
		*in = slice_from(*in, n);
	}
	return n;
}

/* One octet of text, or a bare LF, in the middle of a line. False: no room. */
static bool step_middle(struct dot_decoder *d, uint8_t c, struct sink *out)
{
	struct lines l = { &d->line, &d->longest, false };

	if (c == '\r') {
		d->state = DOT_CR;
		return true;
	}
	if (c == '\n') {
		if (!sink_put(out, "\r\n", 2))
			return false;
		d->flags |= DOT_BARE_LF;
		line_end(&l);
	} else {
		if (!sink_put(out, &c, 1))
			return false;
		d->flags |= c == 0 ? DOT_NUL : 0;
		line_grow(&l, 1);
	}
	d->state = DOT_MIDDLE;
	return true;
}

/* One octet in a state that holds a CR back. True when the octet was used up; the CR alone may be
 * settled first. */
static bool step_cr(struct dot_decoder *d, uint8_t c, struct sink *out)
{
	struct lines l = { &d->line, &d->longest, false };

	if (c == '\n' && d->state == DOT_DOT_CR) {
		d->state = DOT_END;
		return true;
	}
	if (!sink_put(out, "\r\n", 2))
		return false;
	line_end(&l);
	d->state = c == '\n' ? DOT_LINE_START : DOT_MIDDLE;
	if (c != '\n')
		d->flags |= DOT_BARE_CR;
	return c == '\n';
}

static bool step(struct dot_decoder *d, uint8_t c, struct sink *out)
{
	switch (d->state) {
	case DOT_LINE_START:
		if (c != '.')
			return step_middle(d, c, out);
		d->state = DOT_DOT;
		return true;
	case DOT_DOT:
		if (c != '\r')
			return step_middle(d, c, out);
		d->state = DOT_DOT_CR;
		return true;
	case DOT_MIDDLE:
		return step_middle(d, c, out);
	case DOT_DOT_CR:
	case DOT_CR:
		return step_cr(d, c, out);
	case DOT_END:
	case DOT_STATES:
		break;
	}
	return false;
}

int dot_decode(struct dot_decoder *d, struct slice *in, uint8_t *out, size_t cap, size_t *produced)
{
	struct sink sink = { out, cap, 0 };
	size_t before = in->len;

	while (in->len > 0 && d->state != DOT_END) {
		struct lines l = { &d->line, &d->longest, d->state == DOT_LINE_START };
		bool plain = l.start || d->state == DOT_MIDDLE;
		size_t had = sink.len;

		if (plain && copy_clean(in, &sink, &l, true) > 0) {
			d->state = l.start ? DOT_LINE_START : DOT_MIDDLE;
			continue;
		}
		if (step(d, in->p[0], &sink))
			*in = slice_from(*in, 1);
		else if (sink.len == had)
			break;
	}
	d->raw += before - in->len;
	d->content += sink.len;
	*produced = sink.len;
	return d->state == DOT_END;
}

/* One octet that is not plain text. E_OK: used up; E_AGAIN: no room; E_PROTO. */
static int bdat_step(struct bdat_checker *b, uint8_t c, struct sink *out)
{
	struct lines l = { &b->line, &b->longest, false };
	bool held = b->any && b->last == '\r';

	if (held != (c == '\n')) {
		b->flags |= held ? DOT_BARE_CR : DOT_BARE_LF;
		return E_PROTO;
	}
	if (held && !sink_put(out, "\r\n", 2))
		return E_AGAIN;
	if (!held && c != '\r' && !sink_put(out, &c, 1))
		return E_AGAIN;
	if (held)
		line_end(&l);
	else if (c != '\r')
		line_grow(&l, 1);
	b->flags |= c == 0 ? DOT_NUL : 0;
	return E_OK;
}

int bdat_check(struct bdat_checker *b, struct slice *in, uint8_t *out, size_t cap, size_t *produced)
{
	struct sink sink = { out, cap, 0 };
	struct lines l = { &b->line, &b->longest, false };
	int r = (b->flags & (DOT_BARE_CR | DOT_BARE_LF)) != 0 ? E_PROTO : E_OK;

	while (r == E_OK && in->len > 0) {
		const uint8_t *at = in->p;
		size_t n = b->any && b->last == '\r' ? 0 : copy_clean(in, &sink, &l, false);

		if (n == 0) {
			r = bdat_step(b, at[0], &sink);
			if (r != E_OK)
				break;
			*in = slice_from(*in, 1);
			n = 1;
		}
		b->any = true;
		b->last = at[n - 1];
	}
	if (r == E_PROTO)
		*in = (struct slice){ NULL, 0 };
	b->content += sink.len;
	*produced = sink.len;
	return r == E_PROTO ? E_PROTO : E_OK;
}

int bdat_end(struct bdat_checker *b, uint8_t *out, size_t cap)
{
	struct sink sink = { out, cap, 0 };
	struct lines l = { &b->line, &b->longest, false };

	if (b->any && b->last == '\r')
		b->flags |= DOT_BARE_CR;
	if ((b->flags & (DOT_BARE_CR | DOT_BARE_LF)) != 0)
		return E_PROTO;
	if (!b->any || b->last == '\n')
		return 0;
	if (!sink_put(&sink, "\r\n", 2))
		return E_AGAIN;
	line_end(&l);
	b->last = '\n';
	b->content += 2;
	return 2;
}

/* Length of the part up to and with the LF that stands before a dot, or all. */
static size_t until_dot_line(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const uint8_t *lf = memchr(p + at, '\n', len - at);

		if (lf == NULL)
			return len;
		at = (size_t)(lf - p) + 1;
		if (at < len && p[at] == '.')
			return at;
	}
	return len;
}

void dot_encode(struct dot_encoder *e, struct slice *in, uint8_t *out, size_t cap, size_t *produced)
{
	struct sink sink = { out, cap, 0 };

	while (in->len > 0 && sink.len < cap) {
		size_t room = cap - sink.len, n = in->len < room ? in->len : room;

		if (!e->middle && in->p[0] == '.') {
			if (!sink_put(&sink, "..", 2))
				break;
			n = 1;
		} else {
			n = until_dot_line(in->p, n);
			(void)sink_put(&sink, in->p, n);
		}
		e->middle = in->p[n - 1] != '\n';
		e->cr = in->p[n - 1] == '\r';
		e->content += n;
		*in = slice_from(*in, n);
	}
	*produced = sink.len;
}

int dot_encode_end(struct dot_encoder *e, uint8_t *out, size_t cap)
{
	const char *end = !e->middle ? ".\r\n" : e->cr ? "\n.\r\n" : "\r\n.\r\n";
	struct sink sink = { out, cap, 0 };

	return sink_put(&sink, end, strlen(end)) ? (int)sink.len : E_AGAIN;
}
