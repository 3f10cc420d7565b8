/*
 * host.c - the gateway's own name.
 */
#include "gateway/host.h"

#include <string.h>

#include "base/fmt.h"
#include "config/settings.h"

static char name[254] = "mailwicket";

const char *host_name(void)
{
	return name;
}

/* A name that may stand in HELO and Received: letters, digits, '-', '.', '_'. */
static bool is_sane(const char *text)
{
	size_t good = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._");

	return good > 0 && text[good] == '\0';
}

void host_refresh(void)
{
	const struct settings *s = settings_running();
	struct fmt f = fmt_on(name, sizeof name);
	const char *wanted = settings_text(s, s->gateway[0].hostname);

	if (wanted[0] == '\0' && port_hostname(name, sizeof name) == E_OK && is_sane(name))
		return;
	fmt_str(&f, wanted[0] != '\0' ? wanted : "mailwicket");
	fmt_cstr(&f);
}
