/*
 * value.c - fields of settings by their rows: set, unset, compare, print. A text that is no longer
 * referred to stays in the arena until instance_copy() leaves it behind.
 */
#include "config/value.h"

#include <string.h>

#include "base/addr.h"

#define KIND_SIZE_ROW(kind, type, text) sizeof(cfg_field_##kind),
static const uint8_t kind_size[KIND_COUNT] = { SETTINGS_KINDS(KIND_SIZE_ROW) };

static const void *field_of(const struct setting *row, const struct cfg_section *sec)
{
	return (const char *)sec + row->offset;
}

static void *field_at(const struct setting *row, struct cfg_section *sec)
{
	return (char *)sec + row->offset;
}

static uint64_t bit(const struct setting *row)
{
	return (uint64_t)1 << row->place;
}

text_ref text_add(struct settings *s, struct slice text)
{
	uint32_t at = s->text_len > 0 ? s->text_len : 1;

	if (text.len == 0 || at + text.len + 1 > sizeof s->text)
		return 0;
	s->text[0] = '\0';
	memcpy(s->text + at, text.p, text.len);
	s->text[at + text.len] = '\0';
	s->text_len = at + (uint32_t)text.len + 1;
	return at;
}

bool value_given(const struct setting *row, const struct cfg_section *sec)
{
	return (sec->given & bit(row)) != 0;
}

void value_unset(struct settings *s, const struct setting *row, struct cfg_section *sec)
{
	struct slice def = slice_str(row->def);
	char nowhere[8];
	struct fmt why = fmt_on(nowhere, sizeof nowhere);
	void *field = field_at(row, sec);

	sec->given &= ~bit(row);
	memset(field, row->kind == KIND_BOOL || row->kind == KIND_CHOICE ? CFG_UNSET_WORD : 0,
		kind_size[row->kind]);
	if (def.len > 0 && !kind_is_list(row->kind))
		(void)kind_parse(s, row, def, field, &why);
}

struct cfg_list value_list(const struct setting *row, const struct cfg_section *sec)
{
	struct cfg_list list;

	memcpy(&list, field_of(row, sec), sizeof list);
	return list;
}

static int list_find(const struct settings *s, struct cfg_list list, struct slice text)
{
	for (unsigned i = 0; i < list.count; i++)
		if (slice_eq(settings_slice(s, settings_item(s, list, i)->text), text))
			return (int)i;
	return E_NOENT;
}

/* Makes room for one more element behind a list, moving it to the end of the items if need be. */
static struct cfg_item *list_grow(struct settings *s, struct cfg_list *list)
{
	bool last = list->first + list->count == s->item_count;

	if (s->item_count + (last ? 1u : list->count + 1u) > SETTINGS_ITEMS)
		return NULL;
	if (!last) {
		memcpy(&s->item[s->item_count], &s->item[list->first], list->count * sizeof s->item[0]);
		list->first = s->item_count;
		s->item_count = (uint16_t)(s->item_count + list->count);
	}
	s->item_count++;
	return &s->item[list->first + list->count++];
}

int value_add(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text, struct fmt *why)
{
	struct cfg_list list = value_list(row, sec);
	struct cfg_item item = { 0 }, *place;
	int e;

	if (text.len == 0 || list_find(s, list, text) >= 0)
		return E_OK;
	e = kind_parse(s, row, text, &item, why);
	if (e != E_OK)
		return e;
	place = list_grow(s, &list);
	if (place == NULL) {
		fmt_printf(why, "too many list elements in all, at most %u", (unsigned)SETTINGS_ITEMS);
		return E_LIMIT;
	}
	*place = item;
	memcpy(field_at(row, sec), &list, sizeof list);
	sec->given |= bit(row);
	return E_OK;
}

int value_remove(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text)
{
	struct cfg_list list = value_list(row, sec);
	int at = list_find(s, list, text);

	if (at < 0)
		return E_NOENT;
	for (unsigned i = (unsigned)at; i + 1 < list.count; i++)
		s->item[list.first + i] = s->item[list.first + i + 1];
	list.count--;
	if (list.count == 0)
		sec->given &= ~bit(row);
	memcpy(field_at(row, sec), &list, sizeof list);
	return E_OK;
}

static int list_set(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text, struct fmt *why)
{
	struct cfg_list before = value_list(row, sec), none = { 0, 0 };
	int e;

	memcpy(field_at(row, sec), &none, sizeof none);
	e = value_add(s, row, sec, text, why);
	if (e != E_OK)
		memcpy(field_at(row, sec), &before, sizeof before);
	return e;
}

int value_set(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text, struct fmt *why)
{
	uint64_t aligned[(sizeof(struct cfg_item) + 7) / 8];
	int e;

	if (text.len == 0) {
		value_unset(s, row, sec);
		return E_OK;
	}
	if (kind_is_list(row->kind))
		return list_set(s, row, sec, text, why);
	memcpy(aligned, field_of(row, sec), kind_size[row->kind]);
	e = kind_parse(s, row, text, aligned, why);
	if (e != E_OK)
		return e;
	memcpy(field_at(row, sec), aligned, kind_size[row->kind]);
	sec->given |= bit(row);
	return E_OK;
}

/* ---- printing ---- */

static void put_quantity(uint64_t v, const struct unit_table *t, struct fmt *out)
{
	int i = 0;

	while (i < 3 && (v == 0 || v % t->unit[i].factor != 0))
		i++;
	fmt_u64(out, v / t->unit[i].factor);
	if (t->unit[i].letter != '\0')
		fmt_char(out, t->unit[i].letter);
}

static void put_number(const struct setting *row, const void *field, struct fmt *out)
{
	uint64_t v;

	if (row->kind == KIND_PORT)
		v = *(const uint16_t *)field;
	else if (row->kind == KIND_BOOL)
		v = *(const uint8_t *)field;
	else if (row->kind == KIND_SIZE)
		v = *(const uint64_t *)field;
	else
		v = *(const uint32_t *)field;
	if (row->kind == KIND_SIZE)
		put_quantity(v, &size_units, out);
	else if (row->kind == KIND_DURATION)
		put_quantity(v, &time_units, out);
	else if (row->kind == KIND_DAYS && v == CFG_FOREVER)
		fmt_str(out, "forever");
	else if ((v != 0 || row->lo == 0) && (row->kind != KIND_BOOL || v != CFG_UNSET_WORD))
		fmt_u64(out, v);
}

static void put_net(const struct setting *row, const struct cfg_net *net, struct fmt *out)
{
	static const uint8_t zero[16];
	struct port_addr a = { { 0 }, 0, 0 };

	memcpy(a.ip, net->ip, 16);
	if (row->kind == KIND_BOARD_NET && net->bits == 0) {
		fmt_str(out, "dhcp");
		return;
	}
	if (net->bits == 0 && memcmp(net->ip, zero, 16) == 0 && row->kind != KIND_NET)
		return;
	addr_put(out, &a);
	if (net->bits < 128 || row->kind == KIND_BOARD_NET)
		fmt_printf(out, "/%u", net->bits - (addr_is_v4(&a) ? 96u : 0u));
}

static void put_list(const struct settings *s, struct cfg_list list, struct fmt *out)
{
	for (unsigned i = 0; i < list.count; i++) {
		if (i > 0)
			fmt_char(out, ' ');
		fmt_slice(out, settings_slice(s, settings_item(s, list, i)->text));
	}
}

void value_put(const struct settings *s, const struct setting *row,
	const struct cfg_section *sec, struct fmt *out)
{
	const void *field = field_of(row, sec);
	struct cfg_rate rate;

	if (kind_is_text(row->kind)) {
		fmt_slice(out, settings_slice(s, *(const text_ref *)field));
	} else if (kind_is_list(row->kind)) {
		put_list(s, value_list(row, sec), out);
	} else if (row->kind == KIND_CHOICE) {
		if (*(const uint8_t *)field < row->word_count)
			fmt_str(out, row->words[*(const uint8_t *)field]);
	} else if (row->kind == KIND_RATE) {
		memcpy(&rate, field, sizeof rate);
		for (int i = 0; i < 4 && rate.count != 0; i++)
			if (time_units.unit[i].factor == rate.per_s)
				fmt_printf(out, "%u/%c", rate.count, time_units.unit[i].letter);
	} else if (row->kind == KIND_IP || row->kind == KIND_NET || row->kind == KIND_BOARD_NET) {
		if (row->kind != KIND_NET || value_given(row, sec))
			put_net(row, field, out);
	} else {
		put_number(row, field, out);
	}
}

bool value_same(const struct setting *row, const struct settings *a,
	const struct cfg_section *in_a, const struct settings *b, const struct cfg_section *in_b)
{
	struct cfg_list la, lb;

	if (value_given(row, in_a) != value_given(row, in_b))
		return false;
	if (!value_given(row, in_a))
		return true;
	if (kind_is_text(row->kind))
		return strcmp(settings_text(a, *(const text_ref *)field_of(row, in_a)),
			settings_text(b, *(const text_ref *)field_of(row, in_b))) == 0;
	if (!kind_is_list(row->kind))
		return memcmp(field_of(row, in_a), field_of(row, in_b), kind_size[row->kind]) == 0;
	la = value_list(row, in_a);
	lb = value_list(row, in_b);
	for (unsigned i = 0; la.count == lb.count && i < la.count; i++)
		if (strcmp(settings_text(a, settings_item(a, la, i)->text),
				settings_text(b, settings_item(b, lb, i)->text)) != 0)
			return false;
	return la.count == lb.count;
}

/* ---- the sentence ---- */

static void put_range(const struct setting *row, struct fmt *why)
{
	if (row->kind == KIND_SIZE || row->kind == KIND_DURATION) {
		const struct unit_table *t = row->kind == KIND_SIZE ? &size_units : &time_units;

		fmt_str(why, " from ");
		put_quantity(row->lo, t, why);
		fmt_str(why, " to ");
		put_quantity(row->hi, t, why);
	} else if (row->kind == KIND_NUMBER || row->kind == KIND_DAYS || row->kind == KIND_RATE) {
		fmt_printf(why, " from %llu to %llu", (unsigned long long)row->lo,
			(unsigned long long)row->hi);
	}
}

static bool kind_is_number(uint8_t kind)
{
	return kind == KIND_PORT || kind == KIND_NUMBER || kind == KIND_SIZE || kind == KIND_DURATION ||
		kind == KIND_DAYS || kind == KIND_RATE || kind == KIND_BOOL;
}

void kind_explain(const struct setting *row, struct slice text, struct fmt *why)
{
	const char *near = row->kind == KIND_CHOICE ? name_nearest(text, name_of_word, row) : NULL;

	fmt_printf(why, "%s wants ", row->name);
	for (uint8_t i = 0; i < row->word_count; i++)
		fmt_printf(why, "%s%s", i == 0 ? "" : i + 1 < row->word_count ? ", " : " or ",
			row->words[i]);
	if (row->word_count == 0)
		fmt_str(why, setting_kind_text[row->kind]);
	put_range(row, why);
	if ((kind_is_text(row->kind) || kind_is_list(row->kind)) && text.len > row->hi)
		fmt_printf(why, " of at most %u bytes", (unsigned)row->hi);
	if ((row->flags & SETTING_SECRET) != 0) {
		if (slice_eq(text, slice_str(VALUE_HIDDEN)))
			fmt_str(why, ", not the mark of a hidden one");
		else
			fmt_str(why, " without control characters");
		return;
	}
	/* A word where a number belongs may be a password that was put in the wrong place. */
	if (kind_is_number(row->kind) && (text.len == 0 || text.p[0] < '0' || text.p[0] > '9'))
		return;
	fmt_str(why, ", not '");
	fmt_clean(why, text, 60);
	fmt_str(why, "'");
	if (near != NULL)
		fmt_printf(why, "; did you mean '%s'?", near);
}
