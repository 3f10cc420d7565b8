/*
 * instance.c - a whole configuration: empty, copied, and completed with what follows from what was
 * given. Sections are structs in arrays; the rows say where their fields are.
 */
#include <string.h>

#include "base/addr.h"
#include "config/preset.h"
#include "config/value.h"

/* At a server whose limit is not known; Postfix's default, too. */
enum { GENERIC_CONNECTIONS = 20 };

static void section_defaults(struct settings *s, enum section_type type, unsigned index)
{
	struct cfg_section *sec = section_at(s, type, index);

	memset(sec, 0, settings_sections[type].size);
	for (unsigned i = 0; i < settings_sections[type].rows; i++)
		value_unset(s, setting_at(type, i), sec);
}

void instance_clear(struct settings *s)
{
	mem_wipe(s->text, s->text_len < sizeof s->text ? s->text_len : sizeof s->text);
	s->text_len = 0;
	s->item_count = 0;
	for (int t = 0; t < SECTION_TYPES; t++) {
		section_count_set(s, (enum section_type)t, 0);
		if (settings_sections[t].max == 1)
			section_defaults(s, (enum section_type)t, 0);
	}
}

int section_add(struct settings *s, enum section_type type, struct slice name, struct fmt *why)
{
	const struct section_info *info = &settings_sections[type];
	unsigned count = section_count(s, type), all = 0;
	struct cfg_section *sec;

	for (int t = 0; t < SECTION_TYPES; t++)
		all += section_count(s, (enum section_type)t);
	if (count >= info->max || all >= BOARD_CONFIG_SECTIONS) {
		if (info->max == 1)
			fmt_printf(why, "there can be only one %s section", info->name);
		else if (count >= info->max)
			fmt_printf(why, "too many %s sections, at most %u", info->name, info->max);
		else
			fmt_printf(why, "too many sections, at most %u", (unsigned)BOARD_CONFIG_SECTIONS);
		return E_LIMIT;
	}
	section_defaults(s, type, count);
	sec = section_at(s, type, count);
	sec->name = text_add(s, name);
	if (name.len > 0 && sec->name == 0) {
		fmt_str(why, "the configuration is too large: no room for its texts");
		return E_LIMIT;
	}
	section_count_set(s, type, count + 1);
	return (int)count;
}

void section_remove(struct settings *s, enum section_type type, unsigned index)
{
	unsigned count = section_count(s, type);

	for (unsigned i = index; i + 1 < count; i++)
		memcpy(section_at(s, type, i), section_of(s, type, i + 1), settings_sections[type].size);
	section_count_set(s, type, count - 1);
	if (settings_sections[type].max == 1)
		section_defaults(s, type, 0);
}

/* ---- copying ---- */

static int value_copy(struct settings *to, struct cfg_section *into, const struct settings *from,
	const struct cfg_section *sec, const struct setting *row)
{
	char text[VALUE_MAX], nowhere[8];
	struct fmt f = fmt_on(text, sizeof text), why = fmt_on(nowhere, sizeof nowhere);
	struct cfg_list list;
	int e = E_OK;

	if (!kind_is_list(row->kind)) {
		value_put(from, row, sec, &f);
		e = value_set(to, row, into, fmt_result(&f), &why);
		mem_wipe(text, sizeof text);
		return e;
	}
	list = value_list(row, sec);
	for (unsigned i = 0; i < list.count && e == E_OK; i++)
		e = value_add(to, row, into,
			settings_slice(from, settings_item(from, list, i)->text), &why);
	return e;
}

static int section_copy(struct settings *to, const struct settings *from, enum section_type type,
	unsigned index)
{
	const struct cfg_section *sec = section_of(from, type, index);
	char nowhere[8];
	struct fmt why = fmt_on(nowhere, sizeof nowhere);
	int at = section_add(to, type, settings_slice(from, sec->name), &why), e = E_OK;

	if (at < 0)
		return at;
	for (unsigned i = 0; i < settings_sections[type].rows && e == E_OK; i++) {
		const struct setting *row = setting_at(type, i);

		if (value_given(row, sec))
			e = value_copy(to, section_at(to, type, (unsigned)at), from, sec, row);
	}
	return e;
}

int instance_copy(struct settings *to, const struct settings *from)
{
	instance_clear(to);
	for (int t = 0; t < SECTION_TYPES; t++) {
		unsigned n = section_count(from, (enum section_type)t);

		for (unsigned i = 0; i < n; i++)
			if (section_copy(to, from, (enum section_type)t, i) != E_OK)
				return E_LIMIT;
	}
	return instance_fill(to);
}

/* ---- what follows from other options ---- */

static uint16_t listener_port(const struct cfg_listener *l)
{
	static const uint16_t plain[CFG_protocol_COUNT] = { 25, 110, 143, 80 };
	static const uint16_t implicit[CFG_protocol_COUNT] = { 465, 995, 993, 443 };

	if (l->protocol >= CFG_protocol_COUNT)
		return 0;
	return l->tls == CFG_LISTENER_TLS_IMPLICIT ? implicit[l->protocol] : plain[l->protocol];
}

static bool given(const struct cfg_section *head, enum section_type type, unsigned place)
{
	return value_given(setting_at(type, place), head);
}

static void listener_fill(struct cfg_listener *l)
{
	if (!given(&l->head, SECTION_listener, PLACE_listener_port))
		l->port = listener_port(l);
	if (!given(&l->head, SECTION_listener, PLACE_listener_plain_auth))
		l->plain_auth = l->tls == CFG_LISTENER_TLS_OFF;
}

/* A text that is not given by the owner: kept when it is there already. */
static int text_fill(struct settings *s, text_ref *field, const char *text)
{
	if (strcmp(settings_text(s, *field), text) == 0)
		return E_OK;
	*field = text_add(s, slice_str(text));
	return *field != 0 || text[0] == '\0' ? E_OK : E_LIMIT;
}

/* Ports of a protocol: with TLS from the first byte, with STARTTLS, without TLS. */
struct usual {
	uint16_t implicit, starttls, off;
	bool implicit_first;
};

/* An option's field in an account. */
static void *field(struct cfg_account *a, unsigned place)
{
	return (char *)a + setting_at(SECTION_account, place)->offset;
}

/* `place` is that of the host; its port and TLS follow it. */
static int server_fill(struct settings *s, struct cfg_account *a, unsigned place,
	const struct preset_server *preset, const struct usual *usual)
{
	text_ref *host = field(a, place);
	uint16_t *port = field(a, place + 1);
	uint8_t *tls = field(a, place + 2);
	bool host_given = given(&a->head, SECTION_account, place);
	bool port_given = given(&a->head, SECTION_account, place + 1);
	bool tls_given = given(&a->head, SECTION_account, place + 2);
	const char *today = host_given ? preset_host_today(settings_text(s, *host)) :
		preset->host != NULL ? preset->host : "";
	bool known = preset->host != NULL && !host_given;
	int e = today != NULL ? text_fill(s, host, today) : E_OK;

	if (!tls_given && known && (!port_given || *port == preset->port))
		*tls = preset->tls;
	else if (!tls_given && port_given)
		*tls = *port == usual->implicit || (usual->implicit_first && *port != usual->starttls) ?
			CFG_TLS_IMPLICIT : CFG_TLS_STARTTLS;
	else if (!tls_given)
		*tls = usual->implicit_first ? CFG_TLS_IMPLICIT : CFG_TLS_STARTTLS;
	if (!port_given && known && *tls == preset->tls)
		*port = preset->port;
	else if (!port_given)
		*port = *tls == CFG_TLS_IMPLICIT ? usual->implicit :
			*tls == CFG_TLS_STARTTLS ? usual->starttls : usual->off;
	return e;
}

static void names_fill(struct settings *s, struct cfg_account *a)
{
	bool address = given(&a->head, SECTION_account, PLACE_account_address);
	bool username = given(&a->head, SECTION_account, PLACE_account_username);

	if (!username)
		a->username = address && a->login == CFG_LOGIN_ACCOUNT ? a->address : 0;
	if (!address)
		a->address = username && kind_text_good(KIND_ADDRESS, settings_slice(s, a->username)) ?
			a->username : 0;
}

static int account_fill(struct settings *s, struct cfg_account *a)
{
	static const struct usual smtp = { 465, 587, 25, false }, imap = { 993, 143, 143, true },
		pop3 = { 995, 110, 110, true };
	const struct preset *preset = preset_of(a->provider);
	int e = server_fill(s, a, PLACE_account_smtp_host, &preset->smtp, &smtp);

	if (e == E_OK)
		e = server_fill(s, a, PLACE_account_imap_host, &preset->imap, &imap);
	if (e == E_OK)
		e = server_fill(s, a, PLACE_account_pop3_host, &preset->pop3, &pop3);
	if (!given(&a->head, SECTION_account, PLACE_account_max_connections))
		a->max_connections = preset->max_connections != 0 ? preset->max_connections :
			GENERIC_CONNECTIONS;
	if (!given(&a->head, SECTION_account, PLACE_account_rate))
		a->rate = (struct cfg_rate){ preset->rate, preset->rate_s };
	names_fill(s, a);
	return e;
}

int instance_fill(struct settings *s)
{
	int e = E_OK;

	for (unsigned i = 0; i < s->listener_count; i++)
		listener_fill(&s->listener[i]);
	for (unsigned i = 0; i < s->account_count && e == E_OK; i++)
		e = account_fill(s, &s->account[i]);
	return e;
}
