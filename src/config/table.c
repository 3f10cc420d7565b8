/*
 * table.c - settings.def as tables, and how to find things in them.
 */
#include "config/table.h"

#include <string.h>

/* The words of each choice. */
#define WORDS_BEGIN(set) static const char *const words_##set[] = {
#define WORD(id, text) text,
#define WORDS_END(set) };
#define SECTION_BEGIN(type, help)
#define SECTION_END(type)
#define OPTION(section, name, kind, def, lo, hi, flags, help)
#define CHOICE(section, name, set, def, flags, help)
#include "config/settings_rows.h"

#define WORDS_BEGIN(set)
#define WORD(id, text)
#define WORDS_END(set)
#define SECTION_BEGIN(type, help)
#define SECTION_END(type)
#define OPTION(section, name, kind, def, lo, hi, flags, help) \
	{ #name, def, help, NULL, lo, hi, offsetof(struct cfg_##section, name), SECTION_##section, \
		KIND_##kind, PLACE_##section##_##name, flags, 0 },
#define CHOICE(section, name, set, def, flags, help) \
	{ #name, def, help, words_##set, 0, 0, offsetof(struct cfg_##section, name), \
		SECTION_##section, KIND_CHOICE, PLACE_##section##_##name, flags, CFG_##set##_COUNT },
const struct setting settings_table[] = {
#include "config/settings_rows.h"
};
const unsigned settings_count = sizeof settings_table / sizeof settings_table[0];

/* ROW_BEFORE_type is the number of rows before the type's first one. */
#define WORDS_BEGIN(set)
#define WORD(id, text)
#define WORDS_END(set)
#define SECTION_BEGIN(type, help) ROW_BEFORE_##type, ROW_BACK_##type = ROW_BEFORE_##type - 1,
#define SECTION_END(type)
#define OPTION(section, name, kind, def, lo, hi, flags, help) ROW_##section##_##name,
#define CHOICE(section, name, set, def, flags, help) ROW_##section##_##name,
enum settings_row {
#include "config/settings_rows.h"
};

#define WORDS_BEGIN(set)
#define WORD(id, text)
#define WORDS_END(set)
#define SECTION_BEGIN(type, help) [SECTION_##type] = help,
#define SECTION_END(type)
#define OPTION(section, name, kind, def, lo, hi, flags, help)
#define CHOICE(section, name, set, def, flags, help)
static const char *const section_help[SECTION_TYPES] = {
#include "config/settings_rows.h"
};

#define SECTION_INFO(type, most) \
	[SECTION_##type] = { #type, offsetof(struct settings, type), \
		offsetof(struct settings, type##_count), sizeof(struct cfg_##type), most, \
		ROW_BEFORE_##type, PLACE_##type##_COUNT },
const struct section_info settings_sections[SECTION_TYPES] = { SETTINGS_SECTIONS(SECTION_INFO) };

/* Every given bit has its place. */
#define SECTION_FITS(type, most) \
	_Static_assert(PLACE_##type##_COUNT <= 64, "too many options in a section");
SETTINGS_SECTIONS(SECTION_FITS)

#define KIND_TEXT_ROW(kind, type, text) text,
const char *const setting_kind_text[KIND_COUNT] = { SETTINGS_KINDS(KIND_TEXT_ROW) };

const char *section_type_help(enum section_type type)
{
	return section_help[type];
}

const struct setting *setting_at(enum section_type type, unsigned place)
{
	return &settings_table[settings_sections[type].first + place];
}

const struct setting *setting_find(enum section_type type, struct slice name)
{
	const struct section_info *info = &settings_sections[type];

	for (unsigned i = 0; i < info->rows; i++) {
		const struct setting *row = setting_at(type, i);

		if (slice_eq(name, slice_str(row->name)))
			return row;
	}
	return NULL;
}

int section_find(struct slice name)
{
	for (int i = 0; i < SECTION_TYPES; i++)
		if (slice_eq(name, slice_str(settings_sections[i].name)))
			return i;
	return E_NOENT;
}

bool kind_is_list(uint8_t kind)
{
	return kind >= KIND_LIST_IP;
}

bool kind_is_text(uint8_t kind)
{
	return kind <= KIND_PASSWORD;
}

unsigned section_count(const struct settings *s, enum section_type type)
{
	uint16_t n;

	memcpy(&n, (const char *)s + settings_sections[type].count_offset, sizeof n);
	return n;
}

void section_count_set(struct settings *s, enum section_type type, unsigned count)
{
	uint16_t n = (uint16_t)count;

	memcpy((char *)s + settings_sections[type].count_offset, &n, sizeof n);
}

const struct cfg_section *section_of(const struct settings *s, enum section_type type,
	unsigned index)
{
	const struct section_info *info = &settings_sections[type];
	const void *p = (const char *)s + info->offset + (size_t)index * info->size;

	return p;
}

struct cfg_section *section_at(struct settings *s, enum section_type type, unsigned index)
{
	const struct section_info *info = &settings_sections[type];
	void *p = (char *)s + info->offset + (size_t)index * info->size;

	return p;
}

/* @TYPE[N] */
static int by_number(const struct settings *s, struct slice name, enum section_type *type)
{
	size_t at = slice_find(name, '[');
	int t = section_find(slice_head(slice_from(name, 1), at - 1));
	struct slice digits = slice_from(name, at + 1);
	bool back = digits.len > 0 && digits.p[0] == '-';
	uint64_t n, count;

	if (t < 0 || at == name.len || digits.len < 2 || digits.p[digits.len - 1] != ']')
		return E_NOENT;
	digits = slice_from(slice_head(digits, digits.len - 1), back ? 1 : 0);
	count = section_count(s, (enum section_type)t);
	if (slice_u64(digits, UINT16_MAX, &n) != E_OK || (back ? n == 0 || n > count : n >= count))
		return E_NOENT;
	*type = (enum section_type)t;
	return (int)(back ? count - n : n);
}

int section_by_name(const struct settings *s, struct slice name, enum section_type *type)
{
	for (int t = 0; t < SECTION_TYPES; t++) {
		for (unsigned i = 0; i < section_count(s, (enum section_type)t); i++) {
			const struct cfg_section *head = section_of(s, (enum section_type)t, i);

			if (head->name == 0 || !slice_eq(name, settings_slice(s, head->name)))
				continue;
			*type = (enum section_type)t;
			return (int)i;
		}
	}
	return E_NOENT;
}

int section_named(const struct settings *s, struct slice name, enum section_type *type)
{
	int at = name.len == 0 || name.p[0] == '@' ? E_NOENT : section_by_name(s, name, type);

	if (name.len > 0 && name.p[0] == '@')
		return by_number(s, name, type);
	for (int t = SECTION_gateway; t <= SECTION_network && at < 0; t++) {
		if (!slice_eq(name, slice_str(settings_sections[t].name)))
			continue;
		*type = (enum section_type)t;
		at = 0;
	}
	return at;
}

void section_put(const struct settings *s, enum section_type type, unsigned index,
	struct fmt *out)
{
	const struct cfg_section *head = section_of(s, type, index);

	if (head->name != 0)
		fmt_slice(out, settings_slice(s, head->name));
	else if (settings_sections[type].max == 1)
		fmt_str(out, settings_sections[type].name);
	else
		fmt_printf(out, "@%s[%u]", settings_sections[type].name, index);
}

/* ---- the nearest name ---- */

enum { NEAR_MAX = 32 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Number of insertions, deletions, exchanges and swaps of neighbours between two names of at most
 * NEAR_MAX letters (optimal string alignment). */
static unsigned distance(struct slice a, struct slice b)
{
	uint8_t row[3][NEAR_MAX + 1];

	for (unsigned j = 0; j <= b.len; j++)
		row[0][j] = (uint8_t)j;
	for (unsigned i = 1; i <= a.len; i++) {
		uint8_t *now = row[i % 3], *last = row[(i - 1) % 3], *before = row[(i + 1) % 3];

		now[0] = (uint8_t)i;
		for (unsigned j = 1; j <= b.len; j++) {
			uint8_t x = byte_lower(a.p[i - 1]), y = byte_lower(b.p[j - 1]);
			unsigned d = least(least(last[j], now[j - 1]) + 1u, last[j - 1] + (x != y ? 1u : 0u));

			if (i > 1 && j > 1 && x == byte_lower(b.p[j - 2]) && y == byte_lower(a.p[i - 2]))
				d = least(d, before[j - 2] + 1u);
			now[j] = (uint8_t)d;
		}
	}
	return row[a.len % 3][b.len];
}

const char *name_nearest(struct slice wrong, const char *(*name)(unsigned i, const void *arg),
	const void *arg)
{
	const char *best = NULL, *text;
	unsigned best_d = NEAR_MAX;

	if (wrong.len == 0 || wrong.len > NEAR_MAX)
		return NULL;
	for (unsigned i = 0; (text = name(i, arg)) != NULL; i++) {
		struct slice right = slice_str(text);
		unsigned d, longer = (unsigned)(wrong.len > right.len ? wrong.len : right.len);

		if (right.len > NEAR_MAX)
			continue;
		d = distance(wrong, right);
		if (d < best_d && d * 3 <= longer + 1) {
			best = text;
			best_d = d;
		}
	}
	return best;
}

const char *name_of_option(unsigned i, const void *arg)
{
	const struct section_info *info = arg;

	return i < info->rows ? settings_table[info->first + i].name : NULL;
}

const char *name_of_type(unsigned i, const void *arg)
{
	(void)arg;
	return i < SECTION_TYPES ? settings_sections[i].name : NULL;
}

const char *name_of_word(unsigned i, const void *arg)
{
	const struct setting *row = arg;

	return i < row->word_count ? row->words[i] : NULL;
}
