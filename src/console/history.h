/*
 * history.h - the lines that a person typed at one console: a bounded text, the oldest line goes
 * first, and no secret is in it.
 */
#ifndef CONSOLE_HISTORY_H
#define CONSOLE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define HISTORY_MAX 1024 /* bytes of all lines, each with one byte for its end */

/* Zeroed: empty. */
struct history {
	uint16_t len;
	char text[HISTORY_MAX]; /* lines, the oldest first, each ended by a NUL */
};

/* How many bytes of a line may be remembered: all, unless it gives a value to an option that is
 * secret, or that is none (a misspelt password is one too). */
size_t history_keeps(struct slice line);

/* Adds a line without the secret that it may hold (history_keeps()); not an empty one,
 * nor one that equals the newest, nor one of HISTORY_MAX bytes or more. Whether it was added. */
bool history_add(struct history *h, struct slice line);

/* The line that was typed `back` lines ago (1: the newest). E_OK, or E_NOENT. */
int history_get(const struct history *h, unsigned back, struct slice *line);

/* Forgets the newest line. */
void history_drop(struct history *h);

#endif
