/*
 * commands_config.c - the commands that read and edit the configuration. Changes go to the
 * candidate; commit makes them real.
 */
#include <string.h>

#include "base/crypto.h"
#include "config/candidate.h"
#include "config/value.h"
#include "gateway/commands.h"
#include "gateway/gateway.h"

enum { LINE_ROOM = SETTINGS_LINE_MAX };

void command_cursor_load(const struct command_call *call, struct cfg_cursor *at)
{
	*at = (struct cfg_cursor){ call->cursor[0], call->cursor[1], call->cursor[2], call->cursor[3],
		call->cursor[4] };
}

void command_cursor_keep(struct command_call *call, const struct cfg_cursor *at)
{
	call->cursor[0] = at->type;
	call->cursor[1] = at->index;
	call->cursor[2] = at->place;
	call->cursor[3] = at->item;
	call->cursor[4] = at->phase;
}

/* PATH=VALUE in one word, PATH = VALUE in several. False: there is no '='. */
static bool path_value(const struct command_call *call, struct slice *path, struct slice *value)
{
	size_t at = slice_find(call->word[1], '=');

	*path = slice_head(call->word[1], at);
	*value = slice_from(call->word[1], at + 1);
	if (at < call->word[1].len)
		return call->words == 2;
	*value = call->words > 2 ? call->word[2] : (struct slice){ NULL, 0 };
	return call->words > 2;
}

static int done(struct command_call *call, int e)
{
	if (e != E_OK && call->why.len == 0)
		fmt_str(&call->why, error_text(e));
	return e;
}

/* ---- reading ---- */

static int get_option(const struct settings *s, const struct cfg_path *p, struct fmt *out)
{
	if ((p->row->flags & SETTING_SECRET) != 0)
		fmt_str(out, VALUE_HIDDEN);
	else
		value_put(s, p->row, section_of(s, p->type, p->index), out);
	fmt_char(out, '\n');
	return E_OK;
}

/* All that is given in a section, one OPTION=VALUE a line. */
static int get_section(const struct settings *s, const struct cfg_path *p,
	struct command_call *call, struct fmt *out)
{
	const struct section_info *info = &settings_sections[p->type];
	const struct cfg_section *sec = section_of(s, p->type, p->index);

	for (; call->cursor[0] < info->rows; call->cursor[0]++) {
		struct cfg_path option = *p;

		option.row = setting_at(p->type, call->cursor[0]);
		if (!value_given(option.row, sec))
			continue;
		if (out->cap - out->len < LINE_ROOM)
			return E_MORE;
		fmt_printf(out, "%s=", option.row->name);
		get_option(s, &option, out);
	}
	return E_OK;
}

int command_get(struct command_call *call, struct fmt *out)
{
	const struct settings *s = candidate_view();
	struct cfg_path p;

	if (candidate_find(s, call->word[1], &p, &call->why) != E_OK)
		return done(call, E_NOENT);
	return p.row != NULL ? get_option(s, &p, out) : get_section(s, &p, call, out);
}

int command_changes(struct command_call *call, struct fmt *out)
{
	struct cfg_cursor at;
	int e;

	command_cursor_load(call, &at);
	do {
		if (out->cap - out->len < LINE_ROOM) {
			command_cursor_keep(call, &at);
			return E_MORE;
		}
		e = candidate_changes(&at, out);
	} while (e == E_MORE);
	return E_OK;
}

int command_export(struct command_call *call, struct fmt *out)
{
	bool secrets = call->words > 1;
	struct cfg_cursor at;
	int e;

	if (secrets && !slice_is(call->word[1], "secrets"))
		return command_fail(call, E_ARG, "usage: export [secrets]");
	if (secrets && !call->info.full_rights)
		return command_fail(call, E_ACCESS, "secrets are shown to root only");
	command_cursor_load(call, &at);
	do {
		if (out->cap - out->len < LINE_ROOM) {
			command_cursor_keep(call, &at);
			return E_MORE;
		}
		e = settings_write(candidate_view(), &at, secrets, out);
	} while (e == E_MORE);
	return E_OK;
}

/* ---- editing ---- */

/* Sets an option and says when it takes effect, where `commit` is not enough. */
static int set(struct command_call *call, struct slice path, struct slice value, struct fmt *out)
{
	struct cfg_path p;
	int e = candidate_set(path, value, &call->why);

	if (e == E_OK && candidate_find(candidate_view(), path, &p, &call->why) == E_OK &&
			(p.row->flags & SETTING_RESTART) != 0)
		fmt_printf(out, "%s takes effect at the next start\n", p.row->name);
	return done(call, e);
}

int command_set(struct command_call *call, struct fmt *out)
{
	struct slice path, value;
	struct cfg_path p;

	if (call->ended)
		return E_OK;
	if (path_value(call, &path, &value))
		return set(call, path, value, out);
	if (candidate_find(candidate_view(), path, &p, &call->why) != E_OK)
		return done(call, E_NOENT);
	if (p.row == NULL || (p.row->flags & SETTING_SECRET) == 0)
		return command_fail(call, E_ARG, "usage: set SECTION.OPTION=VALUE");
	if (!call->answered) {
		call->prompt = "value (not shown): ";
		call->ask = COMMAND_ASK_SECRET;
		return E_AGAIN;
	}
	call->answered = false;
	return set(call, path, call->input, out);
}

int command_add_list(struct command_call *call, struct fmt *out)
{
	struct slice path, value;

	(void)out;
	if (!path_value(call, &path, &value))
		return command_fail(call, E_ARG, "usage: add_list SECTION.OPTION=VALUE");
	return done(call, candidate_add_list(path, value, &call->why));
}

int command_del_list(struct command_call *call, struct fmt *out)
{
	struct slice path, value;

	(void)out;
	if (!path_value(call, &path, &value))
		return command_fail(call, E_ARG, "usage: del_list SECTION.OPTION=VALUE");
	return done(call, candidate_del_list(path, value, &call->why));
}

int command_add(struct command_call *call, struct fmt *out)
{
	struct slice name = call->words > 2 ? call->word[2] : (struct slice){ NULL, 0 };

	(void)out;
	return done(call, candidate_add(call->word[1], name, &call->why));
}

int command_delete(struct command_call *call, struct fmt *out)
{
	(void)out;
	return done(call, candidate_delete(call->word[1], &call->why));
}

int command_move(struct command_call *call, struct fmt *out)
{
	uint64_t to;

	(void)out;
	if (slice_u64(call->word[2], UINT16_MAX, &to) != E_OK)
		return command_fail(call, E_ARG, "usage: move @route[N] M, M counted from 0");
	return done(call, candidate_move(call->word[1], (unsigned)to, &call->why));
}

int command_revert(struct command_call *call, struct fmt *out)
{
	(void)call, (void)out;
	candidate_drop();
	return E_OK;
}

int command_commit(struct command_call *call, struct fmt *out)
{
	(void)out;
	return done(call, candidate_commit(gateway_apply, &call->why));
}

int command_import(struct command_call *call, struct fmt *out)
{
	(void)out;
	if (call->ended)
		return E_OK;
	if (!call->answered) {
		call->ask = COMMAND_ASK_TEXT;
		return E_AGAIN;
	}
	call->answered = false;
	return done(call, candidate_import(call->input, &call->why));
}

/* ---- passwd ---- */

/* A person types it twice; what was typed first is remembered by the head of its hash only, in the
 * cursor behind the count. */
enum { TYPED_LEN = (COMMAND_CURSORS - 1) * sizeof(uint32_t) };
_Static_assert(TYPED_LEN <= CRYPTO_SHA256_LEN, "the cursor holds the head of a hash");

static int store(struct command_call *call, const struct cfg_user *user, struct slice password)
{
	char verifier[CRYPTO_VERIFIER_MAX], path[64];
	struct fmt f = fmt_on(path, sizeof path);
	int e = E_OK;

	fmt_slice(&f, call->word[1]);
	fmt_str(&f, ".password");
	if (password.len == 0)
		return command_fail(call, E_ARG, "an empty password is not taken");
	if (!user->clear) {
		e = crypto_verifier_make(password.p, password.len, verifier, sizeof verifier);
		password = slice_str(verifier);
	}
	if (e == E_OK)
		e = candidate_set(fmt_result(&f), password, &call->why);
	mem_wipe(verifier, sizeof verifier);
	return done(call, e);
}

/* The user of a section's name. */
static const struct cfg_user *user_of(struct command_call *call)
{
	const struct settings *s = candidate_view();
	struct cfg_path p;

	if (candidate_find(s, call->word[1], &p, &call->why) != E_OK)
		return NULL;
	if (p.type != SECTION_user || p.row != NULL) {
		command_fail(call, E_NOENT, "that is not a user section");
		return NULL;
	}
	return &s->user[p.index];
}

/* Asks for the password, a person at a terminal twice. */
static int ask_secret(struct command_call *call)
{
	call->prompt = call->cursor[0] == 0 ? "new password (not shown): " : "once more: ";
	call->ask = COMMAND_ASK_SECRET;
	return E_AGAIN;
}

int command_passwd(struct command_call *call, struct fmt *out)
{
	const struct cfg_user *user;
	uint8_t now[CRYPTO_SHA256_LEN];
	bool same;

	if (call->ended)
		return E_OK;
	user = user_of(call);
	if (user == NULL)
		return E_NOENT;
	if (!call->answered)
		return ask_secret(call);
	call->answered = false;
	crypto_sha256(call->input.p, call->input.len, now);
	if (call->info.prompts && call->cursor[0]++ == 0) {
		memcpy(&call->cursor[1], now, TYPED_LEN);
		mem_wipe(now, sizeof now);
		return ask_secret(call);
	}
	same = !call->info.prompts || mem_eq_ct(&call->cursor[1], now, TYPED_LEN);
	mem_wipe(&call->cursor[1], TYPED_LEN);
	mem_wipe(now, sizeof now);
	if (!same)
		return command_fail(call, E_ARG, "the two are not the same");
	if (store(call, user, call->input) != E_OK)
		return E_ARG;
	fmt_str(out, "set; `commit` makes it real\n");
	return E_OK;
}
