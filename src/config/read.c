/*
 * read.c - from UCI text to an instance: every statement finds its section or row, and every
 * mistake is told with its line and the nearest known name.
 */
#include <string.h>

#include "config/store.h"
#include "config/uci.h"
#include "config/value.h"

struct reading {
	struct settings *s;
	struct uci_reader uci;
	const struct settings *keep; /* has the secrets behind <hidden>, or NULL */
	const char *file;
	struct settings_error *err;
	int type, index;     /* section at hand; type -1 before the first */
};

static struct reading reading;

/* Starts the sentence of an error at a line. */
static struct fmt complain(struct reading *r, uint32_t line)
{
	struct fmt f = fmt_on(r->err->text, sizeof r->err->text - 1);

	r->err->line = line;
	fmt_clean(&f, slice_str(r->file), 160);
	fmt_printf(&f, ":%u: ", (unsigned)line);
	return f;
}

static int complained(struct fmt *f)
{
	fmt_cstr(f);
	return E_ARG;
}

static void put_hint(struct fmt *f, const char *near)
{
	if (near != NULL)
		fmt_printf(f, "; did you mean '%s'?", near);
}

static int name_refused(struct reading *r, const struct uci_item *item, const char *why)
{
	struct fmt f = complain(r, item->line);

	fmt_clean(&f, item->name, 40);
	fmt_str(&f, " '");
	fmt_clean(&f, item->value, 40);
	fmt_printf(&f, "': %s", why);
	return complained(&f);
}

static int section_begin(struct reading *r, const struct uci_item *item)
{
	int type = section_find(item->name);
	bool single = type >= 0 && settings_sections[type].max == 1;
	enum section_type other;
	char text[200];
	struct fmt why = fmt_on(text, sizeof text - 1), f;

	if (type < 0) {
		f = complain(r, item->line);
		fmt_str(&f, "unknown section type '");
		fmt_clean(&f, item->name, 40);
		fmt_str(&f, "'");
		put_hint(&f, name_nearest(item->name, name_of_type, NULL));
		return complained(&f);
	}
	if (type == SECTION_route && item->value.len > 0)
		return name_refused(r, item, "routes have no names; write `config route`");
	if (type != SECTION_route && !single && item->value.len == 0)
		return name_refused(r, item, "the section needs a name");
	if (item->value.len > 0 && !section_name_good(item->value))
		return name_refused(r, item, "a section's name has at most 32 of a-z, 0-9 and _");
	if (item->value.len > 0 && section_by_name(r->s, item->value, &other) >= 0)
		return name_refused(r, item, "the name is used twice");
	r->type = type;
	r->index = section_add(r->s, (enum section_type)type, item->value, &why);
	if (r->index < 0)
		return name_refused(r, item, fmt_cstr(&why));
	return E_OK;
}

/* "unknown option 'smtp_prt' in account 'office'; did you mean 'smtp_port'?" */
static int option_unknown(struct reading *r, const struct uci_item *item)
{
	const struct section_info *info = &settings_sections[r->type];
	struct fmt f = complain(r, item->line);

	fmt_str(&f, "unknown option '");
	fmt_clean(&f, item->name, 40);
	fmt_printf(&f, "' in %s '", info->name);
	section_put(r->s, (enum section_type)r->type, (unsigned)r->index, &f);
	fmt_str(&f, "'");
	put_hint(&f, name_nearest(item->name, name_of_option, info));
	return complained(&f);
}

/* A secret that the text hides: the present one of the same section. */
static int secret_kept(struct reading *r, const struct setting *row, struct cfg_section *sec,
	struct fmt *why)
{
	enum section_type type;
	char text[VALUE_MAX];
	struct fmt f = fmt_on(text, sizeof text);
	int at = section_by_name(r->keep, settings_slice(r->s, sec->name), &type), e;

	if (sec->name == 0 && settings_sections[r->type].max == 1) {
		type = (enum section_type)r->type;
		at = 0;
	}
	if (at >= 0 && type == (enum section_type)r->type &&
			value_given(row, section_of(r->keep, type, (unsigned)at)))
		value_put(r->keep, row, section_of(r->keep, type, (unsigned)at), &f);
	if (f.len == 0)
		return fmt_printf(why, "%s is hidden, and there is none to keep", row->name), E_ARG;
	e = value_set(r->s, row, sec, fmt_result(&f), why);
	mem_wipe(text, sizeof text);
	return e;
}

static int option_read(struct reading *r, const struct uci_item *item)
{
	const struct setting *row;
	struct cfg_section *sec;
	char text[320];
	struct fmt why = fmt_on(text, sizeof text - 1), f;
	int e = E_ARG;

	if (r->type < 0) {
		f = complain(r, item->line);
		fmt_str(&f, "an option before the first section; begin with `config gateway 'main'`");
		return complained(&f);
	}
	row = setting_find((enum section_type)r->type, item->name);
	if (row == NULL)
		return option_unknown(r, item);
	sec = section_at(r->s, (enum section_type)r->type, (unsigned)r->index);
	if (item->kind == UCI_LIST && !kind_is_list(row->kind))
		fmt_printf(&why, "%s has one value; write `option %s`", row->name, row->name);
	else if (item->kind == UCI_OPTION && item->value.len > 0 && value_given(row, sec))
		fmt_printf(&why, "%s is given twice%s", row->name,
			kind_is_list(row->kind) ? "; write `list` for each value" : "");
	else if (kind_is_list(row->kind))
		e = value_add(r->s, row, sec, item->value, &why);
	else if (r->keep != NULL && row->kind == KIND_PASSWORD &&
			slice_eq(item->value, slice_str(VALUE_HIDDEN)))
		e = secret_kept(r, row, sec, &why);
	else if (item->value.len > 0)
		e = value_set(r->s, row, sec, item->value, &why);
	else
		e = E_OK;
	if (e == E_OK)
		return E_OK;
	f = complain(r, item->line);
	fmt_printf(&f, "%s '", settings_sections[r->type].name);
	section_put(r->s, (enum section_type)r->type, (unsigned)r->index, &f);
	fmt_printf(&f, "': %s", fmt_cstr(&why));
	return complained(&f);
}

int settings_read(struct settings *s, struct slice text, const struct settings *keep,
	const char *file, struct settings_error *err)
{
	struct reading *r = &reading;
	struct uci_item item;
	int e;

	memset(err, 0, sizeof *err);
	r->s = s;
	r->keep = keep;
	r->file = file;
	r->err = err;
	r->type = r->index = -1;
	instance_clear(s);
	uci_start(&r->uci, text);
	for (;;) {
		e = uci_next(&r->uci, &item);
		if (e != E_OK)
			break;
		e = item.kind == UCI_CONFIG ? section_begin(r, &item) : option_read(r, &item);
		if (e != E_OK)
			break;
	}
	if (e == E_ARG && err->text[0] == '\0') {
		struct fmt f = complain(r, item.line);

		fmt_str(&f, r->uci.why);
		fmt_cstr(&f);
	}
	uci_end(&r->uci);
	return e == E_EOF ? E_OK : E_ARG;
}

uint32_t settings_line(struct slice text, const struct fault *at)
{
	struct uci_reader *uci = &reading.uci;
	struct uci_item item;
	int index = -1;
	unsigned elements = 0;
	uint32_t line = 0;
	bool inside = false;

	uci_start(uci, text);
	while (at->type >= 0 && uci_next(uci, &item) == E_OK) {
		if (item.kind == UCI_CONFIG) {
			if (inside)
				break;
			if (section_find(item.name) == at->type)
				index++;
			inside = index == at->index && section_find(item.name) == at->type;
			line = inside ? item.line : line;
		} else if (inside && at->row != NULL && slice_eq(item.name, slice_str(at->row->name)) &&
				item.value.len > 0) {
			line = item.line;
			if (elements++ == at->element)
				break;
		}
	}
	uci_end(uci);
	return line;
}
