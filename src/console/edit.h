/*
 * edit.h - the line editor: bytes of a person in, a line and the bytes that show it out. No I/O.
 *
 * It works on one row, which scrolls sideways, with nothing but text, backspaces and blanks, so
 * that a terminal without escapes does as well. Bytes change the line only; edit_draw() then brings
 * the row up to date, and is called when no input is pending: a paste is not redrawn byte by byte.
 */
#ifndef CONSOLE_EDIT_H
#define CONSOLE_EDIT_H

#include "base/fmt.h"
#include "console/history.h"

#define EDIT_LINE_MAX 1024  /* bytes of a line; of a longer one nothing is run */
#define EDIT_DRAW_MAX 1900  /* bytes that edit_draw() or edit_leave() write at most */
#define EDIT_PARAMS 3

/* What a line is. */
enum edit_mode {
	EDIT_COMMAND,  /* with history, Tab and `?` */
	EDIT_TEXT,     /* without them */
	EDIT_SECRET    /* nothing of it is shown */
};

/* What a byte has led to. */
enum edit_event {
	EDIT_NOTHING,
	EDIT_LINE,       /* the line is whole; edit_leave(), then edit_begin() for the next */
	EDIT_COMPLETE,   /* Tab */
	EDIT_HELP,       /* `?`: not yet in the line; edit_insert() if it is a letter there */
	EDIT_INTERRUPT,  /* ^C */
	EDIT_END,        /* ^D in an empty line */
	EDIT_CLEAR,      /* ^L */
	EDIT_SIZE        /* the terminal told its size: columns and rows are new */
};

/* Where an escape sequence stands. */
enum edit_state { EDIT_PLAIN, EDIT_ESCAPE, EDIT_CSI, EDIT_SS3, EDIT_STATE_COUNT };

/* Their texts. */
extern const char *const edit_state_name[EDIT_STATE_COUNT];

/* An editor. Zeroed, then edit_size() and edit_begin(). */
struct edit {
	char *text;              /* of the caller, EDIT_LINE_MAX bytes */
	const char *prompt;      /* static, ASCII */
	uint16_t len, at;        /* of the line; where the cursor stands */
	uint16_t columns, rows;  /* of the terminal */
	uint8_t mode;            /* enum edit_mode */
	bool too_long;           /* bytes did not fit; the line must not be run */
	bool pasting;            /* between the marks of a bracketed paste */
	bool draft;              /* the newest line of the history is the one that was left for it */
	uint16_t browsed;        /* how many lines back */
	/* input */
	uint8_t state, utf8_len, utf8_need, params;
	bool last_cr, foreign;   /* the escape sequence is not one of ours */
	char utf8[4];
	uint16_t param[EDIT_PARAMS];
	/* the row as it is shown */
	bool prompted;
	uint16_t first;          /* byte of the line at the left */
	uint16_t same;           /* bytes of the line up to which the row is right */
	uint16_t shown, cursor;  /* columns of text shown, and the cursor's, behind the prompt */
};

/* Takes the size of the terminal; 0 where it is unknown: 80 columns. */
void edit_size(struct edit *e, unsigned columns, unsigned rows);

/* Begins an empty line in `text`, of EDIT_LINE_MAX bytes. Bytes of an unfinished key stay. */
void edit_begin(struct edit *e, char *text, const char *prompt, enum edit_mode mode);

/* Takes one byte. CR, LF and CRLF end a line; control bytes without a meaning, bytes that are not
 * UTF-8, and unknown escape sequences are dropped. Within a paste all that is printable is taken
 * as it is. */
enum edit_event edit_byte(struct edit *e, struct history *h, uint8_t byte);

/* Inserts at the cursor; too_long when there is no room. */
void edit_insert(struct edit *e, const void *bytes, size_t len);

/* Brings the row up to date; writes nothing when it is. */
void edit_draw(struct edit *e, struct fmt *out);

/* Shows the line whole and goes to the next row: something else is written now, or the line is
 * over. edit_draw() then shows it anew. */
void edit_leave(struct edit *e, struct fmt *out);

/* The screen was cleared, or written over: the next edit_draw() shows everything. */
void edit_forget(struct edit *e);

#endif
