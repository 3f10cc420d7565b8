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
	const struct smtp_client *c = &u->smtp;

	fmt_printf(out, "%s: %s", u->host, c->failure != SMTP_FINE ?
		smtp_failure_text((enum smtp_failure)c->failure) : error_text(u->error));
	if (c->failure == SMTP_FINE || c->reply.code == 0)
		return;
	fmt_printf(out, " (%u%s%s ", (unsigned)c->reply.code, c->reply.enhanced[0] != '\0' ? " " : "",
		c->reply.enhanced);
	fmt_clean(out, smtp_client_excerpt(c), 120);
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
	return u->smtp.failure == SMTP_FINE ||
		smtp_failure_temporary((enum smtp_failure)u->smtp.failure);
}
