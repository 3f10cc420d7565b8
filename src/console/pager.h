/*
 * pager.h - counts the rows that output takes on a terminal, so that it stops before the first one
 * scrolls away. Only for people: a script's output never stops.
 */
#ifndef CONSOLE_PAGER_H
#define CONSOLE_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pager. Zeroed: off. */
struct pager {
	bool on;
	uint16_t columns, rows;  /* of the terminal; rows less the one of the question */
	uint16_t column;         /* where the output stands */
	uint16_t left;           /* rows until the question */
};

/* What a person answers to the question. */
enum pager_key { PAGER_STOP, PAGER_ON, PAGER_ALL };

/* Begins the output of a command; off where `rows` is 0. */
void pager_begin(struct pager *p, unsigned columns, unsigned rows);

/* How many of `len` bytes may be written now; 0: ask first. */
size_t pager_room(const struct pager *p, const char *bytes, size_t len);

/* Bytes were written. */
void pager_wrote(struct pager *p, const char *bytes, size_t len);

/* Takes what was typed at the question: a blank shows one more page, a line end one more row, q and
 * ^C nothing more. Bytes that look like a paste, or like the next command, end the paging and are
 * left for the editor. *taken is the number of bytes to drop. */
enum pager_key pager_answer(struct pager *p, const char *bytes, size_t len, size_t *taken);

/* What the question looks like, and what takes it away. */
#define PAGER_QUESTION "--more--"
#define PAGER_AWAY "\r        \r"

#endif
