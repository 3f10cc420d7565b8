/*
 * candidate.c - the configuration under edit. It begins as a copy of the running one and is a whole
 * instance, so that what is shown, written and validated is the same code for both.
 */
#include "config/candidate.h"

#include <string.h>

#include "config/store.h"
#include "config/value.h"

static struct {
	bool exists;
	uint32_t base;        /* generation of the running one that it began from */
} edit;

const struct settings *candidate_view(void)
{
	return edit.exists ? settings_candidate() : settings_running();
}

bool candidate_exists(void)
{
	return edit.exists;
}

void candidate_drop(void)
{
	if (edit.exists)
		instance_clear(settings_candidate());
	edit.exists = false;
}

uint32_t candidate_base(void)
{
	return edit.base;
}

void candidate_rebase(void)
{
	edit.base = settings_generation();
}

/* ---- finding ---- */

/* Names of the sections of an instance, for name_nearest(). */
static const char *name_of_section(unsigned i, const void *arg)
{
	const struct settings *s = arg;

	for (int t = 0; t < SECTION_TYPES; t++) {
		unsigned n = section_count(s, (enum section_type)t);

		if (i < n)
			return settings_text(s, section_of(s, (enum section_type)t, i)->name);
		i -= n;
	}
	return NULL;
}

static int no_section(const struct settings *s, struct slice name, struct fmt *why)
{
	const char *near = name_nearest(name, name_of_section, s);

	fmt_str(why, "there is no section '");
	fmt_clean(why, name, 40);
	fmt_str(why, "'");
	if (near != NULL && near[0] != '\0')
		fmt_printf(why, "; did you mean '%s'?", near);
	return E_NOENT;
}

int candidate_find(const struct settings *s, struct slice path, struct cfg_path *out,
	struct fmt *why)
{
	size_t dot = slice_find(path, '.');
	struct slice option = slice_from(path, dot + 1);
	const char *near;
	int at = section_named(s, slice_head(path, dot), &out->type);

	if (at < 0)
		return no_section(s, slice_head(path, dot), why);
	out->index = (unsigned)at;
	out->row = dot < path.len ? setting_find(out->type, option) : NULL;
	if (dot == path.len || out->row != NULL)
		return E_OK;
	near = name_nearest(option, name_of_option, &settings_sections[out->type]);
	fmt_str(why, "unknown option '");
	fmt_clean(why, option, 40);
	fmt_printf(why, "' in %s '", settings_sections[out->type].name);
	section_put(s, out->type, out->index, why);
	fmt_str(why, "'");
	if (near != NULL)
		fmt_printf(why, "; did you mean '%s'?", near);
	return E_NOENT;
}

/* ---- editing ---- */

/* Makes the candidate if there is none. True: it was made now. */
static bool begin(void)
{
	if (edit.exists)
		return false;
	(void)instance_copy(settings_candidate(), settings_running());
	edit.exists = true;
	candidate_rebase();
	return true;
}

/* An edit that failed leaves no candidate behind that it had to make. */
static int finish(bool fresh, int e)
{
	if (e != E_OK && fresh)
		candidate_drop();
	return e;
}

/* Leaves behind the texts and elements that nothing refers to any more. */
static void compact(void)
{
	if (instance_copy(settings_spare(), settings_candidate()) == E_OK)
		(void)instance_copy(settings_candidate(), settings_spare());
	instance_clear(settings_spare());
}

typedef int value_change(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text, struct fmt *why);

static int remove_element(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text, struct fmt *why)
{
	int e = value_remove(s, row, sec, text);

	if (e == E_NOENT)
		fmt_printf(why, "%s has no such element", row->name);
	return e;
}

/* A secret given here takes the place of one in a file, and the other way round. */
static void exclude_other(struct settings *s, const struct setting *row, struct cfg_section *sec)
{
	enum section_type type = (enum section_type)row->section;

	if (row->kind == KIND_PASSWORD)
		value_unset(s, setting_at(type, row->place + 1u), sec);
	else if (row->place > 0 && setting_at(type, row->place - 1u)->kind == KIND_PASSWORD)
		value_unset(s, setting_at(type, row->place - 1u), sec);
}

static int change_once(const struct cfg_path *p, struct slice value, value_change *change,
	struct fmt *why)
{
	struct settings *s = settings_candidate();
	struct cfg_section *sec = section_at(s, p->type, p->index);
	int e = change(s, p->row, sec, value, why);

	if (e == E_OK && value.len > 0)
		exclude_other(s, p->row, sec);
	return e == E_OK ? instance_fill(s) : e;
}

/* `gateway.hostname` of a configuration without such a section makes one. */
static int single_begin(const struct cfg_path *p, struct fmt *why)
{
	struct settings *s = settings_candidate();
	int e;

	if (settings_sections[p->type].max > 1 || section_count(s, p->type) > 0)
		return E_OK;
	e = section_add(s, p->type, slice_str(p->type == SECTION_gateway ? "main" : "network"), why);
	return e < 0 ? e : E_OK;
}

static int change_path(struct slice path, struct slice value, bool list, value_change *change,
	struct fmt *why)
{
	bool fresh = begin();
	struct cfg_path p;
	int e = candidate_find(settings_candidate(), path, &p, why);

	if (e == E_OK && p.row == NULL) {
		fmt_str(why, "that is a section; name an option as SECTION.OPTION");
		e = E_ARG;
	}
	if (e == E_OK && list && !kind_is_list(p.row->kind)) {
		fmt_printf(why, "%s has one value; use set", p.row->name);
		e = E_ARG;
	}
	if (e == E_OK)
		e = single_begin(&p, why);
	if (e == E_OK)
		e = change_once(&p, value, change, why);
	if (e == E_LIMIT) {
		why->len = 0;
		why->over = false;
		compact();
		e = change_once(&p, value, change, why);
	}
	return finish(fresh, e);
}

int candidate_set(struct slice path, struct slice value, struct fmt *why)
{
	return change_path(path, value, false, value_set, why);
}

int candidate_add_list(struct slice path, struct slice value, struct fmt *why)
{
	return change_path(path, value, true, value_add, why);
}

int candidate_del_list(struct slice path, struct slice value, struct fmt *why)
{
	return change_path(path, value, true, remove_element, why);
}

/* ---- sections ---- */

static int name_check(int type, struct slice name, struct fmt *why)
{
	enum section_type other;

	if (type == SECTION_route && name.len > 0)
		fmt_str(why, "routes have no names; they are @route[0], @route[1] in their order");
	else if (type != SECTION_route && settings_sections[type].max > 1 && name.len == 0)
		fmt_printf(why, "a %s needs a name", settings_sections[type].name);
	else if (name.len > 0 && !section_name_good(name))
		fmt_str(why, "a section's name has at most 32 of a-z, 0-9 and _");
	else if (name.len > 0 && section_by_name(settings_candidate(), name, &other) >= 0)
		fmt_printf(why, "the name is that of a %s already", settings_sections[other].name);
	else
		return E_OK;
	return E_ARG;
}

int candidate_add(struct slice type, struct slice name, struct fmt *why)
{
	int t = section_find(type), e;
	bool fresh;

	if (t < 0) {
		const char *near = name_nearest(type, name_of_type, NULL);

		fmt_str(why, "unknown section type '");
		fmt_clean(why, type, 40);
		fmt_printf(why, "'%s%s%s", near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
			near != NULL ? "'?" : "");
		return E_ARG;
	}
	fresh = begin();
	if (settings_sections[t].max == 1 && name.len == 0)
		name = slice_str(t == SECTION_gateway ? "main" : "network");
	e = name_check(t, name, why);
	if (e == E_OK)
		e = section_add(settings_candidate(), (enum section_type)t, name, why);
	if (e >= 0)
		e = instance_fill(settings_candidate());
	return finish(fresh, e);
}

int candidate_delete(struct slice path, struct fmt *why)
{
	bool fresh = begin();
	struct settings *s = settings_candidate();
	struct cfg_path p;
	int e = candidate_find(s, path, &p, why);

	if (e == E_OK && p.row == NULL && section_count(s, p.type) == 0) {
		fmt_printf(why, "there is no %s section", settings_sections[p.type].name);
		e = E_NOENT;
	}
	if (e == E_OK && p.row != NULL)
		value_unset(s, p.row, section_at(s, p.type, p.index));
	else if (e == E_OK)
		section_remove(s, p.type, p.index);
	if (e == E_OK)
		e = instance_fill(s);
	return finish(fresh, e);
}

int candidate_move(struct slice path, unsigned to, struct fmt *why)
{
	bool fresh = begin();
	struct settings *s = settings_candidate();
	struct cfg_path p;
	int e = candidate_find(s, path, &p, why);

	if (e == E_OK && (p.type != SECTION_route || p.row != NULL)) {
		fmt_str(why, "only routes have an order; name one as @route[N]");
		e = E_ARG;
	}
	if (e == E_OK && to >= s->route_count) {
		fmt_printf(why, "there are %u routes, so the last place is %u", (unsigned)s->route_count,
			s->route_count - 1u);
		e = E_ARG;
	}
	if (e == E_OK) {
		struct cfg_route moved = s->route[p.index];

		for (unsigned i = p.index; i < to; i++)
			s->route[i] = s->route[i + 1];
		for (unsigned i = p.index; i > to; i--)
			s->route[i] = s->route[i - 1];
		s->route[to] = moved;
	}
	return finish(fresh, e);
}

int candidate_import(struct slice text, struct fmt *why)
{
	struct settings_error err;
	int e = settings_read(settings_spare(), text, candidate_view(), "import", &err);

	if (e == E_OK)
		e = instance_copy(settings_candidate(), settings_spare());
	else
		fmt_str(why, err.text);
	if (e == E_OK && !edit.exists)
		candidate_rebase();
	edit.exists = edit.exists || e == E_OK;
	instance_clear(settings_spare());
	return e;
}
