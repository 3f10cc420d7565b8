/*
 * slot.h - a console from within: what console.c and input.c share.
 */
#ifndef CONSOLE_SLOT_H
#define CONSOLE_SLOT_H

#include "console/command.h"
#include "console/console.h"

#define CONSOLE_READ_MAX 256 /* bytes taken from the port at a time */

/* X(name, text): what a console is doing. */
#define CONSOLE_STATES(X) \
	X(CONSOLE_READING, "reading") \
	X(CONSOLE_RUNNING, "running") \
	X(CONSOLE_ASKING,  "asking")  /* reading a secret or a text for the command */ \
	X(CONSOLE_OFFERING, "offering") \
	X(CONSOLE_ENDING,  "ending")

#define STATE_ENUM(name, text) name,
/* The states as numbers. */
enum console_state { CONSOLE_STATES(STATE_ENUM) CONSOLE_STATE_COUNT };
#undef STATE_ENUM

/* Their texts. */
extern const char *const console_state_name[CONSOLE_STATE_COUNT];

/* A console in its slot. */
struct console {
	struct port_console *port;
	struct port_console_info info;
	const struct command *command;
	struct command_call call;
	uint8_t state;           /* enum console_state */
	bool ended, quit, prompted, too_long, holds_text, last_cr;
	uint8_t status;
	uint32_t offer_from;
	size_t line_len;
	char line[CONSOLE_LINE_MAX];   /* the command; its words are parts of it */
	char answer[CONSOLE_LINE_MAX]; /* a line that the command asked for */
	uint16_t in_at, in_len;
	char in[CONSOLE_READ_MAX];
	uint16_t out_at, out_len;
	char out[CONSOLE_OUT_MAX];
	char why[COMMAND_WHY_MAX];
};

/* Reads up to the end of a line into c->line, or into c->answer while the command asks; c->line_len
 * is its length, c->too_long says that it was cut. E_OK; E_AGAIN; E_EOF: the input has ended (a
 * rest without a line end counts as a line). */
int input_line(struct console *c);

#endif
