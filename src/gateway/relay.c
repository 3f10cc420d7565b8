/*
 * relay.c - the SMTP session by phases: a table of what to do in each, deadlines, the end.
 *
 * The device's side has its own deadline for a whole command; while the provider owes an answer
 * only the provider's deadline counts.
 */
#include "gateway/relay.h"

#include <string.h>

#include "base/log.h"
#include "board.h"
#include "gateway/opening.h"

enum { REPLY_ROOM = 700, ERRORS_MAX = 20 };

POOL_DEFINE(relay, struct relay, BOARD_SESSIONS);

/* Deadline of each phase; 0: the provider's counts. */
static const uint32_t phase_ms[SMTP_PHASE_COUNT] = {
	[SMTP_HELLO] = 300000, [SMTP_READY] = 300000, [SMTP_MAIL] = 300000, [SMTP_RCPT] = 300000,
	[SMTP_CHUNKS] = 300000, [SMTP_PROXY] = OPENING_PROXY_MS,
	[SMTP_DETECT] = OPENING_DETECT_MS, [SMTP_GREET] = OPENING_TLS_MS,
	[SMTP_SASL] = 120000, [SMTP_TLS] = OPENING_TLS_MS, [SMTP_BODY] = 180000, [SMTP_CHUNK] = 180000,
	[SMTP_SKIP] = 180000, [SMTP_TAIL] = 0, [SMTP_QUIT] = 5000,
};

struct relay *relay_of(struct session *s)
{
	return s->state;
}

void relay_put(struct session *s, const struct fmt *f)
{
	if (f->over || chan_put(&s->down, f->p, f->len) != E_OK)
		relay_of(s)->closing = true;
}

void relay_say(struct session *s, enum smtp_say what)
{
	char text[160];
	struct fmt f = fmt_on(text, sizeof text);

	smtp_say_put(&f, what);
	relay_put(s, &f);
}

void relay_say_verdict(struct session *s, const struct talk_reply *r)
{
	char text[TALK_TEXT_MAX + 40];
	struct fmt f = fmt_on(text, sizeof text);

	fmt_printf(&f, "%u ", (unsigned)r->code);
	if (r->status[0] != '\0')
		fmt_str(&f, r->status);
	else
		fmt_printf(&f, "%u.0.0", (unsigned)r->code / 100);
	fmt_printf(&f, " %.*s\r\n", (int)r->text_len, r->text);
	relay_put(s, &f);
}

void relay_phase(struct session *s, enum smtp_phase phase)
{
	struct relay *r = relay_of(s);

	r->phase = (uint8_t)phase;
	r->progress = 0;
	r->deadline_ms = phase_ms[phase] > 0 ? port_clock_ms() + phase_ms[phase] : UINT64_MAX;
}

void relay_error(struct session *s)
{
	struct relay *r = relay_of(s);

	if (++r->errors < ERRORS_MAX)
		return;
	relay_say(s, SAY_TOO_MANY_ERRORS);
	relay_phase(s, SMTP_QUIT);
}

void relay_drop_upstream(struct session *s)
{
	struct relay *r = relay_of(s);

	if (r->up == NULL)
		return;
	upstream_end(r->up);
	pool_put(&pool_upstream, r->up);
	r->up = NULL;
	chan_abort(&s->up);
}

/* An open transaction at the provider is reset; one whose content has begun can only be cut off. */
static void upstream_rest(struct session *s)
{
	struct relay *r = relay_of(s);
	struct transaction *t = r->txn;

	if (r->up == NULL)
		return;
	if (r->up->stage == UP_FAILED || (t->data_asked && !t->dot_answered &&
			!(t->data_answered && !t->data_open)))
		relay_drop_upstream(s);
	else if (t->mail_asked && !t->dot_answered &&
			upstream_ask(r->up, &s->up, SMTP_ASK_RSET, slice_str("RSET\r\n")) != E_OK)
		relay_drop_upstream(s);
}

void relay_drop_transaction(struct session *s)
{
	struct relay *r = relay_of(s);

	if (r->txn == NULL)
		return;
	upstream_rest(s);
	chan_bulk(&s->down, false);
	mem_wipe(r->txn->mid, sizeof r->txn->mid);
	pool_put(&pool_transaction, r->txn);
	r->txn = NULL;
}

/* ---- command lines ---- */

/* A line that is too long is thrown away and answered once (SS-14). */
static int long_line(struct session *s, int e)
{
	struct relay *r = relay_of(s);

	r->long_line = e == E_LIMIT;
	if (r->long_line)
		return 1;
	if (r->phase == SMTP_SASL && r->in.sasl != NULL) {
		relay_auth_too_long(s);
		return 1;
	}
	relay_say(s, SAY_LINE_LONG);
	relay_error(s);
	return 1;
}

/* A TLS hello where SMTP in clear is spoken need not hold a line end, and its sender waits
 * (SS-42). */
static bool is_tls_in_clear(struct session *s)
{
	struct slice in = chan_view(&s->down);

	return relay_of(s)->phase == SMTP_HELLO && !relay_secure(s) && in.len > 0 && in.p[0] == 0x16;
}

static int line_step(struct session *s)
{
	struct relay *r = relay_of(s);
	struct slice line;
	uint8_t phase = r->phase;
	int e = chan_line(&s->down, &line, NULL);

	r->waiting = false;
	if (e == E_AGAIN)
		return is_tls_in_clear(s) ? E_PROTO : 0;
	if (e == E_LIMIT || e == E_EXIST)
		return long_line(s, e);
	if (e != E_OK)
		return e;
	e = phase == SMTP_SASL ? relay_auth_line(s, line) : relay_command(s, line);
	if (e == E_AGAIN) {
		r->waiting = true;
		return 0;
	}
	chan_line_done(&s->down);
	if (e != E_OK)
		return e;
	if (r->phase == phase)
		relay_phase(s, (enum smtp_phase)phase);
	return 1;
}

/* ---- the end ---- */

/* Our QUIT to the provider waits for nothing: two seconds at most (SC-20). */
static int quit_step(struct session *s)
{
	struct relay *r = relay_of(s);
	bool up_done = true;
	int e;

	if (r->up != NULL && r->up->stage == UP_READY && !r->quit_asked) {
		upstream_ask(r->up, &s->up, SMTP_ASK_QUIT, slice_str("QUIT\r\n"));
		r->quit_asked = true;
	}
	if (r->up != NULL && r->up->stage == UP_READY && chan_is_open(&s->up))
		up_done = chan_finish(&s->up) != E_AGAIN;
	e = chan_finish(&s->down);
	if (e == E_AGAIN || !up_done)
		return 0;
	return E_EOF;
}

static int (*const phase_steps[SMTP_PHASE_COUNT])(struct session *) = {
	[SMTP_HELLO] = line_step, [SMTP_READY] = line_step, [SMTP_MAIL] = line_step,
	[SMTP_RCPT] = line_step, [SMTP_CHUNKS] = line_step, [SMTP_SASL] = line_step,
	[SMTP_PROXY] = relay_proxy_step, [SMTP_DETECT] = relay_detect_step,
	[SMTP_GREET] = relay_greet_step, [SMTP_TLS] = relay_tls_step, [SMTP_BODY] = relay_body_step,
	[SMTP_CHUNK] = relay_chunk_step, [SMTP_SKIP] = relay_skip_step, [SMTP_TAIL] = relay_tail_step,
	[SMTP_QUIT] = quit_step,
};

/* A provider that ends an idle connection is nobody's fault; the next message opens another. */
static void upstream_tidy(struct session *s)
{
	struct relay *r = relay_of(s);

	if (r->up == NULL || r->txn != NULL || r->phase == SMTP_SASL || r->phase == SMTP_QUIT)
		return;
	if (r->up->stage == UP_FAILED || chan_at_end(&s->up))
		relay_drop_upstream(s);
}

/* The device's time is up: in words where there is a line to say them on. */
static int out_of_time(struct session *s)
{
	struct relay *r = relay_of(s);

	log_line(PORT_LOG_INFO, "session %llu: out of time in %s", (unsigned long long)s->id,
		smtp_phase_name[r->phase]);
	if (r->phase == SMTP_QUIT || r->phase == SMTP_PROXY || r->phase == SMTP_TLS ||
			r->phase == SMTP_GREET)
		return E_TIMEOUT;
	relay_drop_transaction(s);
	relay_drop_upstream(s);
	if (chan_room(&s->down) >= REPLY_ROOM)
		relay_say(s, SAY_TIMEOUT);
	relay_phase(s, SMTP_QUIT);
	return 1;
}

static void wake_set(struct session *s)
{
	struct relay *r = relay_of(s);
	uint64_t at = r->waiting ? UINT64_MAX : r->deadline_ms;
	uint64_t up = r->up != NULL ? upstream_deadline_ms(r->up) : UINT64_MAX;

	session_wake_at(s, up < at ? up : at);
}

/* The device is gone; what it sent whole before is of no use to anybody any more. */
static bool device_gone(struct session *s)
{
	return s->down.error != E_OK || (chan_at_end(&s->down) && relay_of(s)->phase != SMTP_QUIT);
}

static int relay_step(struct session *s)
{
	struct relay *r = relay_of(s);
	int moved = 0, n;

	if (r->closing)
		return E_PROTO;
	if (r->up != NULL) {
		moved = upstream_step(r->up, &s->up, session_owner(s));
		moved += relay_answers(s);
		upstream_tidy(s);
	}
	if (chan_room(&s->down) < REPLY_ROOM && r->phase != SMTP_QUIT)
		n = 0;
	else
		n = phase_steps[r->phase](s);
	if (n < 0)
		return n;
	if (moved + n == 0 && device_gone(s))
		return s->down.error != E_OK ? s->down.error : E_EOF;
	if (!r->waiting && port_clock_ms() >= r->deadline_ms && r->phase != SMTP_DETECT)
		return out_of_time(s);
	wake_set(s);
	return moved + n;
}

static int relay_start(struct session *s)
{
	struct relay *r = pool_get(&pool_relay);

	if (r == NULL)
		return E_NOSLOT;
	s->state = r;
	relay_phase(s, s->policy.proxy ? SMTP_PROXY : relay_first_phase(s));
	return E_OK;
}

static void relay_end(struct session *s)
{
	struct relay *r = relay_of(s);

	if (r->txn != NULL) {
		mem_wipe(r->txn->mid, sizeof r->txn->mid);
		pool_put(&pool_transaction, r->txn);
	}
	signin_end(&r->in);
	if (r->up != NULL) {
		upstream_end(r->up);
		pool_put(&pool_upstream, r->up);
	}
	pool_put(&pool_relay, r);
	s->state = NULL;
}

/* Between transactions a session ends at once; inside one it may finish until the stop is hard. */
static void relay_stop(struct session *s, bool hard)
{
	struct relay *r = relay_of(s);

	if (r->phase == SMTP_QUIT || (!hard && r->txn != NULL))
		return;
	if (r->phase != SMTP_BODY && r->phase != SMTP_CHUNK && chan_room(&s->down) >= REPLY_ROOM)
		relay_say(s, SAY_STOPPING);
	r->waiting = false;
	relay_phase(s, SMTP_QUIT);
}

static const char *relay_state(const struct session *s)
{
	const struct relay *r = s->state;

	if (r->waiting && r->up != NULL && r->up->stage != UP_READY)
		return up_stage_name[r->up->stage];
	return smtp_phase_name[r->phase];
}

static void relay_who(const struct session *s, const char **user, const char **account)
{
	const struct relay *r = s->state;

	*user = r->in.user;
	*account = r->up != NULL ? r->up->account : r->in.account;
}

const struct session_type relay_session_type = {
	.name = "smtp", .start = relay_start, .step = relay_step, .stop = relay_stop,
	.end = relay_end, .state = relay_state, .who = relay_who, .alpn = "smtp",
	.full = "421 4.3.2 Too many connections, try again later\r\n",
	.full_client = "421 4.7.0 Too many connections from your address\r\n",
	.denied = "554 5.7.1 Your address may not use this gateway\r\n",
};
