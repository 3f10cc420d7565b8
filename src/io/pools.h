/*
 * pools.h - the pools of src/io that connections draw on, and the lending of buffers by class.
 *
 * Each class keeps its own order: who finds none free waits in line and is marked due when its turn
 * comes. Buffers that only make things faster are taken by buffer_try(), which leaves half of a
 * class to those that cannot go on without.
 */
#ifndef IO_POOLS_H
#define IO_POOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/waiter.h"

/* Bytes of a buffer of each class. A record with a plaintext of 1, 4 or 16 kB fits with
 * everything that TLS puts around it (at most 325 bytes inwards, 85 outwards); round plaintexts
 * are what senders use. */
#define LINE_BYTES 2048
#define OUTPUT_BYTES 1536
#define RECORD_SMALL_BYTES 1152
#define RECORD_MID_BYTES 4224
#define RECORD_LARGE_BYTES 16712

/* X(name, pool, bytes) */
#define BUFFER_LIST(X) \
	X(LINE, lines, LINE_BYTES) \
	X(OUTPUT, outputs, OUTPUT_BYTES) \
	X(SMALL, records_small, RECORD_SMALL_BYTES) \
	X(MID, records_mid, RECORD_MID_BYTES) \
	X(LARGE, records_large, RECORD_LARGE_BYTES)

/* The classes. */
#define BUFFER_ENUM(name, pool, bytes) BUFFER_##name,
enum buffer_class { BUFFER_LIST(BUFFER_ENUM) BUFFER_CLASSES, BUFFER_NONE = BUFFER_CLASSES };
#undef BUFFER_ENUM

/* Their pools, and those of TLS contexts. */
POOL_DECLARE(lines);
POOL_DECLARE(outputs);
POOL_DECLARE(records_small);
POOL_DECLARE(records_mid);
POOL_DECLARE(records_large);
POOL_DECLARE(tls_servers);
POOL_DECLARE(tls_clients);

/* Bytes of a buffer of this class. */
size_t buffer_size(enum buffer_class class);

/* The smallest class of records in which `len` <= RECORD_LARGE_BYTES bytes fit. */
enum buffer_class buffer_class_for(size_t len);

/* A buffer in turn, or NULL: then `w` stands in the line of this class (and in no other) and
 * `owner` is marked due when its turn has come. */
uint8_t *buffer_take(enum buffer_class class, struct waiter *w, port_owner owner);

/* As buffer_take(), but `w` keeps its place if it stands in another line. */
uint8_t *buffer_ask(enum buffer_class class, struct waiter *w, port_owner owner);

/* A buffer of a class that nobody waits for, or NULL. Never waits. */
uint8_t *buffer_now(enum buffer_class class);

/* A buffer of a class that nobody waits for and of which at least half is free, or NULL. Never
 * waits. */
uint8_t *buffer_try(enum buffer_class class);

/* Gives a buffer back; whoever waits first is marked due. */
void buffer_give(enum buffer_class class, uint8_t *p);

/* Whether somebody waits for this class. */
bool buffer_wanted(enum buffer_class class);

/* Leaves whatever line `w` stands in; the next one is marked due. */
void wait_leave(struct waiter *w);

/* Every pool of this list empty, nobody waiting. */
void buffers_reset(void);

#endif
