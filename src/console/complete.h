/*
 * complete.h - what may stand at the end of a beginning of a line: for Tab and for `?`. Everything
 * comes from the one command table and the settings' table.
 */
#ifndef CONSOLE_COMPLETE_H
#define CONSOLE_COMPLETE_H

#include "console/command.h"

#define COMPLETE_LINE 500 /* room in which complete_list() says something, or E_MORE */

/* The beginning of a line, its words unquoted; the last one, perhaps empty, is open. */
struct complete {
	struct slice *word;
	unsigned words;
};

/* Splits the first `len` bytes of a line into at most COMMAND_WORDS_MAX words, which then lie in
 * `copy` (of `len` bytes). E_OK; E_ARG (an open quote), E_LIMIT (too many words). */
int complete_begin(struct complete *q, const char *text, size_t len, char *copy,
	struct slice *word);

/* Whether `?` behind these bytes asks for help; else it is a letter of a value, quote or comment.
 * In a value it asks only where no value can begin with it. */
bool complete_wants_help(struct slice text);

/* What every continuation has in common, appended to `out`, with a blank behind the only one that
 * is complete. The number of continuations. */
unsigned complete_common(const struct complete *q, struct fmt *out);

/* The continuations with what they mean, one a line, from number *from on; where there are none,
 * what is wanted there. E_OK when that was all; E_MORE when the room did not do: again, with *from
 * as it was left. */
int complete_list(const struct complete *q, uint32_t *from, struct fmt *out);

#endif
