/*
 * table.h - settings.def as data: what parser, editor, writer, help and show walk. For src/config
 * and the commands only; others use the structs.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include "config/settings.h"

/* One setting. */
struct setting {
	const char *name, *def, *help;
	const char *const *words;   /* of a CHOICE, else NULL */
	uint64_t lo, hi;
	uint16_t offset;            /* of the field in the struct of its section */
	uint8_t section;            /* enum section_type */
	uint8_t kind;               /* enum setting_kind */
	uint8_t place;              /* number within its section; the bit in cfg_section.given */
	uint8_t flags;              /* SETTING_ bits */
	uint8_t word_count;
};

/* One section type. */
struct section_info {
	const char *name;
	uint32_t offset, count_offset; /* of array and count in struct settings */
	uint16_t size, max;            /* of one struct, and how many there may be */
	uint16_t first, rows;          /* its rows in settings_table[] */
};

/* All rows, and their number; section types by enum section_type. */
extern const struct setting settings_table[];
extern const unsigned settings_count;
extern const struct section_info settings_sections[SECTION_TYPES];

/* One line on what a section type is. */
const char *section_type_help(enum section_type type);

/* What a value of a kind looks like. */
extern const char *const setting_kind_text[KIND_COUNT];

/* Place of each option in its section: PLACE_account_smtp_tls and so on. */
#define WORDS_BEGIN(set)
#define WORD(id, text)
#define WORDS_END(set)
#define SECTION_BEGIN(type, help) enum place_##type {
#define SECTION_END(type) PLACE_##type##_COUNT };
#define OPTION(section, name, kind, def, lo, hi, flags, help) PLACE_##section##_##name,
#define CHOICE(section, name, set, def, flags, help) PLACE_##section##_##name,
#include "config/settings_rows.h"

/* The row of an option of a section type by its place. */
const struct setting *setting_at(enum section_type type, unsigned place);

/* The row of an option by name, or NULL. */
const struct setting *setting_find(enum section_type type, struct slice name);

/* The number of a section type by name, or E_NOENT. */
int section_find(struct slice name);

/* Whether a kind is a list. */
bool kind_is_list(uint8_t kind);

/* Whether fields of a kind hold one text_ref. */
bool kind_is_text(uint8_t kind);

/* Number of sections of a type in an instance. */
unsigned section_count(const struct settings *s, enum section_type type);

/* Section `index` of a type; its first member is a struct cfg_section. */
struct cfg_section *section_at(struct settings *s, enum section_type type, unsigned index);
const struct cfg_section *section_of(const struct settings *s, enum section_type type,
	unsigned index);

/* Changes the number of sections of a type. */
void section_count_set(struct settings *s, enum section_type type, unsigned count);

/* The section with exactly this name: its type in *type and its index, or E_NOENT. */
int section_by_name(const struct settings *s, struct slice name, enum section_type *type);

/* The section with a name, or with the form @TYPE[N] (N from 0, or from -1 backwards): its type in
 * *type and its index. `gateway` and `network` are also found by their type. E_NOENT. */
int section_named(const struct settings *s, struct slice name, enum section_type *type);

/* Appends what a section is called: its name, or @route[N]. */
void section_put(const struct settings *s, enum section_type type, unsigned index,
	struct fmt *out);

/* The nearest of the names that `name`(i, arg) gives for i = 0 … until NULL: at most a third of its
 * letters differ (insertions, deletions, exchanges, swaps of neighbours). NULL: none is near. */
const char *name_nearest(struct slice wrong, const char *(*name)(unsigned i, const void *arg),
	const void *arg);

/* name_nearest() over the options of a section type (arg: its struct section_info), over the
 * section types (arg NULL), and over the words of a choice (arg: its struct setting). */
const char *name_of_option(unsigned i, const void *arg);
const char *name_of_type(unsigned i, const void *arg);
const char *name_of_word(unsigned i, const void *arg);

#endif
