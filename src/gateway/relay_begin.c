/*
 * relay_begin.c - the phases before a command can be said, and STARTTLS, which begins anew.
 */
#include "gateway/host.h"
#include "gateway/opening.h"
#include "gateway/relay.h"

enum smtp_phase relay_first_phase(const struct session *s)
{
	return s->policy.tls == CFG_LISTENER_TLS_DETECT ? SMTP_DETECT : SMTP_GREET;
}

int relay_proxy_step(struct session *s)
{
	int n = opening_proxy(s);

	if (n > 0)
		relay_phase(s, relay_first_phase(s));
	return n;
}

int relay_detect_step(struct session *s)
{
	int n = opening_detect(s, relay_of(s)->deadline_ms);

	if (n > 0)
		relay_phase(s, SMTP_GREET);
	return n;
}

int relay_greet_step(struct session *s)
{
	char text[320];
	struct fmt f = fmt_on(text, sizeof text);
	int n = opening_tls(s);

	if (n <= 0)
		return n;
	fmt_printf(&f, "220 %s ESMTP Mailwicket\r\n", host_name());
	relay_put(s, &f);
	relay_phase(s, SMTP_HELLO);
	return 1;
}

/* All that was learnt before is forgotten (RFC 3207 4.2). */
int relay_tls_step(struct session *s)
{
	struct relay *r = relay_of(s);
	int n = opening_starttls(s);

	if (n <= 0)
		return n;
	r->esmtp = false;
	r->helo[0] = r->login[0] = '\0';
	signin_forget(&r->in);
	relay_drop_upstream(s);
	relay_phase(s, SMTP_HELLO);
	return 1;
}
