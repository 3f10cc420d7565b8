/*
 * validate.c - what one value alone does not tell, first part: what is missing, what refers to
 * nothing, what stands twice, what is not built yet. The order of checks decides which of two
 * mistakes is told.
 */
#include <stdarg.h>
#include <string.h>

#include "base/crypto.h"
#include "config/store.h"
#include "config/value.h"

int fault_plain(struct fault *f, const char *text)
{
	struct fmt out = fmt_on(f->text, sizeof f->text);

	f->type = f->index = -1;
	f->row = NULL;
	f->element = 0;
	fmt_str(&out, text);
	fmt_cstr(&out);
	return E_ARG;
}

int fault_at(const struct settings *s, struct fault *f, enum section_type type, unsigned index,
	int place, const char *format, ...)
{
	struct fmt out = fmt_on(f->text, sizeof f->text);
	va_list ap;

	f->type = (int)type;
	f->index = (int)index;
	f->row = place >= 0 ? setting_at(type, (unsigned)place) : NULL;
	f->element = 0;
	fmt_str(&out, settings_sections[type].name);
	if (section_of(s, type, index)->name != 0 || settings_sections[type].max > 1) {
		fmt_str(&out, " '");
		section_put(s, type, index, &out);
		fmt_str(&out, "'");
	}
	fmt_str(&out, ": ");
	va_start(ap, format);
	fmt_vprintf(&out, format, ap);
	va_end(ap);
	fmt_cstr(&out);
	return E_ARG;
}

/* ---- what must be there ---- */

static int row_check(const struct settings *s, const struct setting *row, unsigned index,
	struct fault *f)
{
	enum section_type type = (enum section_type)row->section;
	const struct cfg_section *sec = section_of(s, type, index);
	bool secret = row->kind == KIND_PASSWORD;

	if ((row->flags & SETTING_REQUIRED) == 0 || value_given(row, sec))
		return E_OK;
	if (secret && value_given(setting_at(type, row->place + 1u), sec))
		return E_OK;
	return fault_at(s, f, type, index, -1, "%s is missing%s", row->name,
		secret ? " (or its _file)" : "");
}

static int reference_check(const struct settings *s, const struct setting *row, unsigned index,
	struct fault *f)
{
	enum section_type type = (enum section_type)row->section;
	const struct cfg_section *sec = section_of(s, type, index);
	char name[SECTION_NAME_MAX + 1];
	struct fmt out = fmt_on(name, sizeof name);

	if (row->kind != KIND_REFERENCE || !value_given(row, sec))
		return E_OK;
	value_put(s, row, sec, &out);
	if (settings_account(s, fmt_cstr(&out)) != NULL)
		return E_OK;
	return fault_at(s, f, type, index, row->place,
		"%s '%s' is not there; add `config account '%s'`", row->name, name, name);
}

static int rows_check(const struct settings *s, struct fault *f)
{
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		unsigned n = section_count(s, (enum section_type)row->section);

		for (unsigned j = 0; j < n; j++)
			if (row_check(s, row, j, f) != E_OK || reference_check(s, row, j, f) != E_OK)
				return E_ARG;
	}
	return E_OK;
}

/* ---- users ---- */

static int password_check(const struct settings *s, unsigned i, struct fault *f)
{
	const struct cfg_user *u = &s->user[i];
	struct slice password = settings_slice(s, u->password);
	bool hashed = settings_user_hashed(s, u);

	if (u->password_file == 0 && slice_starts(password, "SCRAM-") && !hashed)
		return fault_at(s, f, SECTION_user, i, PLACE_user_password,
			"password looks like an RFC 5803 string but is none; write it with `passwd`");
	if (hashed && u->clear == 1)
		return fault_at(s, f, SECTION_user, i, PLACE_user_clear,
			"clear '1' needs the password itself, not its RFC 5803 string");
	return E_OK;
}

static int users_check(const struct settings *s, struct fault *f)
{
	for (unsigned i = 0; i < s->user_count; i++) {
		const char *name = settings_user_name(s, &s->user[i]);

		if (password_check(s, i, f) != E_OK)
			return E_ARG;
		for (unsigned j = 0; j < i; j++)
			if (slice_is(slice_str(name), settings_user_name(s, &s->user[j])))
				return fault_at(s, f, SECTION_user, i,
					s->user[i].name != 0 ? PLACE_user_name : -1,
					"the login name '%s' is that of user '%s', too", name,
					settings_text(s, s->user[j].head.name));
	}
	return E_OK;
}

/* ---- accounts that carry mail ---- */

/* An account that is told to carry mail needs an SMTP server. */
static int carrier_check(const struct settings *s, text_ref ref, struct fault *f)
{
	const char *name = settings_text(s, ref);
	const struct cfg_account *a = settings_account(s, name);

	if (a == NULL)
		return E_OK;
	if (a->smtp_host == 0)
		return fault_at(s, f, SECTION_account, (unsigned)(a - s->account), -1,
			"no smtp_host, and it is told to carry mail");
	return E_OK;
}

/* A user's account may serve nothing but mailboxes; so may the gateway's where no mail is taken. */
static int carriers_check(const struct settings *s, struct fault *f)
{
	bool smtp = s->listener_count == 0;
	int e;

	for (unsigned i = 0; i < s->listener_count; i++)
		smtp = smtp || s->listener[i].protocol == CFG_PROTOCOL_SMTP;
	e = smtp ? carrier_check(s, s->gateway->account, f) : E_OK;
	for (unsigned i = 0; i < s->fetch_count && e == E_OK; i++)
		e = carrier_check(s, s->fetch[i].via, f);
	for (unsigned i = 0; i < s->route_count && e == E_OK; i++) {
		const struct cfg_route *r = &s->route[i];

		if (r->action == CFG_ACTION_RELAY && r->account == 0)
			e = fault_at(s, f, SECTION_route, i, -1, "account is missing (or action 'reject')");
		else
			e = carrier_check(s, r->account, f);
	}
	return e;
}

int validate_references(const struct settings *s, struct fault *f)
{
	int e = s->gateway_count > 0 ? rows_check(s, f) :
		fault_plain(f, "there is no gateway section; `config gateway 'main'` begins it");

	if (e == E_OK)
		e = users_check(s, f);
	return e == E_OK ? carriers_check(s, f) : e;
}

/* ---- what is not built yet ---- */

/* A word that is understood, and refused until the program can do it. */
static const struct {
	uint8_t type, place, word;
} not_built[] = {
	{ SECTION_listener, PLACE_listener_protocol, CFG_PROTOCOL_HTTP },
	{ SECTION_account, PLACE_account_auth, CFG_AUTH_SCRAM },
	{ SECTION_account, PLACE_account_auth, CFG_AUTH_OAUTH2 },
	{ SECTION_account, PLACE_account_delivery, CFG_DELIVERY_SPOOL },
};

static int word_check(const struct settings *s, unsigned i, struct fault *f)
{
	enum section_type type = (enum section_type)not_built[i].type;
	const struct setting *row = setting_at(type, not_built[i].place);

	for (unsigned j = 0; j < section_count(s, type); j++)
		if (*((const uint8_t *)section_of(s, type, j) + row->offset) == not_built[i].word)
			return fault_at(s, f, type, j, row->place, "%s '%s' is not built yet", row->name,
				row->words[not_built[i].word]);
	return E_OK;
}

int validate_built(const struct settings *s, struct fault *f)
{
	for (unsigned i = 0; i < sizeof not_built / sizeof not_built[0]; i++)
		if (word_check(s, i, f) != E_OK)
			return E_ARG;
	if (strcmp(settings_text(s, s->gateway->spool), "off") != 0)
		return fault_at(s, f, SECTION_gateway, 0, PLACE_gateway_spool,
			"spool '%s' is not built yet; only 'off' is", settings_text(s, s->gateway->spool));
	if (s->fetch_count > 0)
		return fault_at(s, f, SECTION_fetch, 0, -1, "fetching is not built yet");
	return E_OK;
}

int settings_validate(const struct settings *s, struct fault *f)
{
	int e = validate_references(s, f);

	if (e == E_OK)
		e = validate_accounts(s, f);
	if (e == E_OK)
		e = validate_access(s, f);
	return e == E_OK ? validate_built(s, f) : e;
}
