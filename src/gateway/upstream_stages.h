/*
 * upstream_stages.h - the stages of the way to a server that have a file of their own. For
 * upstream*.c only.
 */
#ifndef GATEWAY_UPSTREAM_STAGES_H
#define GATEWAY_UPSTREAM_STAGES_H

#include "gateway/upstream.h"

/* How long TLS may take to stand. */
enum { UP_HANDSHAKE_MS = 30000 };

/* Enters a stage, which has `within_ms` from now. */
void upstream_stage_set(struct upstream *u, enum up_stage stage, uint32_t within_ms);

/* The steps of UP_RESOLVE and UP_CONNECT: 1: something moved, perhaps to the next stage or to
 * UP_FAILED; 0: waits, `owner` is marked due. The connection that stands opens the channel. */
int upstream_resolve_step(struct upstream *u, struct chan *ch, port_owner owner);
int upstream_connect_step(struct upstream *u, struct chan *ch, port_owner owner);

/* Gives up the connections that are still under way. */
void upstream_tries_drop(struct upstream *u);

#endif
