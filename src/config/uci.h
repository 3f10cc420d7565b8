/*
 * uci.h - the text form of the configuration: OpenWrt's UCI, read and written without libuci.
 *
 * Reading is by pulling: each call gives the next statement with its line. Words may stand bare, in
 * single quotes (nothing inside is special) or in double quotes (a backslash protects the next
 * byte), and pieces join: 'it'\''s'. A quoted piece may go on over line ends. # begins a comment
 * outside quotes, CR LF ends a line like LF. Statements may be shortened to their first letter, as
 * libuci reads them.
 */
#ifndef CONFIG_UCI_H
#define CONFIG_UCI_H

#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"

#define UCI_NAME_MAX 64   /* bytes of a type's, section's or option's name */
#define UCI_VALUE_MAX 1024 /* bytes of a value */

/* What a statement begins with. */
enum uci_kind { UCI_CONFIG, UCI_OPTION, UCI_LIST };

/* One statement. `package` lines are passed over. */
struct uci_item {
	uint8_t kind;        /* enum uci_kind */
	uint32_t line;       /* on which it begins, from 1 */
	struct slice name;   /* type of a section, or name of an option */
	struct slice value;  /* name of a section (empty: anonymous), or value of an option; unquoted */
};

/* A reader of one text. */
struct uci_reader {
	struct slice text;
	size_t at;
	uint32_t line;
	const char *why;     /* static; of the last error */
	size_t used;         /* of buf */
	uint8_t buf[2 * UCI_NAME_MAX + UCI_VALUE_MAX];
};

/* Starts to read a text, which must live as long as the reader. */
void uci_start(struct uci_reader *r, struct slice text);

/* The next statement; its slices live until the next call. E_OK, E_EOF at the end, or E_ARG with
 * r->why and the line in item->line; nothing more can be read then. */
int uci_next(struct uci_reader *r, struct uci_item *item);

/* Forgets what the reader holds of the text (secrets). */
void uci_end(struct uci_reader *r);

/* Appends a value in single quotes. */
void uci_quote(struct slice value, struct fmt *out);

#endif
