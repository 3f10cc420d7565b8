/*
 * relay_body.c - content on its way: decoder, header filter, encoder, between the two channels.
 *
 * Decoded content rests in a small buffer of the transaction, because the filter may grow it; the
 * encoder writes into the provider's channel in place. Once something is wrong with the content
 * the provider's connection is cut without a dot, the rest is read and thrown away, and the
 * client hears why after its own dot.
 */
#include "base/log.h"
#include "gateway/relay.h"

enum { BODY_PROGRESS_MS = 180000, WASTE_FACTOR = 2, PIECES_A_STEP = 8 };

/* ---- content out ---- */

/* The provider must not take this message: it never sees the dot (SC-10). */
static void spoil(struct session *s, enum smtp_say why)
{
	struct relay *r = relay_of(s);

	if (r->txn->trouble == SAY_NOTHING)
		r->txn->trouble = (uint8_t)why;
	if (r->up != NULL)
		relay_drop_upstream(s);
}

/* The provider's connection broke while content passed. A refusal that it managed to say counts. */
static void lose(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;

	if (t->lost)
		return;
	t->lost = true;
	t->reply = (struct talk_reply){ 0 };
	if (r->up != NULL && r->up->talk.failure == TALK_DESYNC && r->up->talk.reply.code >= 400)
		t->reply = r->up->talk.reply;
	relay_drop_upstream(s);
}

static bool passes(const struct relay *r)
{
	return r->up != NULL && !r->txn->lost && r->txn->trouble == SAY_NOTHING;
}

/* What must not go on, looked at whenever content has moved. */
static void inspect(struct session *s, unsigned flags, uint64_t content)
{
	struct transaction *t = relay_of(s)->txn;
	bool bare = (flags & (DOT_BARE_CR | DOT_BARE_LF)) != 0;

	if ((flags & DOT_NUL) != 0 || (s->policy.eol_reject && bare))
		spoil(s, SAY_BAD_CONTENT);
	else if (content > settings_running()->gateway[0].max_message)
		spoil(s, SAY_TOO_BIG);
	else if (header_filter_loop(&t->filter))
		spoil(s, SAY_LOOP);
}

/* From the resting content through the filter (`end`: the filter's own rest) and the encoder into
 * the provider's channel. Every line grows by a dot at most, so three quarters of the room always
 * fit. */
static size_t filter_out(struct session *s, bool end, bool *done)
{
	struct transaction *t = relay_of(s)->txn;
	uint8_t piece[1024];
	struct slice in = slice_of(t->mid + t->mid_at, t->mid_len), rest;
	size_t room, cap, made = 0, wrote = 0;
	uint8_t *out = chan_space(&s->up, &room);

	cap = room / 4 * 3;
	if (out == NULL || cap < 8)
		return 0;
	if (cap > sizeof piece)
		cap = sizeof piece;
	if (end)
		*done = header_filter_end(&t->filter, piece, cap, &made) == E_OK;
	else
		header_filter(&t->filter, &in, piece, cap, &made);
	t->mid_at = (uint16_t)(t->mid_at + (t->mid_len - in.len));
	t->mid_len = (uint16_t)in.len;
	rest = slice_of(piece, made);
	dot_encode(&t->encoder, &rest, out, room, &wrote);
	chan_commit(&s->up, wrote);
	return made + wrote;
}

static size_t body_out(struct session *s)
{
	struct transaction *t = relay_of(s)->txn;
	struct slice in = slice_of(t->mid + t->mid_at, t->mid_len);
	size_t room, wrote = 0;
	uint8_t *out = chan_space(&s->up, &room);

	if (out == NULL || room < 4)
		return 0;
	dot_encode(&t->encoder, &in, out, room, &wrote);
	chan_commit(&s->up, wrote);
	t->mid_at = (uint16_t)(t->mid_at + (t->mid_len - in.len));
	t->mid_len = (uint16_t)in.len;
	return wrote;
}

/* Moves resting content on, or away when nobody takes it. Bytes moved. */
static size_t drain(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	size_t n, total = 0;

	if (!passes(r)) {
		n = t->mid_len;
		t->mid_at = t->mid_len = 0;
		return n;
	}
	do {
		if (t->mid_len == 0)
			break;
		n = header_filter_in_body(&t->filter) ? body_out(s) : filter_out(s, false, NULL);
		total += n;
	} while (n > 0);
	return total;
}

/* ---- ends ---- */

/* All content is in: the filter's rest, then the dot. > 0 moved, 0 waits for room. */
static int finish(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	bool done = header_filter_in_body(&t->filter);
	size_t room;
	uint8_t *out;
	int n;

	if (t->mid_len > 0)
		return (int)drain(s);
	if (!passes(r) || t->dot_asked) {
		relay_phase(s, SMTP_TAIL);
		return 1;
	}
	inspect(s, 0, 0);
	if (!done && filter_out(s, true, &done) == 0 && !done)
		return 0;
	if (!done)
		return 1;
	out = chan_space(&s->up, &room);
	n = out != NULL ? dot_encode_end(&t->encoder, out, room) : E_AGAIN;
	if (n == E_AGAIN)
		return 0;
	chan_commit(&s->up, (size_t)n);
	chan_bulk(&s->down, false);
	chan_bulk(&s->up, false);
	smtp_client_ask(&r->up->smtp, SMTP_ASK_DOT);
	r->up->deadline_ms = port_clock_ms() + talk_patience_ms(&r->up->talk);
	t->dot_asked = true;
	relay_phase(s, SMTP_TAIL);
	return 1;
}

static void progress(struct session *s, uint64_t content)
{
	struct relay *r = relay_of(s);

	if (content - r->progress < 1024)
		return;
	r->progress = content;
	r->deadline_ms = port_clock_ms() + BODY_PROGRESS_MS;
}

/* Whether the client sends so much more than allowed that nobody need read it all (SS-19). */
static bool wasteful(uint64_t content)
{
	return content / WASTE_FACTOR > settings_running()->gateway[0].max_message;
}

static bool provider_gone(const struct relay *r)
{
	return r->up != NULL && r->up->stage == UP_FAILED;
}

static int body_piece(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	size_t produced = 0, moved;
	struct slice in, rest;

	if (provider_gone(r))
		lose(s);
	if (t->decoder.state == DOT_END)
		return finish(s);
	moved = drain(s);
	if (t->mid_len > 0)
		return moved > 0;
	in = rest = chan_view(&s->down);
	if (in.len == 0)
		return moved > 0;
	t->mid_at = 0;
	dot_decode(&t->decoder, &rest, t->mid, sizeof t->mid, &produced);
	t->mid_len = (uint16_t)produced;
	chan_skip(&s->down, in.len - rest.len);
	inspect(s, t->decoder.flags, t->decoder.content);
	progress(s, t->decoder.raw);
	if (wasteful(t->decoder.raw)) {
		relay_say(s, SAY_TOO_BIG);
		relay_phase(s, SMTP_QUIT);
	}
	drain(s);
	return 1;
}

/* Several pieces a step, so that the provider's record fills up before it is sent. */
int relay_body_step(struct session *s)
{
	struct relay *r = relay_of(s);
	int moved = 0, n = 1;

	for (int i = 0; i < PIECES_A_STEP && n > 0; i++) {
		n = body_piece(s);
		moved += n;
		if (r->phase != SMTP_BODY || r->txn->decoder.state == DOT_END)
			break;
	}
	return moved;
}

/* The octets of one chunk are in. */
static int chunk_done(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	int n;

	if (t->mid_len > 0)
		return (int)drain(s);
	if (!r->chunk_last) {
		if (t->trouble != SAY_NOTHING || t->lost) {
			relay_phase(s, SMTP_TAIL);
			return 1;
		}
		relay_say(s, SAY_CHUNK_OK);
		relay_phase(s, SMTP_CHUNKS);
		return 1;
	}
	if (t->decoder.state != DOT_END) {
		n = bdat_end(&t->chunks, t->mid, sizeof t->mid);
		if (n < 0)
			spoil(s, SAY_BAD_CONTENT);
		t->mid_at = 0;
		t->mid_len = (uint16_t)(n > 0 ? n : 0);
		t->decoder.state = DOT_END;
		return 1;
	}
	return finish(s);
}

int relay_chunk_step(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	size_t produced = 0, moved;
	struct slice in, rest;

	if (provider_gone(r))
		lose(s);
	if (r->chunk_left == 0)
		return chunk_done(s);
	moved = drain(s);
	if (t->mid_len > 0)
		return moved > 0;
	in = chan_view(&s->down);
	if (in.len > r->chunk_left)
		in = slice_head(in, (size_t)r->chunk_left);
	if (in.len == 0)
		return moved > 0;
	rest = in;
	t->mid_at = 0;
	if (bdat_check(&t->chunks, &rest, t->mid, sizeof t->mid, &produced) != E_OK)
		spoil(s, SAY_BAD_CONTENT);
	t->mid_len = (uint16_t)produced;
	r->chunk_left -= in.len - rest.len;
	chan_skip(&s->down, in.len - rest.len);
	inspect(s, t->chunks.flags, t->chunks.content);
	progress(s, t->chunks.content);
	drain(s);
	return 1;
}

/* The octets of a chunk that was refused; then the refusal. */
int relay_skip_step(struct session *s)
{
	struct relay *r = relay_of(s);
	struct slice in = chan_view(&s->down);
	size_t n = in.len < r->chunk_left ? in.len : (size_t)r->chunk_left;

	if (r->chunk_left > 0) {
		chan_skip(&s->down, n);
		r->chunk_left -= n;
		return n > 0;
	}
	relay_phase(s, r->txn != NULL ? SMTP_MAIL : r->helo[0] != '\0' || r->esmtp ? SMTP_READY :
		SMTP_HELLO);
	if (r->txn != NULL && r->txn->rcpt_good > 0)
		relay_phase(s, SMTP_RCPT);
	if (r->skip_say == SAY_NOTHING) /* the refusal has been said already */
		return 1;
	relay_say(s, (enum smtp_say)r->skip_say);
	relay_error(s);
	return 1;
}

/* ---- the verdict ---- */

static void verdict_log(struct session *s, unsigned code)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	char from[176];
	struct fmt f = fmt_on(from, sizeof from - 1);

	fmt_clean(&f, slice_of(t->reverse_path, t->reverse_path_len), 72);
	fmt_str(&f, "> to=<");
	fmt_clean(&f, slice_of(t->rcpt, t->rcpt_len), 72);
	log_line(PORT_LOG_INFO,
		"session %llu: message from=<%s> recipients=%u bytes=%llu account=%s: %u",
		(unsigned long long)s->id, fmt_cstr(&f), (unsigned)t->rcpt_good,
		(unsigned long long)t->encoder.content, t->account, code);
}

/* The client hears the provider's verdict, never an earlier one. */
int relay_tail_step(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;
	enum smtp_say what = t->trouble != SAY_NOTHING ? (enum smtp_say)t->trouble : SAY_LOST;

	if (t->trouble == SAY_NOTHING && !t->lost && !t->dot_answered) {
		if (provider_gone(r))
			lose(s);
		return t->lost;
	}
	if (t->trouble == SAY_NOTHING && (t->dot_answered || t->reply.code >= 400)) {
		verdict_log(s, t->reply.code);
		relay_say_verdict(s, &t->reply);
	} else {
		verdict_log(s, smtp_say_code(what));
		relay_say(s, what);
	}
	relay_drop_transaction(s);
	relay_phase(s, SMTP_READY);
	return 1;
}
