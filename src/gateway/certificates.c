/*
 * certificates.c - certificates of listeners: chosen at start and reload, looked after hourly.
 */
#include "gateway/certificates.h"

#include "base/log.h"
#include "gateway/host.h"
#include "io/cert.h"
#include "io/tls.h"

enum { NAMES = 16, ADDRS = 16, STORE_TRIES = 200, STORE_WAIT_MS = 20 };

static int own_identity(const struct settings *s, const char **why)
{
	const struct cfg_gateway *g = &s->gateway[0];
	const char *names[NAMES];
	struct port_addr addrs[ADDRS];
	struct cert_names want = { .hostname = host_name(), .names = names, .addrs = addrs };
	port_owner waited[4];
	int e = E_AGAIN, n = port_own_addresses(addrs, ADDRS);

	want.addr_count = n > 0 ? (unsigned)n : 0;
	for (unsigned i = 0; i < g->name.count && want.name_count < NAMES; i++)
		names[want.name_count++] = settings_text(s, settings_item(s, g->name, i)->text);
	for (int i = 0; i < STORE_TRIES && e == E_AGAIN; i++) {
		e = identity_own(&want, g->rsa != 0, owner_of(OWNER_SERVICE, SERVICE_STORE), why);
		if (e == E_AGAIN)
			port_wait(STORE_WAIT_MS, waited, 4);
	}
	return e;
}

int certificates_identity(const struct settings *s, const struct cfg_listener *l, struct fmt *why)
{
	const char *cert = settings_text(s, l->certificate), *trouble = NULL;
	bool own = cert[0] == '\0';
	int id = own ? own_identity(s, &trouble) :
		identity_files(cert, settings_text(s, l->key), &trouble);

	if (id < 0)
		fmt_printf(why, "listener '%s': %s: %s", settings_text(s, l->head.name),
			own ? "the gateway's own certificate" : cert,
			trouble != NULL ? trouble : error_text(id));
	else if (trouble != NULL)
		log_line(PORT_LOG_WARN, "listener %s: certificate not read again, the old one stays: %s",
			settings_text(s, l->head.name), trouble);
	return id;
}

void certificates_renew(void)
{
	const struct settings *s = settings_running();
	const char *trouble = NULL;
	bool own = false;

	if (identity_refresh(&trouble) > 0) {
		tls_forget_sessions();
		log_line(PORT_LOG_INFO, "certificates: changed files were read");
	}
	if (trouble != NULL)
		log_line(PORT_LOG_WARN, "certificates: not read again, the old one stays: %s", trouble);
	for (unsigned i = 0; i < s->listener_count; i++)
		own = own || (s->listener[i].tls != CFG_LISTENER_TLS_OFF &&
			s->listener[i].certificate == 0);
	if (own && own_identity(s, &trouble) < 0)
		log_line(PORT_LOG_WARN, "certificates: our own could not be renewed");
}
