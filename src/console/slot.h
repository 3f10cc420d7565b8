/*
 * slot.h - a console from within: what the files of this room share.
 */
#ifndef CONSOLE_SLOT_H
#define CONSOLE_SLOT_H

#include "console/command.h"
#include "console/console.h"
#include "console/edit.h"
#include "console/pager.h"

#define CONSOLE_READ_MAX 256  /* bytes taken from the port at a time */
#define CONSOLE_FAULTS_MAX 480 /* bytes of a paste's errors, repeated at its end */

/* X(name, text): what a console is doing. */
#define CONSOLE_STATES(X) \
	X(CONSOLE_READING, "reading") \
	X(CONSOLE_STARTING, "starting") /* a line is whole */ \
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
	uint8_t status;
	bool ended, quit, too_long, holds_text, last_cr;
	bool ready;              /* the next command is asked for */
	bool begun;              /* the handler was called */
	uint32_t offer_from;
	size_t line_len;
	char line[CONSOLE_LINE_MAX];   /* the command; its words are parts of it */
	char answer[CONSOLE_LINE_MAX]; /* a line that the command asked for, or words to complete */
	uint16_t in_at, in_len;
	char in[CONSOLE_READ_MAX];
	uint16_t out_at, out_len;
	char out[CONSOLE_OUT_MAX];
	char why[COMMAND_WHY_MAX];
	/* of a person */
	struct edit edit;
	struct history history;
	struct pager pager;
	bool question;           /* the pager's, and no answer yet */
	const char *urgent;      /* static text that is written before all else */
	uint64_t quiet_ms;       /* a paste may be over then; 0: none is on */
	uint16_t lines, faults;  /* of the paste, and how many failed */
	uint16_t faults_len;
	char faults_text[CONSOLE_FAULTS_MAX];
};

/* ---- console.c ---- */

/* The owner of a console. */
port_owner console_owner(const struct console *c);

/* What is left of the output buffer, and taking what was written to it. */
struct fmt console_room(struct console *c);
void console_said(struct console *c, const struct fmt *f);

/* ---- input.c ---- */

/* Reads what there is, up to a full buffer. > 0: bytes came; 0: none, or no room; the end of the
 * input sets c->ended. */
int input_fill(struct console *c);

/* Reads up to the end of a line into c->line, or into c->answer while the command asks; c->line_len
 * is its length, c->too_long says that it was cut. E_OK; E_AGAIN; E_EOF: the input has ended (a
 * rest without a line end counts as a line). For scripts. */
int input_line(struct console *c);

/* ---- work.c: steps as console_step() ---- */

/* Runs the line in c->line. */
int work_start(struct console *c);

/* Calls the handler. */
int work_run(struct console *c);

/* Writes what `?` has to tell. */
int work_offer(struct console *c);

/* The line that the command asked for is in c->answer; `ended`: there is none, the input is
 * over. */
int work_answer(struct console *c, bool ended);

/* Tells the handler that it is over, if it has begun, and goes back to reading. */
void work_cancel(struct console *c);

/* Back to reading, or to the end. */
void work_done(struct console *c);

/* Gives back the text that the command was asking for. */
void work_text_drop(struct console *c);

/* ---- person.c: steps as console_step() ---- */

/* Reads keys for the next command, or for what a command asks. */
int person_read(struct console *c);

/* Whether a paste is under way, and no paging is wanted. */
bool person_pastes(const struct console *c);

/* Takes the pager's question's answer. */
int person_page(struct console *c);

/* Notes the error of the line in hand for the end of the paste; `f` gets its number. */
void person_fault(struct console *c, struct fmt *f);

#endif
