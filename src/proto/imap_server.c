/*
 * imap_server.c - gathers one IMAP command before sign-in.
 *
 * A line is cut in two: what stands before a literal's `{n}` at its end, and the literal. The
 * first part goes to the grammar of the command (one taker a verb), then the literal is asked
 * for, taken, or thrown away. A command that is refused on the way stays refused: of what belongs
 * to it only the literals that come unasked are still looked for, because their octets must not
 * be taken for commands.
 */
#include "proto/imap_server.h"

#include <string.h>

#include "error.h"
#include "proto/imap_syntax.h"
#include "proto/sasl.h"

const char *const imap_verb_name[IMAP_VERBS] = {
	[IMAP_CAPABILITY] = "CAPABILITY", [IMAP_NOOP] = "NOOP", [IMAP_LOGOUT] = "LOGOUT",
	[IMAP_ID] = "ID", [IMAP_STARTTLS] = "STARTTLS", [IMAP_LOGIN] = "LOGIN",
	[IMAP_AUTHENTICATE] = "AUTHENTICATE", [IMAP_LATER] = "later", [IMAP_UNKNOWN] = "unknown",
};

/* Commands for after sign-in: RFC 3501 and 9051, then extensions. */
static const char *const later_names[] = {
	"SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "LIST", "LSUB",
	"STATUS", "APPEND", "ENABLE", "IDLE", "NAMESPACE", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE",
	"SEARCH", "FETCH", "STORE", "COPY", "MOVE", "UID",
	"SORT", "THREAD", "GETQUOTA", "GETQUOTAROOT", "SETQUOTA", "GETACL", "SETACL", "DELETEACL",
	"LISTRIGHTS", "MYRIGHTS", "GETMETADATA", "SETMETADATA", "GETANNOTATION", "SETANNOTATION",
	"COMPRESS", "NOTIFY", "GENURLAUTH", "RESETKEY", "URLFETCH", "CONVERT", "CONVERSIONS",
	"CANCELUPDATE", "ESEARCH", "UNAUTHENTICATE", "REPLACE", "RLIST", "RLSUB", "XLIST", "LANGUAGE",
	"COMPARATOR", "GETJMAPACCESS", "UIDBATCHES", "XAPPLEPUSHSERVICE",
};

/* What the grammar awaits. */
enum step { AWAIT_COMMAND, AWAIT_ARGUMENTS, AWAIT_LIST, AWAIT_NOTHING, OVER };

void imap_command_start(struct imap_command *c)
{
	mem_wipe(c, sizeof *c);
}

struct slice imap_command_tag(const struct imap_command *c)
{
	return slice_str(c->tag);
}

struct slice imap_command_arg(const struct imap_command *c, unsigned i)
{
	size_t from = 0;

	if (i >= c->args)
		return slice_of(c->text, 0);
	for (unsigned k = 0; k < i; k++)
		from += c->arg_len[k];
	return slice_of(c->text + from, c->arg_len[i]);
}

/* The first refusal stays; what was gathered is wiped. */
static void refuse(struct imap_command *c, enum imap_say what)
{
	if (c->trouble == IMAP_SAY_NOTHING)
		c->trouble = (uint8_t)what;
	mem_wipe(c->text, c->used);
	memset(c->arg_len, 0, sizeof c->arg_len);
	c->args = 0;
	c->used = 0;
	c->drop = true;
}

static bool is_refused(const struct imap_command *c)
{
	return c->trouble != IMAP_SAY_NOTHING;
}

/* ---- pieces of the grammar ---- */

static struct slice skip_blanks(struct slice text)
{
	while (text.len > 0 && text.p[0] == ' ')
		text = slice_from(text, 1);
	return text;
}

/* Whether a literal may begin behind `text`: apart from what stands before it. */
static bool is_apart(struct slice text)
{
	return text.len > 0 && (text.p[text.len - 1] == ' ' || text.p[text.len - 1] == '(');
}

static void add_octet(struct imap_command *c, uint8_t octet)
{
	if (c->used == IMAP_TEXT_MAX) {
		refuse(c, IMAP_SAY_COMMAND_LONG);
		return;
	}
	c->text[c->used++] = octet;
	c->arg_len[c->args - 1]++;
}

/* The next argument: an atom or anything raw, or a quoted string to be decoded. */
static void add_argument(struct imap_command *c, struct slice raw, bool quoted)
{
	if (c->args == IMAP_ARGS_MAX) {
		refuse(c, IMAP_SAY_SYNTAX);
		return;
	}
	c->args++;
	if (quoted)
		raw = slice_head(slice_from(raw, 1), raw.len - 2);
	for (size_t i = 0; i < raw.len && !is_refused(c); i++) {
		if (quoted && raw.p[i] == '\\')
			i++;
		add_octet(c, raw.p[i]);
	}
}

/* ---- takers: the arguments of one line, up to its end or its literal ---- */

static void take_none(struct imap_command *c, struct slice text, bool literal)
{
	if (literal || skip_blanks(text).len > 0)
		refuse(c, IMAP_SAY_SYNTAX);
}

static void take_login(struct imap_command *c, struct slice text, bool literal)
{
	bool apart = is_apart(text);

	for (struct slice rest = skip_blanks(text); rest.len > 0; rest = skip_blanks(text)) {
		size_t n = imap_astring_len(rest);

		if (rest.len == text.len || n == 0) {
			refuse(c, IMAP_SAY_SYNTAX);
			return;
		}
		add_argument(c, slice_head(rest, n), rest.p[0] == '"');
		if (is_refused(c))
			return;
		text = slice_from(rest, n);
	}
	if (literal ? !apart || c->args == IMAP_ARGS_MAX : c->args < IMAP_ARGS_MAX)
		refuse(c, IMAP_SAY_SYNTAX);
}

static void take_authenticate(struct imap_command *c, struct slice text, bool literal)
{
	for (text = skip_blanks(text); text.len > 0 && !is_refused(c); text = skip_blanks(text)) {
		size_t n = slice_find(text, ' ');

		add_argument(c, slice_head(text, n), false);
		text = slice_from(text, n);
	}
	if (literal || c->args == 0)
		refuse(c, IMAP_SAY_SYNTAX);
}

/* nil or "(" *string ")" (RFC 2971 3.1). Whether the strings are in pairs is not asked. */
static void take_id(struct imap_command *c, struct slice text, bool literal)
{
	struct slice rest = skip_blanks(text);
	bool apart = is_apart(text);

	if (c->step == AWAIT_ARGUMENTS) {
		bool list = rest.len > 0 && rest.p[0] == '(';

		if (!list && !slice_is(slice_head(rest, 3), "NIL"))
			refuse(c, IMAP_SAY_SYNTAX);
		c->step = list ? AWAIT_LIST : AWAIT_NOTHING;
		rest = skip_blanks(slice_from(rest, list ? 1 : 3));
	}
	while (c->step == AWAIT_LIST && rest.len > 0) {
		bool end = rest.p[0] == ')';
		size_t n = end ? 1 : imap_astring_len(rest);

		if (n == 0) {
			refuse(c, IMAP_SAY_SYNTAX);
			return;
		}
		if (end)
			c->step = AWAIT_NOTHING;
		rest = skip_blanks(slice_from(rest, n));
	}
	if (rest.len > 0 || literal != (c->step == AWAIT_LIST) || (literal && !apart))
		refuse(c, IMAP_SAY_SYNTAX);
}

/* Those that are refused whatever follows have none. */
static void (*const takers[IMAP_VERBS])(struct imap_command *c, struct slice text,
	bool literal) = {
	[IMAP_CAPABILITY] = take_none, [IMAP_NOOP] = take_none, [IMAP_LOGOUT] = take_none,
	[IMAP_STARTTLS] = take_none, [IMAP_ID] = take_id, [IMAP_LOGIN] = take_login,
	[IMAP_AUTHENTICATE] = take_authenticate,
};

/* ---- tag and verb ---- */

/* 1 to 64 of ASTRING-CHAR except "+" (IM-01). */
static bool is_tag(struct slice tag)
{
	return tag.len > 0 && tag.len <= IMAP_TAG_MAX && imap_atom_len(tag) == tag.len &&
		slice_find(tag, '+') == tag.len;
}

static enum imap_verb verb_find(struct slice name)
{
	for (int i = 0; i < IMAP_LATER; i++)
		if (slice_is(name, imap_verb_name[i]))
			return (enum imap_verb)i;
	for (size_t i = 0; i < sizeof later_names / sizeof later_names[0]; i++)
		if (slice_is(name, later_names[i]))
			return IMAP_LATER;
	return IMAP_UNKNOWN;
}

/* Takes tag and verb off the front of *text. */
static void take_head(struct imap_command *c, struct slice *text)
{
	struct slice tag = slice_head(*text, slice_find(*text, ' '));
	struct slice rest = skip_blanks(slice_from(*text, tag.len));
	struct slice name = slice_head(rest, slice_find(rest, ' '));

	c->step = AWAIT_ARGUMENTS;
	c->verb = IMAP_UNKNOWN;
	*text = slice_from(rest, name.len);
	if (!is_tag(tag)) {
		refuse(c, IMAP_SAY_BAD_TAG);
		return;
	}
	memcpy(c->tag, tag.p, tag.len);
	if (name.len > 0)
		c->verb = (uint8_t)verb_find(name);
	if (c->verb == IMAP_LATER)
		refuse(c, IMAP_SAY_NOT_SIGNED_IN);
	if (c->verb == IMAP_UNKNOWN)
		refuse(c, name.len > 0 ? IMAP_SAY_UNKNOWN : IMAP_SAY_SYNTAX);
	if (c->verb == IMAP_LOGIN && c->refuse_login != IMAP_SAY_NOTHING)
		refuse(c, (enum imap_say)c->refuse_login);
}

/* ---- literals ---- */

static int over(struct imap_command *c, int result)
{
	c->step = OVER;
	return result;
}

/* The literal is more than the command may have: answered where the client waits, else the end. */
static int beyond(struct imap_command *c, bool unasked)
{
	refuse(c, IMAP_SAY_LITERAL_LONG);
	if (unasked)
		c->trouble = IMAP_SAY_BYE_TOO_LONG;
	return over(c, unasked ? E_PROTO : E_OK);
}

static int literal_begin(struct imap_command *c, const struct imap_literal *l)
{
	if (c->literals == IMAP_LITERALS_MAX)
		return beyond(c, l->unasked);
	c->literals++;
	if (!is_refused(c) && (l->size > IMAP_LITERAL_MAX || l->size + c->used > IMAP_TEXT_MAX))
		refuse(c, IMAP_SAY_LITERAL_LONG);
	if (is_refused(c) && !l->unasked)
		return over(c, E_OK);
	c->drop = is_refused(c) || c->verb == IMAP_ID;
	if (c->drop) {
		if (l->size > (uint32_t)IMAP_DROP_MAX - c->dropped)
			return beyond(c, l->unasked);
		c->dropped = (uint16_t)(c->dropped + l->size);
	} else {
		c->args++;
	}
	c->literal_left = l->size;
	c->ask = !l->unasked;
	return E_MORE;
}

size_t imap_command_literal(struct imap_command *c, struct slice bytes)
{
	struct slice mine = slice_head(bytes, c->literal_left);

	c->ask = false;
	c->literal_left -= (uint32_t)mine.len;
	if (!is_refused(c) && slice_find(mine, 0) < mine.len)
		refuse(c, IMAP_SAY_SYNTAX);
	for (size_t i = 0; i < mine.len && !c->drop; i++)
		add_octet(c, mine.p[i]);
	return mine.len;
}

int imap_command_line(struct imap_command *c, struct slice line)
{
	struct imap_literal literal = imap_literal_find(line);
	struct slice text = slice_head(line, literal.at);

	if (c->step == OVER || c->literal_left > 0)
		return E_PROTO;
	c->ask = false;
	if (c->step == AWAIT_COMMAND)
		take_head(c, &text);
	if (slice_find(line, 0) < line.len)
		refuse(c, IMAP_SAY_SYNTAX);
	if (!is_refused(c))
		takers[c->verb](c, text, literal.there);
	return literal.there ? literal_begin(c, &literal) : over(c, E_OK);
}

void imap_capability_put(struct fmt *f, bool starttls, bool login_disabled, unsigned mechs)
{
	if (login_disabled)
		mechs &= ~(SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN));
	fmt_str(f, "IMAP4rev1 SASL-IR LITERAL- ID");
	if (starttls)
		fmt_str(f, " STARTTLS");
	if (login_disabled)
		fmt_str(f, " LOGINDISABLED");
	for (int i = 0; i < SASL_MECHS; i++)
		if ((mechs & SASL_BIT(i)) != 0)
			fmt_printf(f, " AUTH=%s", sasl_mech_name[i]);
}
