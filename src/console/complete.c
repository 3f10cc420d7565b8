/*
 * complete.c - continuations: one generator for each thing that a word can be, walked by number.
 */
#include "console/complete.h"

#include <string.h>

#include "config/candidate.h"
#include "console/dispatch.h"

enum { NAME_MAX = 120, NAME_COLUMNS = 24 };

/* One continuation of the open word, whole. */
struct continuation {
	char bytes[NAME_MAX];
	struct fmt name;
	const char *help;
	bool open;      /* more of the same word may follow */
};

/* What is known of the open word. */
struct place {
	const struct complete *q;
	struct slice part;              /* the open word so far */
	const struct command *command;  /* NULL: the open word is the command */
	uint8_t takes;                  /* enum command_takes */
};

int complete_begin(struct complete *q, const char *text, size_t len, char *copy,
	struct slice *word)
{
	bool open = len > 0 && text[len - 1] != ' ';
	int n;

	memcpy(copy, text, len);
	n = dispatch_split(copy, len, word);
	if (n < 0 || (!open && n == COMMAND_WORDS_MAX))
		return n < 0 ? n : E_LIMIT;
	if (!open || n == 0)
		word[n++] = slice_of(copy + len, 0);
	*q = (struct complete){ word, (unsigned)n };
	return E_OK;
}

/* ---- generators: whether there is a number i, and which ---- */

static bool give(struct continuation *c, const char *name, const char *help)
{
	if (name == NULL)
		return false;
	fmt_str(&c->name, name);
	c->help = help;
	return true;
}

static bool of_commands(unsigned i, struct continuation *c)
{
	return i < commands_count && give(c, commands[i].name, commands[i].help);
}

static bool of_types(unsigned i, struct continuation *c)
{
	return i < SECTION_TYPES &&
		give(c, settings_sections[i].name, section_type_help((enum section_type)i));
}

/* The sections of one type, or of all (SECTION_TYPES). */
static bool of_sections(unsigned only, unsigned i, struct continuation *c)
{
	const struct settings *s = candidate_view();

	for (int type = 0; type < SECTION_TYPES; type++) {
		unsigned count = section_count(s, (enum section_type)type);

		if (only != SECTION_TYPES && only != (unsigned)type)
			continue;
		if (i < count) {
			section_put(s, (enum section_type)type, i, &c->name);
			c->help = section_type_help((enum section_type)type);
			return true;
		}
		i -= count;
	}
	return false;
}

/* What may stand behind SECTION.OPTION=. */
static bool of_values(const struct setting *row, unsigned i, struct continuation *c)
{
	static const char *const truth[] = { "0", "1" };

	if (row->kind == KIND_REFERENCE)
		return of_sections(SECTION_account, i, c);
	if (row->kind == KIND_BOOL)
		return i < 2 && give(c, truth[i], i == 0 ? row->help : "");
	return i < row->word_count && give(c, row->words[i], i == 0 ? row->help : "");
}

/* SECTION, SECTION.OPTION or SECTION.OPTION=VALUE, whichever is begun. */
static bool of_path(const struct place *at, unsigned i, struct continuation *c)
{
	const struct settings *s = candidate_view();
	size_t dot = slice_find(at->part, '.'), is = slice_find(at->part, '=');
	enum section_type type;
	const struct setting *row;
	bool value = at->takes == TAKES_SETTING;

	if (section_named(s, slice_head(at->part, dot), &type) < 0) {
		c->open = true;
		return dot == at->part.len && of_sections(SECTION_TYPES, i, c);
	}
	fmt_slice(&c->name, slice_head(at->part, dot));
	fmt_char(&c->name, '.');
	if (is < at->part.len) {
		row = setting_find(type, slice_head(slice_from(at->part, dot + 1), is - dot - 1));
		if (row == NULL || !value)
			return false;
		fmt_printf(&c->name, "%s=", row->name);
		return of_values(row, i, c);
	}
	if (i >= settings_sections[type].rows)
		return false;
	row = setting_at(type, i);
	c->open = value;
	fmt_printf(&c->name, value ? "%s=" : "%s", row->name);
	c->help = row->help;
	return true;
}

static bool number(const struct place *at, unsigned i, struct continuation *c)
{
	const char *help = "", *name;

	*c = (struct continuation){ .help = "" };
	c->name = fmt_on(c->bytes, sizeof c->bytes);
	if (at->command != NULL && at->part.len > 0 && at->part.p[0] == '-')
		return i == 0 && strstr(at->command->arguments, "--json") != NULL &&
			give(c, "--json", "for programs");
	switch ((enum command_takes)at->takes) {
	case TAKES_WORD:
		name = at->command->offer(i, &help);
		return give(c, name, help);
	case TAKES_COMMAND:
		return i < commands_count ? of_commands(i, c) :
			at->command != NULL && of_types(i - commands_count, c);
	case TAKES_TYPE: return of_types(i, c);
	case TAKES_PATH:
	case TAKES_SETTING: return of_path(at, i, c);
	case TAKES_ACCOUNT: return of_sections(SECTION_account, i, c);
	case TAKES_USER: return of_sections(SECTION_user, i, c);
	case TAKES_ROUTE: return of_sections(SECTION_route, i, c);
	case TAKES_NOTHING: break;
	}
	return false;
}

static const char *command_name(unsigned i)
{
	return i < commands_count ? commands[i].name : NULL;
}

static struct place find(const struct complete *q)
{
	struct place at = { q, q->word[q->words - 1], NULL, TAKES_COMMAND };
	int i = q->words > 1 ? command_match(q->word[0], command_name) : 0;

	if (q->words == 1)
		return at;
	at.takes = TAKES_NOTHING;
	if (i < 0)
		return at;
	at.command = &commands[i];
	if (q->words <= 3)
		at.takes = at.command->takes[q->words - 2];
	/* `show account NAME`, but `show sessions` alone. */
	if (q->words == 3 && at.takes == TAKES_ACCOUNT && !slice_is(q->word[1], "account"))
		at.takes = TAKES_NOTHING;
	return at;
}

static bool begins(const struct continuation *c, struct slice part)
{
	struct slice name = fmt_result(&c->name);

	return name.len >= part.len && slice_eq_nocase(slice_head(name, part.len), part);
}

/* ---- Tab ---- */

unsigned complete_common(const struct complete *q, struct fmt *out)
{
	struct place at = find(q);
	struct continuation c;
	char bytes[NAME_MAX];
	size_t common = 0, n;
	unsigned found = 0;
	bool open = false;

	for (unsigned i = 0; number(&at, i, &c); i++) {
		if (!begins(&c, at.part))
			continue;
		for (n = 0; n < c.name.len && (found == 0 || (n < common && c.bytes[n] == bytes[n])); n++)
			bytes[n] = c.bytes[n];
		common = n;
		open = c.open;
		found++;
	}
	if (common > at.part.len)
		fmt_bytes(out, bytes + at.part.len, common - at.part.len);
	if (found == 1 && !open)
		fmt_char(out, ' ');
	return found;
}

/* ---- ? ---- */

/* The row of SECTION.OPTION before a '=', or NULL. */
static const struct setting *row_of(const struct place *at)
{
	size_t dot = slice_find(at->part, '.'), is = slice_find(at->part, '=');
	enum section_type type;

	if (at->takes != TAKES_SETTING || dot >= is || is >= at->part.len ||
			section_named(candidate_view(), slice_head(at->part, dot), &type) < 0)
		return NULL;
	return setting_find(type, slice_head(slice_from(at->part, dot + 1), is - dot - 1));
}

/* Nothing can be listed: what is wanted instead. */
static void explain(const struct place *at, struct fmt *out)
{
	const struct setting *row = row_of(at);

	if (row != NULL)
		fmt_printf(out, "%s: %s\n", setting_kind_text[row->kind], row->help);
	else if (at->command != NULL)
		fmt_printf(out, "usage: %s %s\n", at->command->name, at->command->arguments);
	else
		fmt_str(out, "no such command\n");
}

int complete_list(const struct complete *q, uint32_t *from, struct fmt *out)
{
	struct place at = find(q);
	struct continuation c;
	unsigned found = *from;
	size_t value = slice_find(at.part, '=') + 1;

	for (; number(&at, *from, &c); ++*from) {
		size_t line = out->len;

		if (!begins(&c, at.part))
			continue;
		if (out->cap - out->len < COMPLETE_LINE)
			return E_MORE;
		found++;
		fmt_slice(out, slice_from(fmt_result(&c.name), value <= at.part.len ? value : 0));
		do {
			fmt_char(out, ' ');
		} while (out->len - line < NAME_COLUMNS);
		fmt_printf(out, "%s\n", c.help);
	}
	if (found == 0)
		explain(&at, out);
	return E_OK;
}

bool complete_wants_help(struct slice text)
{
	struct slice word[COMMAND_WORDS_MAX];
	char copy[1024];
	struct complete q;
	struct place at;
	const struct setting *row;
	bool blank = text.len > 0 && text.p[text.len - 1] == ' ';

	if (slice_trim(text).len > 0 && slice_trim(text).p[0] == '#')
		return false;
	if (text.len > sizeof copy ||
			complete_begin(&q, (const char *)text.p, text.len, copy, word) != E_OK)
		return false; /* within a quote */
	at = find(&q);
	row = row_of(&at);
	if (row != NULL)
		return row->kind != KIND_TEXT && row->kind != KIND_PATTERN &&
			row->kind != KIND_PASSWORD && at.part.p[at.part.len - 1] == '=';
	return blank || slice_find(at.part, '=') == at.part.len;
}
