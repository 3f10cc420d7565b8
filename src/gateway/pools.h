/*
 * pools.h - the one list of every pool of the core, for the start state, `show pools` and tests.
 */
#ifndef GATEWAY_POOLS_H
#define GATEWAY_POOLS_H

#include "base/pool.h"

/* Every pool, in the order of `show pools`. */
extern struct pool *const pools[];
extern const unsigned pools_count;

#endif
