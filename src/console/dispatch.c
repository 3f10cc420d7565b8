/*
 * dispatch.c - words, unique prefixes, help on the way.
 */
#include "console/dispatch.h"

#include <stdarg.h>
#include <string.h>

int command_fail(struct command_call *call, int result, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fmt_vprintf(&call->why, format, ap);
	va_end(ap);
	return result;
}

int command_match(struct slice word, const char *(*name)(unsigned i))
{
	int found = E_NOENT;

	for (unsigned i = 0; name(i) != NULL; i++) {
		struct slice whole = slice_str(name(i));

		if (slice_eq_nocase(whole, word))
			return (int)i;
		if (word.len > 0 && word.len < whole.len &&
				slice_eq_nocase(slice_head(whole, word.len), word))
			found = found == E_NOENT ? (int)i : E_LIMIT;
	}
	return found;
}

static const char *command_name(unsigned i)
{
	return i < commands_count ? commands[i].name : NULL;
}

/* One word from line[*at] on, unquoted to line[*to]. E_OK or E_ARG. */
static int word_take(char *line, size_t len, size_t *at, size_t *to)
{
	char quote = 0;

	for (; *at < len; (*at)++) {
		char c = line[*at];

		if (quote == 0 && (c == ' ' || c == '\t'))
			return E_OK;
		if (quote == 0 && c == '\\' && *at + 1 < len)
			line[(*to)++] = line[++*at];
		else if (quote == 0 && (c == '\'' || c == '"'))
			quote = c;
		else if (c == quote)
			quote = 0;
		else
			line[(*to)++] = c;
	}
	return quote == 0 ? E_OK : E_ARG;
}

int dispatch_split(char *line, size_t len, struct slice word[COMMAND_WORDS_MAX])
{
	size_t at = 0, to = 0;
	int n = 0;

	for (;;) {
		size_t from;

		while (at < len && (line[at] == ' ' || line[at] == '\t'))
			at++;
		if (at >= len || line[at] == '#')
			return n;
		if (n == COMMAND_WORDS_MAX)
			return E_LIMIT;
		from = to;
		if (word_take(line, len, &at, &to) != E_OK)
			return E_ARG;
		word[n++] = slice_of(line + from, to - from);
	}
}

static int unknown(struct command_call *call, int why)
{
	char shown[40];
	struct fmt f = fmt_on(shown, sizeof shown - 1);

	fmt_clean(&f, call->word[0], 30);
	return command_fail(call, E_ARG, why == E_LIMIT ? "'%s' could be several commands; try %s ?" :
		"unknown command '%s'; `help` lists them%s", fmt_cstr(&f), why == E_LIMIT ? shown : "");
}

int dispatch_find(struct command_call *call, const struct command **out)
{
	int i = command_match(call->word[0], command_name);
	const struct command *c;

	if (i < 0)
		return unknown(call, i);
	c = &commands[i];
	if (c->rights == COMMAND_FULL && !call->info.full_rights)
		return command_fail(call, E_ACCESS, "%s needs root's rights", c->name);
	if (call->words - 1 < c->least || call->words - 1 > c->most)
		return command_fail(call, E_ARG, "usage: %s %s", c->name, c->arguments);
	*out = c;
	return E_OK;
}
