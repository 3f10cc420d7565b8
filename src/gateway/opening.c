/*
 * opening.c - from accept to the greeting, and TLS by command.
 */
#include "gateway/opening.h"

#include "base/log.h"
#include "gateway/listeners.h"
#include "proto/proxy.h"

static int refused(const struct session *s, const char *why)
{
	log_line(PORT_LOG_WARN, "session %llu: %s, closed", (unsigned long long)s->id, why);
	return E_PROTO;
}

int opening_proxy(struct session *s)
{
	struct slice in = chan_view(&s->down);
	struct proxy_header h;
	int n = in.len > 0 ? proxy_parse(in, &h) : E_AGAIN;

	if (n == E_AGAIN)
		return in.len >= PROXY_HEADER_MAX ? E_PROTO : 0;
	if (n < 0)
		return refused(s, "no PROXY header");
	chan_skip(&s->down, (size_t)n);
	if (!h.local)
		s->peer = h.source;
	if (!listeners_admit(&s->policy, &s->peer) || !listeners_count_client(s))
		return refused(s, "client of the PROXY header refused");
	return 1;
}

static int tls_start(struct session *s, bool buffered)
{
	struct tls_server_want want = { .version_min = s->policy.tls_min,
		.identity = s->policy.identity, .cache_scope = s->policy.listener, .buffered = buffered,
		.alpn = s->type->alpn };

	due_mark(session_owner(s)); /* a pump has to follow */
	return chan_tls_server(&s->down, &want);
}

/* 0x16 begins a TLS record; 0x80 and above is the hello of SSL 2 (interop 2.12). */
int opening_detect(struct session *s, uint64_t deadline_ms)
{
	struct slice in = chan_view(&s->down);
	int e = E_OK;

	if (in.len == 0 && port_clock_ms() < deadline_ms)
		return 0;
	if (in.len > 0 && in.p[0] >= 0x80)
		return refused(s, "the client speaks SSL 2, which nobody should");
	if (in.len > 0 && in.p[0] == 0x16)
		e = tls_start(s, true);
	return e == E_OK ? 1 : e;
}

int opening_tls(struct session *s)
{
	int e;

	if (s->policy.tls == CFG_LISTENER_TLS_IMPLICIT && s->down.tls == NULL) {
		e = tls_start(s, chan_has_input(&s->down));
		return e == E_OK ? 0 : e;
	}
	return s->down.tls == NULL || chan_secure(&s->down);
}

bool opening_starttls_offered(const struct session *s)
{
	uint8_t tls = s->policy.tls;

	return (tls == CFG_LISTENER_TLS_STARTTLS || tls == CFG_LISTENER_TLS_REQUIRED ||
		tls == CFG_LISTENER_TLS_DETECT) && !chan_secure(&s->down);
}

int opening_barrier(const struct session *s)
{
	return s->down.in_len > s->down.line_len ?
		refused(s, "commands sent along with STARTTLS") : E_OK;
}

int opening_starttls(struct session *s)
{
	int e;

	if (s->down.tls != NULL)
		return chan_secure(&s->down);
	if (!chan_flushed(&s->down))
		return 0;
	e = tls_start(s, true);
	return e == E_OK ? 0 : e;
}
