/*
 * log.h - log lines: `WHO: text key=value …`, from fixed texts and cleaned values.
 *
 * Nothing that comes from a peer reaches a line except through %s of a cleaned buffer
 * (fmt_clean()). Lines of one level above a budget a second are counted, and the count is told
 * (A-49).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/waiter.h"
#include "port.h"

#define LOG_LINE_MAX 480  /* bytes of one line; what does not fit is left out */
#define LOG_KEPT 64       /* lines kept in memory for the console */

/* Writes one line. The format is that of fmt_printf(). */
void log_line(enum port_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Lines above this level are dropped. */
void log_level_set(enum port_level level);

/* Whether a level is written at present. */
bool log_enabled(enum port_level level);

/* The kept line number `seq` (they count from 1) as text without line end, in *line and *len.
 * Returns E_OK, E_NOENT when it is gone or not yet written; `log_last()` is the newest number, 0
 * for none. */
int log_kept(uint32_t seq, const char **line, uint32_t *len);
uint32_t log_last(void);

/* Stands in line for the next line that is kept: the owner is then marked due and has left. */
void log_wait(struct waiter *w, port_owner owner);

/* Forgets everything; level info. */
void log_reset(void);

#endif
