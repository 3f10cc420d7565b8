/*
 * dispatch.h - from a line of input to a command of the table.
 */
#ifndef CONSOLE_DISPATCH_H
#define CONSOLE_DISPATCH_H

#include "console/command.h"

/* Splits a line into words: blanks part them, '…' and "…" hold them together ('\'' as in UCI), '#'
 * at the start of a word begins a comment. Words are unquoted in place. The number of words; E_ARG:
 * a quote is not closed; E_LIMIT: more than COMMAND_WORDS_MAX. */
int dispatch_split(char *line, size_t len, struct slice word[COMMAND_WORDS_MAX]);

/* The command that call->word[0] means, checked for rights and number of words. E_OK with *out;
 * else an error with the sentence in call->why. */
int dispatch_find(struct command_call *call, const struct command **out);

#endif
