/*
 * console.h - the consoles: lines in, commands, text out; on a terminal, a control socket, a UART
 * or in a script. A session type of its own with a step function like the others (DESIGN 4).
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"

#define CONSOLE_LINE_MAX 1024 /* bytes of a line of input */
#define CONSOLE_OUT_MAX 2048  /* room that a command finds each time it is called */

POOL_DECLARE(consoles);

/* Takes every console that waits at the port, as many as there are slots; to be called at the edge
 * of the owner given to port_console_owner(). The owner is kept due while a console waits for a
 * slot. */
void console_accept(void);

/* Runs the console of a slot until it waits. > 0: moved, and it is due again; 0: idle; < 0: over,
 * and the slot is free (or was none). */
int console_step(uint16_t index);

/* When console_tick() has something to do; UINT64_MAX: never. */
uint64_t console_deadline_ms(void);

/* Marks due the consoles whose time has come. */
void console_tick(uint64_t now_ms);

/* No console, no input kept. The ports' handles are forgotten, not closed. */
void console_reset(void);

#endif
