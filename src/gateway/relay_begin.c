/*
 * relay_begin.c - the phases before a command can be said: PROXY header, detection of TLS,
 * handshake, greeting; and STARTTLS, which begins anew.
 */
#include "base/log.h"
#include "gateway/host.h"
#include "gateway/listeners.h"
#include "gateway/relay.h"
#include "proto/proxy.h"

enum smtp_phase relay_first_phase(const struct session *s)
{
	return s->policy.tls == CFG_LISTENER_TLS_DETECT ? SMTP_DETECT : SMTP_GREET;
}

int relay_proxy_step(struct session *s)
{
	struct slice in = chan_view(&s->down);
	struct proxy_header h;
	int n = in.len > 0 ? proxy_parse(in, &h) : E_AGAIN;

	if (n == E_AGAIN)
		return in.len >= PROXY_HEADER_MAX ? E_PROTO : 0;
	if (n < 0) {
		log_line(PORT_LOG_WARN, "session %llu: no PROXY header, closed", (unsigned long long)s->id);
		return E_PROTO;
	}
	chan_skip(&s->down, (size_t)n);
	if (!h.local)
		s->peer = h.source;
	if (!listeners_admit(&s->policy, &s->peer) || !listeners_count_client(s)) {
		log_line(PORT_LOG_WARN, "session %llu: client of the PROXY header refused",
			(unsigned long long)s->id);
		return E_PROTO;
	}
	relay_phase(s, relay_first_phase(s));
	return 1;
}

static int tls_start(struct session *s, bool buffered)
{
	struct tls_server_want want = { .version_min = s->policy.tls_min,
		.identity = s->policy.identity, .cache_scope = s->policy.listener, .buffered = buffered,
		.alpn = s->type->alpn };

	return chan_tls_server(&s->down, &want);
}

/* 0x16 begins a TLS record; 0x80 and above is the hello of SSL 2 (interop 2.12). */
int relay_detect_step(struct session *s)
{
	struct relay *r = relay_of(s);
	struct slice in = chan_view(&s->down);
	int e;

	if (in.len == 0 && port_clock_ms() < r->deadline_ms)
		return 0;
	if (in.len > 0 && in.p[0] >= 0x80) {
		log_line(PORT_LOG_WARN,
			"session %llu: the client speaks SSL 2, which nobody should; closed",
			(unsigned long long)s->id);
		return E_PROTO;
	}
	if (in.len > 0 && in.p[0] == 0x16) {
		e = tls_start(s, true);
		if (e != E_OK)
			return e;
	}
	relay_phase(s, SMTP_GREET);
	return 1;
}

int relay_greet_step(struct session *s)
{
	char text[320];
	struct fmt f = fmt_on(text, sizeof text);
	int e;

	if (s->policy.tls == CFG_LISTENER_TLS_IMPLICIT && s->down.tls == NULL) {
		e = tls_start(s, chan_has_input(&s->down));
		return e == E_OK ? 1 : e;
	}
	if (s->down.tls != NULL && !chan_secure(&s->down))
		return 0;
	fmt_printf(&f, "220 %s ESMTP Mailwicket\r\n", host_name());
	relay_put(s, &f);
	relay_phase(s, SMTP_HELLO);
	return 1;
}

/* STARTTLS: 220 goes out, TLS starts, and all that was learnt before is forgotten (RFC 3207 4.2).
 * What a quick client sends between the two belongs to the handshake; nothing there is read as a
 * command. */
int relay_tls_step(struct session *s)
{
	struct relay *r = relay_of(s);
	int e;

	if (s->down.tls == NULL) {
		if (!chan_flushed(&s->down))
			return 0;
		e = tls_start(s, true);
		return e == E_OK ? 1 : e;
	}
	if (!chan_secure(&s->down))
		return 0;
	r->esmtp = false;
	r->helo[0] = r->user[0] = r->login_account[0] = r->login[0] = '\0';
	relay_drop_upstream(s);
	relay_phase(s, SMTP_HELLO);
	return 1;
}
