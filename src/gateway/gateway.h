/*
 * gateway.h - the core as a whole: configuration in, one pass of the loop at a time.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stddef.h>
#include <stdint.h>

/* Begins a run of a program that has just been loaded: its memory is in the start state already,
 * and what is never needed is never touched. */
void gateway_begin(void);

/* Puts the whole core back to its start state, and begins. Handles of the port that were open are
 * forgotten, not closed: only for a port that has just started. */
void gateway_reset(void);

/* Makes a configuration text the running one. E_OK, or E_ARG with the sentence `FILE:LINE: …` in
 * `why` (NUL-terminated) and nothing changed. */
int gateway_load(const char *text, size_t len, char *why, size_t why_cap);

/* Binds the listeners of the running configuration and makes the log, the resolver and our name
 * what it says. E_OK, or an error with a sentence in `why`. */
int gateway_open(char *why, size_t why_cap);

/* Makes the log, the resolver and our name what the running configuration says, without listeners
 * (a check on its own). E_OK. */
int gateway_shared(char *why, size_t why_cap);

/* As gateway_open() under live sessions, after the running configuration was replaced (commit,
 * reload). */
int gateway_apply(char *why, size_t why_cap);

/* Reads the configuration file again; a bad one is refused in words and the running one stays.
 * E_OK, or an error with the sentence in `why`. */
int gateway_reload(char *why, size_t why_cap);

/* Asks for the end: no new sessions, those between transactions end now, others within a few
 * seconds. */
void gateway_stop(void);

/* One pass of the loop: waits at most `max_ms` when nothing is due, then runs what is due. E_OK,
 * or E_EOF once a stop was asked for and everything has ended. */
int gateway_pass(uint32_t max_ms);

/* Slots of all pools that are in use: 0 when no session is there. */
unsigned gateway_pools_busy(void);

#endif
