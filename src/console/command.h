/*
 * command.h - what a command is: a row of the one table in gateway/commands.c, which terminal,
 * control socket, UART and scripts share.
 *
 * A handler is called again and again until it is done, each time with CONSOLE_OUT_MAX bytes of
 * room. It keeps its place in call->cursor (zeroed before the first call) and answers
 *   E_OK     done; what it wrote is shown
 *   E_MORE   wrote something, has more
 *   E_AGAIN  waits: for input when call->ask is set, else until call->owner is marked due
 *   others   failed; call->why has the sentence that follows `error: `; what it wrote is shown
 *   before
 */
#ifndef CONSOLE_COMMAND_H
#define CONSOLE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"
#include "base/waiter.h"
#include "port.h"

#define COMMAND_WORDS_MAX 16 /* words of a line, the command's own included */
#define COMMAND_CURSORS 8
#define COMMAND_WHY_MAX 400

/* What a handler waits for. */
enum command_ask { COMMAND_ASK_NOTHING, COMMAND_ASK_SECRET, COMMAND_ASK_TEXT };

/* One call of a command, from its line to its end. */
struct command_call {
	struct slice word[COMMAND_WORDS_MAX]; /* unquoted; word[0] is the command */
	unsigned words;
	struct port_console_info info;
	port_owner owner;                 /* of the console */
	uint32_t cursor[COMMAND_CURSORS]; /* the handler's */
	enum command_ask ask;             /* set by the handler, with E_AGAIN */
	const char *prompt;               /* static; said before a secret is awaited */
	struct slice input;               /* the secret line, or the whole text; once it is there */
	bool answered;                    /* input is there; the handler takes it and clears this */
	bool ended;                       /* the console is gone, or ^C: give back what is held */
	bool quit;                        /* set by the handler: end the console after this */
	bool follows;                     /* set by the handler: ends by a key, or by the next input or
	                                   * end of input of a script; then `ended` */
	struct waiter wait;               /* the handler's place in a waiting list */
	struct fmt why;
};

/* Rights that a command or one of its words needs. */
enum command_rights { COMMAND_ANYBODY, COMMAND_FULL };

/* What a word of a command is, for Tab and `?`. --json is known by the row's `arguments`. */
enum command_takes {
	TAKES_NOTHING,      /* nothing that could be listed */
	TAKES_WORD,         /* one of the row's own: offer() */
	TAKES_COMMAND,      /* the name of a command or section type */
	TAKES_TYPE,         /* a section type */
	TAKES_PATH,         /* SECTION[.OPTION] */
	TAKES_SETTING,      /* SECTION.OPTION=VALUE */
	TAKES_ACCOUNT, TAKES_USER, TAKES_ROUTE /* the name of a section of that type */
};

/* A row of the table. */
struct command {
	const char *name;
	const char *arguments;  /* as in CONFIG.md 3; "" for none */
	const char *help;       /* one line */
	uint8_t least, most;    /* number of words behind the name */
	uint8_t rights;         /* enum command_rights */
	uint8_t takes[2];       /* enum command_takes: what its first two words are */
	int (*run)(struct command_call *call, struct fmt *out);
	/* Word number i (counted from 0) of TAKES_WORD with its help; NULL behind the last. */
	const char *(*offer)(unsigned i, const char **help);
};

/* The table; defined in gateway/commands.c. */
extern const struct command commands[];
extern const unsigned commands_count;

/* Writes the sentence of a failed command and returns `result`. */
int command_fail(struct command_call *call, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Number of the word in `name`(i) = 0 … that a unique prefix means; E_NOENT: none; E_LIMIT:
 * several. An exact match always wins. `name` gives NULL behind the last. */
int command_match(struct slice word, const char *(*name)(unsigned i));

#endif
