/*
 * address.c - paths: first the end of the path is found (brackets and quotes), then its octets are
 * checked, then it is taken apart from the left: source route, local part, domain.
 */
#include "proto/address.h"

#include "base/addr.h"
#include "error.h"
#include "proto/utf8.h"

#define LABEL_MAX 63

#define NAME_ROW(name, code, sender, recipient, text) #name,
const char *const path_error_name[PATH_ERROR_COUNT] = { PATH_ERRORS(NAME_ROW) };

#define REPLY_ROW(name, code, sender, recipient, text) { code, sender, recipient, text },
static const struct path_reply replies[PATH_ERROR_COUNT] = { PATH_ERRORS(REPLY_ROW) };

const struct path_reply *path_error_reply(enum path_error why)
{
	return &replies[why];
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z');
}

/* atext of RFC 5322 3.2.3, and UTF-8 (whether it is allowed has been checked before). */
static bool is_atext(uint8_t c)
{
	static const char more[] = "!#$%&'*+-/=?^_`{|}~";

	return is_alnum(c) || c >= 0x80 || slice_find(slice_str(more), c) < sizeof more - 1;
}

int path_keyword(struct slice *args, const char *word, unsigned flags)
{
	bool lenient = (flags & PATH_LENIENT) != 0;
	struct slice a = lenient ? slice_trim(*args) : *args, keyword = slice_str(word);

	if (!slice_starts(a, word))
		return E_ARG;
	a = slice_from(a, keyword.len);
	while (lenient && a.len > 0 && is_blank(a.p[0]))
		a = slice_from(a, 1);
	if (a.len == 0 || a.p[0] != ':')
		return E_ARG;
	*args = slice_from(a, 1);
	return E_OK;
}

/* Length of the quoted string at the start of `s` with its quotes; 0 when it has no end. */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Index of the first `end` (or blank, for end 0) outside quoted strings, or s.len. */
static size_t find_outside(struct slice s, uint8_t end)
{
	size_t i = 0;

	while (i < s.len && !(end != 0 ? s.p[i] == end : is_blank(s.p[i]))) {
		size_t quoted = s.p[i] == '"' ? quoted_len(slice_from(s, i)) : 0;

		i += quoted > 0 ? quoted : 1;
	}
	return i;
}

/* Cuts `arg` into the path without brackets and what follows. */
static enum path_error find_path(struct slice arg, bool lenient, struct slice *inside,
	struct slice *rest)
{
	size_t end;

	if (lenient)
		arg = slice_trim(arg);
	if (arg.len == 0)
		return PATH_MISSING;
	if (arg.p[0] != '<') {
		end = find_outside(arg, 0);
		*inside = slice_head(arg, end);
		*rest = slice_trim(slice_from(arg, end));
		return lenient ? PATH_FINE : PATH_BRACKETS;
	}
	arg = slice_from(arg, 1);
	end = find_outside(arg, '>');
	*inside = slice_head(arg, end);
	if (end == arg.len)
		return PATH_BRACKETS;
	*rest = slice_from(arg, end + 1);
	if (rest->len > 0 && !is_blank(rest->p[0]))
		return PATH_BRACKETS;
	*rest = slice_trim(*rest);
	if (lenient)
		*inside = slice_trim(*inside);
	return PATH_FINE;
}

static enum path_error check_octets(struct slice s, unsigned flags, bool *utf8)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return PATH_CONTROL;
	*utf8 = utf8_needed(s);
	if (*utf8 && (flags & PATH_UTF8) == 0)
		return PATH_NEEDS_UTF8;
	return utf8_valid(s) ? PATH_FINE : PATH_BAD_UTF8;
}

static enum path_error check_domain(struct slice d, bool lenient)
{
	size_t label = 0;

	if (d.len == 0)
		return PATH_NO_DOMAIN;
	if (d.len > ADDRESS_DOMAIN_MAX)
		return PATH_DOMAIN_LONG;
	for (size_t i = 0; i <= d.len; i++) {
		if (i == d.len || d.p[i] == '.') {
			if (label == 0 || (!lenient && d.p[i - 1] == '-'))
				return PATH_DOMAIN;
			label = 0;
			continue;
		}
		if (!is_alnum(d.p[i]) && d.p[i] != '-' && d.p[i] != '_' && d.p[i] < 0x80)
			return PATH_DOMAIN;
		if (label == 0 && d.p[i] == '-' && !lenient)
			return PATH_DOMAIN;
		if (++label > LABEL_MAX)
			return PATH_DOMAIN_LONG;
	}
	return PATH_FINE;
}

/* `[1.2.3.4]` or `[IPv6:...]`, with its brackets (RFC 5321 4.1.3). */
static enum path_error check_literal(struct slice d)
{
	struct port_addr addr;
	struct slice text;
	bool v6;

	if (d.len < 2 || d.p[d.len - 1] != ']')
		return PATH_LITERAL;
	text = slice_head(slice_from(d, 1), d.len - 2);
	v6 = slice_starts(text, "IPv6:");
	if (v6)
		text = slice_from(text, 5);
	if (text.len == 0 || text.p[0] == '[' || slice_find(text, '%') < text.len)
		return PATH_LITERAL;
	if ((slice_find(text, ':') < text.len) != v6)
		return PATH_LITERAL;
	return addr_parse(text, &addr) == E_OK ? PATH_FINE : PATH_LITERAL;
}

/* Takes `@a,@b:` off the front (RFC 5321 C). */
static enum path_error skip_route(struct slice *s, bool lenient)
{
	while (s->len > 0 && s->p[0] == '@') {
		struct slice host = slice_from(*s, 1);
		size_t end = host.len > 0 && host.p[0] == '[' ? slice_find(host, ']') : 0;
		enum path_error e;

		while (end < host.len && host.p[end] != ',' && host.p[end] != ':')
			end++;
		if (end == host.len)
			return PATH_ROUTE;
		*s = slice_from(host, end + 1);
		e = host.p[0] == '[' ? check_literal(slice_head(host, end)) :
			check_domain(slice_head(host, end), lenient);
		if (e != PATH_FINE)
			return PATH_ROUTE;
		if (host.p[end] == ':')
			return s->len > 0 && s->p[0] != '@' ? PATH_FINE : PATH_ROUTE;
		if (s->len == 0 || s->p[0] != '@')
			return PATH_ROUTE;
	}
	return PATH_FINE;
}

static enum path_error check_quoted(struct slice s)
{
	if (quoted_len(s) != s.len)
		return PATH_LOCAL;
	return PATH_FINE;
}

static enum path_error check_dot_string(struct slice s, bool lenient)
{
	bool dot = true;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] != '.' && !is_atext(s.p[i]))
			return PATH_LOCAL;
		if (s.p[i] == '.' && dot && !lenient)
			return PATH_LOCAL;
		dot = s.p[i] == '.';
	}
	return s.len == 0 || (dot && !lenient) ? PATH_LOCAL : PATH_FINE;
}

static enum path_error check_local(struct slice s, bool lenient)
{
	enum path_error e;

	e = s.len > 0 && s.p[0] == '"' ? check_quoted(s) : check_dot_string(s, lenient);
	return e == PATH_FINE && s.len > ADDRESS_LOCAL_MAX ? PATH_LOCAL_LONG : e;
}

static enum path_error no_domain(const struct path *p, unsigned flags)
{
	if ((flags & PATH_RECIPIENT) != 0)
		return slice_is(p->local, "postmaster") ? PATH_FINE : PATH_NO_DOMAIN;
	return (flags & PATH_LENIENT) != 0 ? PATH_FINE : PATH_NO_DOMAIN;
}

static enum path_error parse_mailbox(struct slice s, unsigned flags, struct path *out)
{
	bool lenient = (flags & PATH_LENIENT) != 0;
	size_t at = find_outside(s, '@');
	enum path_error e;

	out->local = slice_head(s, at);
	out->domain = slice_from(s, at + 1);
	e = check_local(out->local, lenient);
	if (e != PATH_FINE)
		return e;
	if (lenient && out->domain.len > 1 && out->domain.p[out->domain.len - 1] == '.')
		out->domain.len--;
	out->literal = out->domain.len > 0 && out->domain.p[0] == '[';
	if (at == s.len)
		e = no_domain(out, flags);
	else
		e = out->literal ? check_literal(out->domain) : check_domain(out->domain, lenient);
	out->mailbox = slice_head(s, at < s.len ? at + 1 + out->domain.len : at);
	return e == PATH_FINE && out->mailbox.len > ADDRESS_MAX ? PATH_LONG : e;
}

int path_parse(struct slice arg, unsigned flags, struct path *out, struct slice *rest,
	enum path_error *why)
{
	bool lenient = (flags & PATH_LENIENT) != 0;
	struct slice inside = { NULL, 0 };

	*out = (struct path){ .null = false };
	*why = find_path(arg, lenient, &inside, rest);
	if (*why == PATH_FINE)
		*why = check_octets(inside, flags, &out->utf8);
	if (*why == PATH_FINE && inside.len == 0) {
		out->null = true;
		*why = (flags & PATH_RECIPIENT) != 0 ? PATH_NULL : PATH_FINE;
	} else if (*why == PATH_FINE) {
		*why = skip_route(&inside, lenient);
		if (*why == PATH_FINE)
			*why = parse_mailbox(inside, flags, out);
	}
	return *why == PATH_FINE ? E_OK : E_ARG;
}

struct slice mailbox_domain(struct slice mailbox)
{
	return slice_from(mailbox, find_outside(mailbox, '@') + 1);
}

static bool ends_with(struct slice name, const char *suffix)
{
	struct slice s = slice_str(suffix);

	return name.len > s.len && name.p[name.len - s.len - 1] == '.' &&
		slice_is(slice_from(name, name.len - s.len), suffix);
}

bool mailbox_deliverable_form(struct slice mailbox)
{
	static const char *const inner[] = { "localhost", "localdomain", "invalid" };
	struct slice domain = mailbox_domain(mailbox);
	struct path p = { .null = false };
	bool letter = false;

	if (check_octets(mailbox, PATH_UTF8, &p.utf8) != PATH_FINE)
		return false;
	if (parse_mailbox(mailbox, 0, &p) != PATH_FINE || p.literal || domain.len == 0)
		return false;
	for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
		if (ends_with(domain, inner[i]))
			return false;
	for (size_t i = domain.len; i > 0 && domain.p[i - 1] != '.'; i--)
		letter |= !(domain.p[i - 1] >= '0' && domain.p[i - 1] <= '9');
	return letter && slice_find(domain, '.') < domain.len;
}

bool mailbox_eq(struct slice a, struct slice b)
{
	size_t at_a = find_outside(a, '@'), at_b = find_outside(b, '@');

	return slice_eq(slice_head(a, at_a), slice_head(b, at_b)) && (at_a < a.len) == (at_b < b.len) &&
		slice_eq_nocase(slice_from(a, at_a + 1), slice_from(b, at_b + 1));
}
