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

/* Gives the input or output buffer back when nothing is in it. */
void chan_in_idle(struct chan *ch);
void chan_out_idle(struct chan *ch);

#endif
