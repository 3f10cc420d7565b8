/*
 * chan_parts.h - what chan.c and chan_data.c share.
 */
#ifndef IO_CHAN_PARTS_H
#define IO_CHAN_PARTS_H

#include "io/chan.h"
#include "io/pools.h"
#include "io/tls_engine.h"

/* Room behind the unread clear input, lent if need be; 0: none (ch->starved: no buffer). */
size_t chan_in_room(struct chan *ch);

/* Gives a buffer back when nothing is in it. */
void chan_in_idle(struct chan *ch);
void chan_ahead_idle(struct chan *ch);
void chan_out_idle(struct chan *ch);

/* Keeps the first failure and ends TLS; with an alert's number where TLS is the cause. Return
 * ch->error. */
int chan_failed(struct chan *ch, int error);
int chan_tls_failed(struct chan *ch, enum tls_failure why, uint8_t alert);

/* The pump of a channel with TLS. > 0 moved, 0 not; ch->error tells a failure. */
int chan_pump_tls(struct chan *ch);

/* No handshake stands in line. */
void chan_shake_reset(void);

#endif
