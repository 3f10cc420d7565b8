/*
 * value.h - values of settings between text and field; texts and lists of an instance. For
 * src/config and the commands only.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/table.h"

/* What a secret looks like wherever it may not be seen; given to `import`, it keeps the present
 * one. */
#define VALUE_HIDDEN "<hidden>"
#define VALUE_MAX 512 /* bytes of a value in text */
#define SECTION_NAME_MAX 32 /* bytes of a section's name */

/* Units of sizes and times, largest first; the letter '\0' stands for none. */
struct unit_table {
	struct {
		char letter;
		uint64_t factor;
	} unit[4];
};

/* G, M, K; and d, h, m, s. */
extern const struct unit_table size_units, time_units;

/* An empty instance: no section, gateway and network with defaults. */
void instance_clear(struct settings *s);

/* Copies all that was given of `from` into `to`, which becomes as small as it can be; then
 * instance_fill(). E_OK or E_LIMIT. The two must differ. */
int instance_copy(struct settings *to, const struct settings *from);

/* Gives options that were not given what follows from others: the provider's servers and limits,
 * ports, plain_auth, address and username. E_OK or E_LIMIT (no room for texts). */
int instance_fill(struct settings *s);

/* Adds a text to the arena: its reference, or 0 for an empty text or when there is no room. */
text_ref text_add(struct settings *s, struct slice text);

/* A new section with defaults at the end of its type. Its index, or E_LIMIT with `why`. */
int section_add(struct settings *s, enum section_type type, struct slice name, struct fmt *why);

/* Removes a section; later ones move up. */
void section_remove(struct settings *s, enum section_type type, unsigned index);

/* Whether an option was given. */
bool value_given(const struct setting *row, const struct cfg_section *sec);

/* Back to the default, as if never given. */
void value_unset(struct settings *s, const struct setting *row, struct cfg_section *sec);

/* Gives an option a value; an empty text unsets it; a list gets one element. E_OK; E_ARG with a
 * sentence in `why` that never shows a secret; E_LIMIT (no room). After an error nothing has
 * changed. */
int value_set(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text, struct fmt *why);

/* Adds an element to a list (nothing when it is there already, or empty). As value_set(). */
int value_add(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text, struct fmt *why);

/* Takes an element out of a list. E_OK, E_NOENT, E_LIMIT. */
int value_remove(struct settings *s, const struct setting *row, struct cfg_section *sec,
	struct slice text);

/* The list of a list option. */
struct cfg_list value_list(const struct setting *row, const struct cfg_section *sec);

/* Appends the value as value_set() would read it; of a list its elements with spaces between;
 * nothing when there is none. Secrets are written out: ask first. */
void value_put(const struct settings *s, const struct setting *row,
	const struct cfg_section *sec, struct fmt *out);

/* Whether two instances' values are the same. */
bool value_same(const struct setting *row, const struct settings *a,
	const struct cfg_section *in_a, const struct settings *b, const struct cfg_section *in_b);

/* Reads one value of a kind into `field`, the bytes of the kind's type; texts go to the arena. As
 * value_set(). */
int kind_parse(struct settings *s, const struct setting *row, struct slice text, void *field,
	struct fmt *why);

/* The sentence for a text that is not a value of a row: what is wanted, and the text unless it is
 * secret. */
void kind_explain(const struct setting *row, struct slice text, struct fmt *why);

/* Whether a text may be the name of a section: a-z, 0-9 and _, at most SECTION_NAME_MAX. */
bool section_name_good(struct slice text);

/* Whether a text may be a value of a text kind (or an element of a list of texts). */
bool kind_text_good(uint8_t kind, struct slice text);

#endif
