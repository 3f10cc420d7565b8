/*
 * show.c - facts of sessions for the console.
 */
#include "gateway/show.h"

#include "gateway/places.h"
#include "gateway/session.h"

static void tls_put(const struct chan *ch, char *out, size_t cap)
{
	struct fmt f = fmt_on(out, cap - 1);
	struct tls_facts t;

	if (chan_is_open(ch) && chan_secure(ch)) {
		chan_facts(ch, &t);
		fmt_printf(&f, "%s %s", tls_version_name(t.version), tls_suite_name(t.suite));
	}
	fmt_cstr(&f);
}

static void text_put(const char *text, char *out, size_t cap)
{
	struct fmt f = fmt_on(out, cap - 1);

	fmt_clean(&f, slice_str(text), cap - 1);
	fmt_cstr(&f);
}

int show_session(unsigned from, struct show_session *out)
{
	struct session *s = session_next(from);
	struct fmt client = fmt_on(out->client, sizeof out->client - 1);
	const char *user, *account;

	if (s == NULL)
		return E_NOENT;
	s->type->who(s, &user, &account);
	out->id = s->id;
	out->type = s->type->name;
	out->state = s->type->state(s);
	addr_put_port(&client, &s->peer);
	fmt_cstr(&client);
	text_put(s->policy.name, out->listener, sizeof out->listener);
	text_put(user, out->user, sizeof out->user);
	text_put(account, out->account, sizeof out->account);
	tls_put(&s->down, out->tls, sizeof out->tls);
	tls_put(&s->up, out->upstream_tls, sizeof out->upstream_tls);
	out->age_s = (uint32_t)((port_clock_ms() - s->opened_ms) / 1000);
	out->bytes_in = s->down.read_total;
	out->bytes_out = s->down.written_total;
	return pool_index(&pool_session, s);
}

unsigned show_account_connections(const char *account)
{
	return places_used(account);
}
