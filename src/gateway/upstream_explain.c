/*
 * upstream_explain.c - why the way to a server failed, in a sentence: stage, cause, the server's
 * own words, cleaned.
 */
#include "gateway/upstream.h"

static void explain_connect(const struct upstream *u, struct fmt *out)
{
	fmt_printf(out, "%s port %u: %s", u->host, (unsigned)u->port,
		u->error == E_NOSLOT ? "too many connections of our own" : error_text(u->error));
}

static void explain_resolve(const struct upstream *u, struct fmt *out)
{
	if (u->refused_own)
		fmt_printf(out, "%s is this gateway itself", u->host);
	else if (u->refused_public)
		fmt_printf(out, "%s is not a private address, and TLS is off for it", u->host);
	else if (u->error == E_NOENT)
		fmt_printf(out, "the name %s does not exist, or has no address", u->host);
	else
		fmt_printf(out, "the name %s cannot be looked up: %s", u->host, error_text(u->error));
}

static void explain_dialogue(const struct upstream *u, struct fmt *out)
{
	const struct talk_reply *r = &u->talk.reply;

	fmt_printf(out, "%s: %s", u->host, u->talk.failure != TALK_FINE ?
		talk_failure_text((enum talk_failure)u->talk.failure) : error_text(u->error));
	if (u->talk.failure == TALK_FINE || (r->code == 0 && r->text_len == 0))
		return;
	fmt_str(out, " (");
	if (r->code != 0)
		fmt_printf(out, "%u ", (unsigned)r->code);
	if (r->status[0] != '\0')
		fmt_printf(out, "%s ", r->status);
	fmt_clean(out, slice_of(r->text, r->text_len), 120);
	fmt_char(out, ')');
}

void upstream_explain(const struct upstream *u, struct fmt *out)
{
	if (u->error == E_TLS || u->tls_why != TLS_FINE)
		fmt_printf(out, "%s: TLS: %s", u->host, tls_failure_text(u->tls_why));
	else if (u->failed_stage == UP_PLACE)
		fmt_printf(out, "all connections of the account are in use");
	else if (u->failed_stage == UP_RESOLVE)
		explain_resolve(u, out);
	else if (u->failed_stage == UP_CONNECT)
		explain_connect(u, out);
	else
		explain_dialogue(u, out);
}

bool upstream_temporary(const struct upstream *u)
{
	return talk_failure_temporary((enum talk_failure)u->talk.failure);
}
