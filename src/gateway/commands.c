/*
 * commands.c - the one command table of terminal, control socket, UART and scripts (CONFIG.md 3).
 */
#include "gateway/commands.h"

#include <string.h>

#include "config/table.h"

static int command_help(struct command_call *call, struct fmt *out);

static const char *offer_secrets(unsigned i, const char **help)
{
	*help = "with them; root only";
	return i == 0 ? "secrets" : NULL;
}

static int command_quit(struct command_call *call, struct fmt *out)
{
	(void)out;
	call->quit = true;
	return E_OK;
}

const struct command commands[] = {
	{ "help", "[COMMAND|TYPE]", "list the commands, or the options of a section type", 0, 1,
		COMMAND_ANYBODY, { TAKES_COMMAND }, command_help, NULL },
	{ "show", "[status|config|accounts|account NAME|sessions|pools|memory|network|certificates|log]"
		" [--json]", "what is going on", 0, 3, COMMAND_ANYBODY, { TAKES_WORD, TAKES_ACCOUNT },
		command_show, command_show_offer },
	{ "get", "SECTION[.OPTION]", "print an option, or all that is given in a section", 1, 1,
		COMMAND_ANYBODY, { TAKES_PATH }, command_get, NULL },
	{ "set", "SECTION.OPTION=VALUE", "change an option; without =VALUE a secret is asked for", 1, 2,
		COMMAND_FULL, { TAKES_SETTING }, command_set, NULL },
	{ "add_list", "SECTION.OPTION=VALUE", "add a value to a list", 1, 2, COMMAND_FULL,
		{ TAKES_SETTING }, command_add_list, NULL },
	{ "del_list", "SECTION.OPTION=VALUE", "take a value from a list", 1, 2, COMMAND_FULL,
		{ TAKES_SETTING }, command_del_list, NULL },
	{ "add", "TYPE [NAME]", "add a section", 1, 2, COMMAND_FULL, { TAKES_TYPE },
		command_add, NULL },
	{ "delete", "SECTION[.OPTION]", "remove a section or an option", 1, 1, COMMAND_FULL,
		{ TAKES_PATH }, command_delete, NULL },
	{ "move", "@route[N] M", "give a route another place", 2, 2, COMMAND_FULL, { TAKES_ROUTE },
		command_move, NULL },
	{ "changes", "", "what commit would change", 0, 0, COMMAND_ANYBODY, { TAKES_NOTHING },
		command_changes, NULL },
	{ "revert", "", "drop the changes", 0, 0, COMMAND_FULL, { TAKES_NOTHING },
		command_revert, NULL },
	{ "commit", "", "validate the changes, write the file (comments in it are lost), apply them",
		0, 0, COMMAND_FULL, { TAKES_NOTHING }, command_commit, NULL },
	{ "check", "[ACCOUNT] [--json]", "diagnose every account, or one", 0, 2, COMMAND_ANYBODY,
		{ TAKES_ACCOUNT }, command_check, NULL },
	{ "passwd", "USER", "give a user a new password; it is stored as a hash", 1, 1, COMMAND_FULL,
		{ TAKES_USER }, command_passwd, NULL },
	{ "export", "[secrets]", "the configuration as text; secrets hidden unless asked for", 0, 1,
		COMMAND_ANYBODY, { TAKES_WORD }, command_export, offer_secrets },
	{ "import", "", "replace the changes by a text, ended by a line with a dot", 0, 0, COMMAND_FULL,
		{ TAKES_NOTHING }, command_import, NULL },
	{ "log", "[follow|trace ID]", "the last lines of the log, lines as they come, or one session's",
		0, 2, COMMAND_ANYBODY, { TAKES_WORD }, command_log, command_log_offer },
	{ "quit", "", "leave the console", 0, 0, COMMAND_ANYBODY, { TAKES_NOTHING },
		command_quit, NULL },
};
const unsigned commands_count = sizeof commands / sizeof commands[0];

static const char *command_name(unsigned i)
{
	return i < commands_count ? commands[i].name : NULL;
}

static void pad(struct fmt *out, size_t from, size_t width)
{
	do {
		fmt_char(out, ' ');
	} while (out->len - from < width && !out->over);
}

static int help_list(struct command_call *call, struct fmt *out)
{
	for (; call->cursor[0] < commands_count; call->cursor[0]++) {
		const struct command *c = &commands[call->cursor[0]];
		size_t from = out->len;

		if (out->cap - out->len < 300)
			return E_MORE;
		fmt_printf(out, "%s", c->name);
		pad(out, from, 10);
		fmt_printf(out, "%s\n", c->help);
	}
	return E_OK;
}

/* The options of a section type with their help. */
static int help_type(struct command_call *call, struct fmt *out, enum section_type type)
{
	const struct section_info *info = &settings_sections[type];

	for (; call->cursor[0] < info->rows; call->cursor[0]++) {
		const struct setting *row = &settings_table[info->first + call->cursor[0]];
		size_t from = out->len;

		if (out->cap - out->len < 400)
			return E_MORE;
		fmt_printf(out, "%s", row->name);
		pad(out, from, 20);
		fmt_str(out, row->help);
		if (row->def[0] != '\0')
			fmt_printf(out, " (default %s)", row->def);
		fmt_char(out, '\n');
	}
	return E_OK;
}

static int command_help(struct command_call *call, struct fmt *out)
{
	int i, type;

	if (call->words == 1)
		return help_list(call, out);
	i = command_match(call->word[1], command_name);
	if (i >= 0) {
		fmt_printf(out, "%s %s\n  %s\n", commands[i].name, commands[i].arguments, commands[i].help);
		return E_OK;
	}
	type = section_find(call->word[1]);
	if (type < 0)
		return command_fail(call, E_NOENT,
			"there is neither a command nor a section type of that name");
	return help_type(call, out, (enum section_type)type);
}

void command_json_string(struct fmt *out, struct slice text)
{
	fmt_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\')
			fmt_printf(out, "\\%c", c);
		else if (c < 0x20)
			fmt_printf(out, "\\u%04x", (unsigned)c);
		else
			fmt_char(out, (char)c);
	}
	fmt_char(out, '"');
}

bool command_wants_json(struct command_call *call)
{
	if (call->words < 2 || !slice_is(call->word[call->words - 1], "--json"))
		return false;
	call->words--;
	call->cursor[COMMAND_CURSORS - 1] = 1;
	return true;
}
