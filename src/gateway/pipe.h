/*
 * pipe.h - the transparent part of a session: bytes go both ways through the lent buffers of its
 * two channels, unread and unchanged (PO-15, IM-23), with back-pressure both ways (IM-25).
 */
#ifndef GATEWAY_PIPE_H
#define GATEWAY_PIPE_H

#include "gateway/session.h"

/* The pipe of one session. Zeroed by pipe_start(). */
struct pipe {
	uint64_t moved_ms;    /* when a byte last moved */
	bool down_over;       /* the client's direction has ended and been passed on */
};

/* Begins. */
void pipe_start(struct pipe *p);

/* Moves what can move. > 0: something moved, 0: idle; < 0: over. E_EOF: both ends in order, or as
 * far as the other side went; E_TIMEOUT: no byte for `idle_ms`, or a side that takes nothing. */
int pipe_step(struct session *s, struct pipe *p, uint32_t idle_ms);

/* When pipe_step() has to run even if nothing happens, in milliseconds of port_clock_ms(). */
uint64_t pipe_deadline_ms(const struct session *s, const struct pipe *p, uint32_t idle_ms);

/* Whether bytes are under way. */
bool pipe_busy(struct session *s);

#endif
