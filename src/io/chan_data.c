/*
 * chan_data.c - what is done with the bytes of a channel: lines, views, output.
 *
 * In clear, input lies in ch->in. With TLS it lies where the engine decrypted it; only a line
 * that goes on in the next record is gathered in ch->in, which is always read out before the
 * record. Output in TLS is put straight into the engine's record; ch->out is for output in
 * clear.
 */
#include <string.h>

#include "io/chan.h"
#include "io/chan_parts.h"

_Static_assert(LINE_BYTES >= CHAN_LINE_MAX, "a line fits a line buffer");
_Static_assert(OUTPUT_BYTES >= CHAN_PUT_MAX + 128, "room that chan_put() promises");

/* ---- buffers ---- */

void chan_in_idle(struct chan *ch)
{
	if (ch->in == NULL || ch->in_len > 0)
		return;
	buffer_give((enum buffer_class)ch->in_class, ch->in);
	ch->in = NULL;
	ch->in_class = BUFFER_NONE;
	ch->in_at = 0;
}

void chan_out_idle(struct chan *ch)
{
	if (ch->out == NULL || ch->out_len > 0)
		return;
	buffer_give((enum buffer_class)ch->out_class, ch->out);
	ch->out = NULL;
	ch->out_class = BUFFER_NONE;
	ch->out_at = 0;
}

void chan_ahead_idle(struct chan *ch)
{
	if (ch->ahead == NULL || ch->ahead_len > 0)
		return;
	buffer_give((enum buffer_class)ch->ahead_class, ch->ahead);
	ch->ahead = NULL;
}

/* A buffer for input: a large one where that only makes it faster and costs nobody anything. */
static bool lend_in(struct chan *ch, bool bulk)
{
	enum buffer_class class = BUFFER_LARGE;

	if (ch->in != NULL && ch->in_len == 0 && bulk && ch->in_class == BUFFER_LINE)
		chan_in_idle(ch);
	if (ch->in != NULL)
		return true;
	ch->in = bulk ? buffer_try(class) : NULL;
	if (ch->in == NULL) {
		class = BUFFER_LINE;
		ch->in = buffer_take(class, &ch->turn, ch->owner);
	}
	ch->in_class = (uint8_t)(ch->in != NULL ? class : BUFFER_NONE);
	ch->starved = ch->starved || ch->in == NULL;
	return ch->in != NULL;
}

static bool lend_out(struct chan *ch)
{
	enum buffer_class class = BUFFER_LARGE;

	if (ch->out != NULL)
		return true;
	ch->out = ch->bulk ? buffer_try(class) : NULL;
	if (ch->out == NULL)
		ch->out = buffer_ask(class = BUFFER_OUTPUT, &ch->turn, ch->owner);
	ch->out_class = (uint8_t)(ch->out != NULL ? class : BUFFER_NONE);
	ch->starved = ch->starved || ch->out == NULL;
	return ch->out != NULL;
}

static void move_to_front(uint8_t *buf, uint16_t *at, uint16_t len)
{
	if (*at > 0 && len > 0)
		memmove(buf, buf + *at, len);
	*at = 0;
}

size_t chan_in_room(struct chan *ch)
{
	size_t cap, end;

	if (!lend_in(ch, ch->bulk))
		return 0;
	cap = buffer_size((enum buffer_class)ch->in_class);
	end = (size_t)ch->in_at + ch->in_len;
	if (end == cap || ch->in_len == 0)
		move_to_front(ch->in, &ch->in_at, ch->in_len);
	return cap - ch->in_at - ch->in_len;
}

/* ---- input ---- */

/* The unread input in one piece. */
static struct slice piece(const struct chan *ch)
{
	const uint8_t *p = NULL;
	size_t len = 0;

	if (ch->in_len > 0)
		return slice_of(ch->in + ch->in_at, ch->in_len);
	if (ch->tls != NULL)
		p = tls_payload(ch->tls, &len);
	return slice_of(p, len);
}

static void consume(struct chan *ch, size_t len)
{
	if (len == 0)
		return;
	ch->read_total += len;
	if (ch->in_len > 0) {
		ch->in_at = (uint16_t)(ch->in_at + len);
		ch->in_len = (uint16_t)(ch->in_len - len);
	} else if (ch->tls != NULL) {
		tls_payload_ack(ch->tls, len);
	}
}

/* Adds the record's next bytes, up to the end of the line, to what was gathered. False: nothing to
 * add, or no buffer. */
static bool gather(struct chan *ch)
{
	const uint8_t *p, *end;
	size_t len, room;

	if (ch->tls == NULL || (p = tls_payload(ch->tls, &len)) == NULL)
		return false;
	if (!lend_in(ch, false))
		return false;
	move_to_front(ch->in, &ch->in_at, ch->in_len);
	room = CHAN_LINE_MAX - (size_t)ch->in_len;
	end = memchr(p, '\n', len);
	if (end != NULL)
		len = (size_t)(end - p) + 1;
	if (len > room)
		len = room;
	memcpy(ch->in + ch->in_len, p, len);
	ch->in_len = (uint16_t)(ch->in_len + len);
	tls_payload_ack(ch->tls, len);
	due_mark(ch->owner); /* there is room for the next record: a pump has to follow */
	return len > 0;
}

/* Throws away what belongs to a line that is too long. */
static int rest_of_long_line(struct chan *ch)
{
	struct slice s = piece(ch);
	size_t end = slice_find(s, '\n');

	if (s.len == 0)
		return ch->ended ? E_EOF : E_AGAIN;
	if (end == s.len) {
		consume(ch, s.len);
		return E_LIMIT;
	}
	consume(ch, end + 1);
	ch->long_line = false;
	return E_EXIST;
}

static int line_found(struct chan *ch, struct slice s, size_t end, struct slice *line,
	bool *bare_lf)
{
	bool cr = end > 0 && s.p[end - 1] == '\r';

	ch->line_len = (uint16_t)(end + 1);
	*line = slice_head(s, cr ? end - 1 : end);
	if (bare_lf != NULL)
		*bare_lf = !cr;
	return E_OK;
}

int chan_line(struct chan *ch, struct slice *line, bool *bare_lf)
{
	ch->line_len = 0;
	if (ch->long_line)
		return rest_of_long_line(ch);
	for (;;) {
		struct slice s = slice_head(piece(ch), CHAN_LINE_MAX);
		size_t end = slice_find(s, '\n');

		if (end < s.len)
			return line_found(ch, s, end, line, bare_lf);
		if (s.len == CHAN_LINE_MAX) {
			consume(ch, s.len);
			ch->long_line = true;
			return E_LIMIT;
		}
		if (!gather(ch))
			return ch->ended && !ch->starved ? E_EOF : E_AGAIN;
	}
}

void chan_line_done(struct chan *ch)
{
	consume(ch, ch->line_len);
	ch->line_len = 0;
}

struct slice chan_view(struct chan *ch)
{
	return piece(ch);
}

void chan_skip(struct chan *ch, size_t len)
{
	consume(ch, len);
	ch->line_len = 0;
}

bool chan_has_input(const struct chan *ch)
{
	return ch->in_len > 0 || ch->ahead_len > 0 || (ch->tls != NULL && tls_has_input(ch->tls));
}

bool chan_at_end(struct chan *ch)
{
	return ch->ended && piece(ch).len == 0;
}

/* ---- output ---- */

/* After close_notify, from whichever side, nobody listens: output vanishes, and the session
 * hears of the end when it next reads. */
static bool deaf(const struct chan *ch)
{
	return ch->tls != NULL && tls_mute(ch->tls);
}

uint8_t *chan_space(struct chan *ch, size_t *len)
{
	size_t cap;

	*len = 0;
	if (ch->net == NULL || ch->error != E_OK)
		return NULL;
	if (ch->tls != NULL)
		return tls_space(ch->tls, &ch->turn, ch->owner, len);
	if (!lend_out(ch))
		return NULL;
	cap = buffer_size((enum buffer_class)ch->out_class);
	if (ch->out_len == 0)
		ch->out_at = 0;
	*len = cap - ch->out_at - ch->out_len;
	return *len > 0 ? ch->out + ch->out_at + ch->out_len : NULL;
}

void chan_commit(struct chan *ch, size_t len)
{
	if (len == 0)
		return;
	ch->written_total += len;
	if (ch->tls != NULL)
		tls_space_ack(ch->tls, len);
	else
		ch->out_len = (uint16_t)(ch->out_len + len);
}

size_t chan_room(struct chan *ch)
{
	size_t len;

	if (deaf(ch))
		return CHAN_PUT_MAX;
	if (ch->tls == NULL && ch->out_len > 0)
		move_to_front(ch->out, &ch->out_at, ch->out_len);
	chan_space(ch, &len);
	return len < CHAN_PUT_MAX ? len : CHAN_PUT_MAX;
}

int chan_put(struct chan *ch, const void *p, size_t len)
{
	uint8_t *to;
	size_t room;

	if (len > chan_room(ch))
		return E_AGAIN;
	if (len == 0 || deaf(ch))
		return E_OK;
	to = chan_space(ch, &room);
	if (to == NULL || room < len)
		return E_AGAIN;
	memcpy(to, p, len);
	chan_commit(ch, len);
	return E_OK;
}

/* A connection that takes nothing any more says so when it is read: what it still brought comes
 * first. */
static size_t write_through(struct chan *ch, struct slice s)
{
	int n = port_write(ch->net, s.p, s.len);

	if (n <= 0)
		return 0;
	ch->written_total += (uint64_t)n;
	return (size_t)n;
}

size_t chan_pass(struct chan *ch, struct slice s)
{
	size_t taken = 0, room;
	uint8_t *to;

	if (ch->net == NULL || ch->error != E_OK)
		return 0;
	if (ch->tls == NULL && ch->out_len == 0)
		return write_through(ch, s);
	while (taken < s.len && (to = chan_space(ch, &room)) != NULL) {
		if (room > s.len - taken)
			room = s.len - taken;
		memcpy(to, s.p + taken, room);
		chan_commit(ch, room);
		taken += room;
	}
	return taken;
}

void chan_bulk(struct chan *ch, bool on)
{
	ch->bulk = on;
	if (ch->tls != NULL)
		tls_bulk(ch->tls, on);
}

bool chan_flushed(const struct chan *ch)
{
	return ch->out_len == 0 && (ch->tls == NULL || !tls_unsent(ch->tls));
}
