/*
 * proxy.c - an IMAP or POP3 session by phases: a table of what to do in each, deadlines, the end.
 */
#include "gateway/proxy.h"

#include "base/log.h"
#include "board.h"
#include "gateway/opening.h"
#include "gateway/places.h"
#include "gateway/proxy_signin.h"
#include "proto/foreign.h"

enum { REPLY_ROOM = CHAN_PUT_MAX, ERRORS_MAX = 10, COMMAND_MS = 180000, SIGNIN_MS = 45000,
	END_MS = 5000 };

POOL_DEFINE(proxy, struct proxy, BOARD_SESSIONS);

#define PHASE_NAME(name, text) text,
const char *const proxy_phase_name[PROXY_PHASE_COUNT] = { PROXY_PHASES(PHASE_NAME) };
#undef PHASE_NAME

/* Deadline of each phase; 0: the provider's, or the pipe's own. */
static const uint32_t phase_ms[PROXY_PHASE_COUNT] = {
	[PROXY_HEADER] = OPENING_PROXY_MS, [PROXY_DETECT] = OPENING_DETECT_MS,
	[PROXY_GREET] = OPENING_TLS_MS, [PROXY_COMMAND] = COMMAND_MS, [PROXY_LITERAL] = COMMAND_MS,
	[PROXY_SASL] = COMMAND_MS, [PROXY_TLS] = OPENING_TLS_MS, [PROXY_SIGNIN] = SIGNIN_MS,
	[PROXY_END] = END_MS,
};

struct proxy *proxy_of(struct session *s)
{
	return s->state;
}

void proxy_put(struct session *s, const struct fmt *f)
{
	if (f->over || chan_put(&s->down, f->p, f->len) != E_OK)
		proxy_of(s)->closing = true;
}

void proxy_phase(struct session *s, enum proxy_phase phase)
{
	struct proxy *p = proxy_of(s);

	p->phase = (uint8_t)phase;
	p->deadline_ms = phase_ms[phase] > 0 ? port_clock_ms() + phase_ms[phase] : UINT64_MAX;
}

/* Last words. */
static void leave(struct session *s, enum proxy_word what)
{
	proxy_of(s)->kind->say(s, what);
	proxy_phase(s, PROXY_END);
}

void proxy_error(struct session *s)
{
	if (++proxy_of(s)->errors >= ERRORS_MAX)
		leave(s, PROXY_SAY_TOO_MANY_ERRORS);
}

/* ---- before the first command ---- */

static int header_step(struct session *s)
{
	int n = opening_proxy(s);

	if (n > 0)
		proxy_phase(s, s->policy.tls == CFG_LISTENER_TLS_DETECT ? PROXY_DETECT : PROXY_GREET);
	return n;
}

static int detect_step(struct session *s)
{
	int n = opening_detect(s, proxy_of(s)->deadline_ms);

	if (n > 0)
		proxy_phase(s, PROXY_GREET);
	return n;
}

static int greet_step(struct session *s)
{
	int n = opening_tls(s);

	if (n <= 0)
		return n;
	proxy_of(s)->kind->greet(s);
	proxy_phase(s, PROXY_COMMAND);
	return 1;
}

int proxy_starttls(struct session *s)
{
	int e = opening_barrier(s);

	if (e == E_OK)
		proxy_phase(s, PROXY_TLS);
	return e;
}

/* Nothing was learnt before that could be forgotten: who is signed in is past STARTTLS. */
static int tls_step(struct session *s)
{
	int n = opening_starttls(s);

	if (n > 0) {
		signin_forget(&proxy_of(s)->in);
		proxy_phase(s, PROXY_COMMAND);
	}
	return n;
}

/* ---- commands ---- */

/* What is no mail client's, or TLS where it is not spoken, ends the session (A-07, SS-42). */
static bool is_foreign(struct session *s)
{
	struct slice in = chan_view(&s->down);

	return !chan_secure(&s->down) && in.len > 0 && in.p[0] == 0x16;
}

static int line_step(struct session *s)
{
	struct proxy *p = proxy_of(s);
	struct slice line;
	uint8_t phase = p->phase;
	int e = chan_line(&s->down, &line, NULL);

	if (e == E_AGAIN)
		return is_foreign(s) ? E_PROTO : 0;
	if (e == E_LIMIT || e == E_EXIST) {
		leave(s, PROXY_SAY_TOO_LONG);
		return 1;
	}
	if (e != E_OK)
		return e;
	if (phase == PROXY_COMMAND && p->command == NULL && line_is_foreign(line)) {
		leave(s, PROXY_SAY_JUNK);
		return 1;
	}
	e = phase == PROXY_SASL ? proxy_signin_line(s, line) : p->kind->line(s, line);
	chan_line_done(&s->down);
	if (e == E_OK && p->phase == PROXY_COMMAND && p->command == NULL)
		proxy_phase(s, PROXY_COMMAND);
	return e == E_OK ? 1 : e;
}

static int literal_step(struct session *s)
{
	struct proxy *p = proxy_of(s);
	struct slice in = chan_view(&s->down);
	size_t n = imap_command_literal(p->command, in);

	chan_skip(&s->down, n);
	if (p->command->literal_left > 0)
		return n > 0;
	p->phase = PROXY_COMMAND; /* within the command's own time */
	return 1;
}

/* ---- signed in, and the end ---- */

static int pipe_phase_step(struct session *s)
{
	struct proxy *p = proxy_of(s);
	int n = pipe_step(s, &p->pipe, p->kind->idle_ms);

	if (n < 0)
		log_line(PORT_LOG_INFO, "session %llu: mailbox closed, %llu bytes to the client%s",
			(unsigned long long)s->id, (unsigned long long)s->down.written_total,
			n == E_TIMEOUT ? ", out of time" : "");
	return n;
}

static int end_step(struct session *s)
{
	return chan_finish(&s->down) == E_AGAIN ? 0 : E_EOF;
}

static int (*const phase_steps[PROXY_PHASE_COUNT])(struct session *) = {
	[PROXY_HEADER] = header_step, [PROXY_DETECT] = detect_step, [PROXY_GREET] = greet_step,
	[PROXY_COMMAND] = line_step, [PROXY_LITERAL] = literal_step, [PROXY_SASL] = line_step,
	[PROXY_TLS] = tls_step, [PROXY_SIGNIN] = proxy_signin_step, [PROXY_PIPE] = pipe_phase_step,
	[PROXY_END] = end_step,
};

static int out_of_time(struct session *s)
{
	struct proxy *p = proxy_of(s);

	log_line(PORT_LOG_INFO, "session %llu: out of time in %s", (unsigned long long)s->id,
		proxy_phase_name[p->phase]);
	if (p->phase == PROXY_SIGNIN)
		return proxy_signin_late(s);
	if (p->phase < PROXY_COMMAND || p->phase == PROXY_TLS || p->phase == PROXY_END)
		return E_TIMEOUT;
	leave(s, PROXY_SAY_TIMEOUT);
	return 1;
}

static void wake_set(struct session *s)
{
	struct proxy *p = proxy_of(s);
	uint64_t at = p->deadline_ms;

	if (p->phase == PROXY_PIPE)
		at = pipe_deadline_ms(s, &p->pipe, p->kind->idle_ms);
	else if (p->up != NULL && upstream_deadline_ms(p->up) < at)
		at = upstream_deadline_ms(p->up);
	session_wake_at(s, at);
}

/* The client has gone before it was signed in; what it sent behind its sign-in may be of use. */
static bool client_gone(struct session *s)
{
	uint8_t phase = proxy_of(s)->phase;

	return phase != PROXY_PIPE && (s->down.error != E_OK ||
		(chan_at_end(&s->down) && phase != PROXY_END));
}

int proxy_step(struct session *s)
{
	struct proxy *p = proxy_of(s);
	bool roomy = p->phase >= PROXY_SIGNIN || chan_room(&s->down) >= REPLY_ROOM;
	int n;

	if (p->closing)
		return E_PROTO;
	n = roomy ? phase_steps[p->phase](s) : 0;
	if (n < 0)
		return n;
	if (n == 0 && client_gone(s))
		return s->down.error != E_OK ? s->down.error : E_EOF;
	if (port_clock_ms() >= p->deadline_ms && p->phase != PROXY_DETECT)
		return out_of_time(s);
	wake_set(s);
	return n;
}

/* ---- the session type's other functions ---- */

int proxy_start(struct session *s, const struct proxy_kind *kind)
{
	struct proxy *p = pool_get(&pool_proxy);

	if (p == NULL)
		return E_NOSLOT;
	p->kind = kind;
	s->state = p;
	if (s->policy.proxy)
		proxy_phase(s, PROXY_HEADER);
	else
		proxy_phase(s, s->policy.tls == CFG_LISTENER_TLS_DETECT ? PROXY_DETECT : PROXY_GREET);
	return E_OK;
}

void proxy_end(struct session *s)
{
	struct proxy *p = proxy_of(s);

	proxy_signin_end(s);
	if (p->has_place)
		places_give(p->account);
	pool_put(&pool_proxy, p);
	s->state = NULL;
}

/* A mailbox that is being read may finish what passes just now; what is stuck then is cut off. */
void proxy_stop(struct session *s, bool hard)
{
	struct proxy *p = proxy_of(s);
	bool busy = p->phase == PROXY_PIPE && pipe_busy(s);

	p->closing = p->closing || (hard && busy);
	if (p->phase == PROXY_END || busy)
		return;
	proxy_signin_end(s);
	if (p->phase < PROXY_PIPE && p->phase > PROXY_GREET && p->phase != PROXY_TLS &&
			chan_room(&s->down) >= REPLY_ROOM)
		p->kind->say(s, PROXY_SAY_STOPPING);
	proxy_phase(s, PROXY_END);
}

const char *proxy_state(const struct session *s)
{
	const struct proxy *p = s->state;

	if (p->phase == PROXY_SIGNIN && p->up != NULL)
		return up_stage_name[p->up->stage];
	return proxy_phase_name[p->phase];
}

void proxy_who(const struct session *s, const char **user, const char **account)
{
	const struct proxy *p = s->state;

	*user = p->in.user;
	*account = p->account;
}
