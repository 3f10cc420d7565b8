/*
 * route.c - the choice of the account. Nothing here guesses: what matches nothing is refused.
 */
#include "gateway/route.h"

#include "error.h"
#include "port.h"

/* An absent field matches everything; an absent network has no bits. */
static bool route_matches(const struct settings *s, const struct cfg_route *r,
	const struct route_query *q)
{
	if (r->sender != 0 && !slice_match(settings_slice(s, r->sender), q->sender))
		return false;
	if (r->recipient != 0 && !slice_match(settings_slice(s, r->recipient), q->recipient))
		return false;
	return r->client.bits == 0 || cfg_net_has(&r->client, q->client->ip);
}

static int found(const struct settings *s, text_ref name, const struct cfg_account **out)
{
	*out = settings_account(s, settings_text(s, name));
	return *out != NULL ? E_OK : E_NOENT;
}

int route_select(const struct settings *s, const struct route_query *q,
	const struct cfg_account **out)
{
	for (unsigned i = 0; i < s->user_count; i++)
		if (q->user[0] != '\0' && s->user[i].account != 0 &&
				slice_is(settings_slice(s, s->user[i].head.name), q->user))
			return found(s, s->user[i].account, out);
	if (q->login_account[0] != '\0') {
		*out = settings_account(s, q->login_account);
		return *out != NULL ? E_OK : E_NOENT;
	}
	for (unsigned i = 0; i < s->route_count; i++) {
		const struct cfg_route *r = &s->route[i];

		if (!route_matches(s, r, q))
			continue;
		return r->action == CFG_ACTION_REJECT ? E_ACCESS : found(s, r->account, out);
	}
	return found(s, s->gateway[0].account, out);
}
