/*
 * write.c - a configuration as text, a line a call: as UCI, or as the commands that turn one into
 * another. Only what was given is written.
 */
#include <string.h>

#include "config/candidate.h"
#include "config/store.h"
#include "config/uci.h"
#include "config/value.h"

/* Appends a value in quotes: element `item` of a list, or the whole of anything else. */
static void put_value(const struct settings *s, const struct setting *row,
	const struct cfg_section *sec, unsigned item, bool secrets, struct fmt *out)
{
	char text[VALUE_MAX];
	struct fmt f = fmt_on(text, sizeof text);

	if (kind_is_list(row->kind))
		fmt_slice(&f, settings_slice(s, settings_item(s, value_list(row, sec), item)->text));
	else if ((row->flags & SETTING_SECRET) != 0 && !secrets)
		fmt_str(&f, VALUE_HIDDEN);
	else
		value_put(s, row, sec, &f);
	uci_quote(fmt_result(&f), out);
	mem_wipe(text, sizeof text);
}

static bool first_section(const struct settings *s, const struct cfg_cursor *at)
{
	for (unsigned t = 0; t < at->type; t++)
		if (section_count(s, (enum section_type)t) > 0)
			return false;
	return at->index == 0;
}

/* On to the next section (`whole`), option or element. */
static void advance(struct cfg_cursor *at, bool whole)
{
	at->item = 0;
	at->place = whole ? 0 : at->place + 1;
	at->index += whole ? 1 : 0;
	at->phase = whole ? 0 : at->phase;
}

static void write_header(const struct settings *s, const struct cfg_cursor *at, struct fmt *out)
{
	const struct cfg_section *sec = section_of(s, (enum section_type)at->type, at->index);

	fmt_printf(out, "%sconfig %s", first_section(s, at) ? "" : "\n",
		settings_sections[at->type].name);
	if (sec->name != 0) {
		fmt_char(out, ' ');
		uci_quote(settings_slice(s, sec->name), out);
	}
	fmt_char(out, '\n');
}

int settings_write(const struct settings *s, struct cfg_cursor *at, bool secrets, struct fmt *out)
{
	for (; at->type < SECTION_TYPES; at->type++, at->index = 0) {
		enum section_type type = (enum section_type)at->type;

		for (; at->index < section_count(s, type); advance(at, true)) {
			const struct cfg_section *sec = section_of(s, type, at->index);

			if (at->phase == 0) {
				write_header(s, at, out);
				at->phase = 1;
				return E_MORE;
			}
			for (; at->place < settings_sections[type].rows; advance(at, false)) {
				const struct setting *row = setting_at(type, at->place);
				bool list = kind_is_list(row->kind);
				unsigned n = !value_given(row, sec) ? 0 : list ? value_list(row, sec).count : 1;

				if (at->item >= n)
					continue;
				fmt_printf(out, "\t%s %s ", list ? "list" : "option", row->name);
				put_value(s, row, sec, at->item++, secrets, out);
				fmt_char(out, '\n');
				return E_MORE;
			}
		}
	}
	return E_OK;
}

/* ---- what the candidate changes ---- */

enum { PHASE_OLD, PHASE_NEW, PHASE_END };

/* The section of `other` that a section of `s` is there: routes by number, others by name.
 * E_NOENT. */
static int counterpart(const struct settings *s, const struct settings *other,
	enum section_type type, unsigned index)
{
	const struct cfg_section *sec = section_of(s, type, index);
	enum section_type found;
	int at;

	if (sec->name == 0)
		return index < section_count(other, type) && section_of(other, type, index)->name == 0 ?
			(int)index : E_NOENT;
	at = section_by_name(other, settings_slice(s, sec->name), &found);
	return at >= 0 && found == type ? at : E_NOENT;
}

static bool list_has_text(const struct settings *s, struct cfg_list list, const char *text)
{
	for (unsigned i = 0; i < list.count; i++)
		if (strcmp(settings_text(s, settings_item(s, list, i)->text), text) == 0)
			return true;
	return false;
}

static void put_path(const struct settings *s, const char *command, enum section_type type,
	unsigned index, const struct setting *row, struct fmt *out)
{
	fmt_printf(out, "%s ", command);
	section_put(s, type, index, out);
	fmt_printf(out, ".%s", row->name);
}

/* One line of a list's difference: what is gone, then what is new; from element at->item on. */
static bool list_change(const struct settings *was, int old, const struct settings *now,
	unsigned index, const struct setting *row, struct cfg_cursor *at, struct fmt *out)
{
	enum section_type type = (enum section_type)row->section;
	struct cfg_list gone = { 0, 0 }, here = value_list(row, section_of(now, type, index));

	if (old >= 0)
		gone = value_list(row, section_of(was, type, (unsigned)old));
	while (at->item < (unsigned)gone.count + here.count) {
		unsigned i = at->item++;
		bool drop = i < gone.count;
		const struct settings *s = drop ? was : now;
		const char *text = settings_text(s, settings_item(s, drop ? gone : here,
			drop ? i : i - gone.count)->text);

		if (list_has_text(drop ? now : was, drop ? here : gone, text))
			continue;
		put_path(now, drop ? "del_list" : "add_list", type, index, row, out);
		fmt_char(out, '=');
		uci_quote(slice_str(text), out);
		fmt_char(out, '\n');
		return true;
	}
	return false;
}

/* One line of an option's difference; false when there is none (any more). */
static bool option_change(const struct settings *was, int old, const struct settings *now,
	unsigned index, const struct setting *row, struct cfg_cursor *at, struct fmt *out)
{
	enum section_type type = (enum section_type)row->section;
	const struct cfg_section *sec = section_of(now, type, index);

	if (old >= 0 && value_same(row, was, section_of(was, type, (unsigned)old), now, sec))
		return false;
	if (kind_is_list(row->kind))
		return list_change(was, old, now, index, row, at, out);
	if (at->item++ > 0 || (old < 0 && !value_given(row, sec)))
		return false;
	put_path(now, value_given(row, sec) ? "set" : "delete", type, index, row, out);
	if (value_given(row, sec)) {
		fmt_char(out, '=');
		put_value(now, row, sec, 0, false, out);
	}
	fmt_char(out, '\n');
	return true;
}

static void put_add(const struct settings *s, enum section_type type, unsigned index,
	struct fmt *out)
{
	fmt_printf(out, "add %s ", settings_sections[type].name);
	fmt_slice(out, settings_slice(s, section_of(s, type, index)->name));
	fmt_char(out, '\n');
}

/* Sections that are gone, the last one first, so that numbers stay right. */
static bool section_gone(const struct settings *was, const struct settings *now,
	const struct cfg_cursor *at, struct fmt *out)
{
	enum section_type type = (enum section_type)at->type;
	unsigned index = section_count(was, type) - 1 - at->index;

	if (counterpart(was, now, type, index) >= 0)
		return false;
	fmt_str(out, "delete ");
	section_put(was, type, index, out);
	fmt_char(out, '\n');
	return true;
}

/* One line of what is new or different in a section of the candidate. */
static bool section_change(const struct settings *was, const struct settings *now,
	struct cfg_cursor *at, struct fmt *out)
{
	enum section_type type = (enum section_type)at->type;
	int old = counterpart(now, was, type, at->index);

	if (old < 0 && at->place == 0 && at->item == 0) {
		at->item = 1;
		put_add(now, type, at->index, out);
		return true;
	}
	if (old < 0 && at->place == 0) {
		at->place = 1;
		at->item = 0;
	}
	for (; at->place <= settings_sections[type].rows; advance(at, false))
		if (at->place > 0 && option_change(was, old, now, at->index,
				setting_at(type, at->place - 1), at, out))
			return true;
	return false;
}

int candidate_changes(struct cfg_cursor *at, struct fmt *out)
{
	const struct settings *was = settings_running(), *now = candidate_view();

	for (; at->phase < PHASE_END && was != now; at->phase++, at->type = 0) {
		const struct settings *s = at->phase == PHASE_OLD ? was : now;

		for (; at->type < SECTION_TYPES; at->type++, at->index = at->place = at->item = 0) {
			for (; at->index < section_count(s, (enum section_type)at->type);
					at->index++, at->place = at->item = 0) {
				if (at->phase == PHASE_OLD ? at->item++ == 0 && section_gone(was, now, at, out) :
						section_change(was, now, at, out))
					return E_MORE;
			}
		}
	}
	return E_OK;
}
