/*
 * pool.h - pools of equal slots in static memory: the only allocator of the program.
 *
 * Each module defines its pools with POOL_DEFINE; src/gateway/pools.c lists them all. Slots are
 * taken from the lowest free index, so that memory that was never needed is never touched.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Slots of one size in static memory, taken and given back; POOL_DEFINE() makes one. */
struct pool {
	const char *name;
	uint8_t *mem;
	uint32_t *used;       /* a bit a slot */
	uint32_t size;        /* bytes a slot */
	uint16_t count;
	uint16_t now, peak;   /* slots in use, and the most there ever were */
	uint32_t refused;     /* times that none was free */
};

#define POOL_DECLARE(n) extern struct pool pool_##n
#define POOL_DEFINE(n, type, slots) \
	static type pool_##n##_mem[slots]; \
	static uint32_t pool_##n##_used[((slots) + 31) / 32]; \
	struct pool pool_##n = { .name = #n, .mem = (uint8_t *)pool_##n##_mem, \
		.used = pool_##n##_used, .size = sizeof(type), .count = (slots) }

/* A zeroed slot, or NULL when all are in use (counted as refused). */
void *pool_get(struct pool *p);

/* As pool_get() but without zeroing: for buffers whose bytes are written before they are read. */
void *pool_get_raw(struct pool *p);

/* Gives a slot back; its memory is overwritten, and poisoned where a sanitizer is linked. Panics
 * when the slot is not one that is in use. */
void pool_put(struct pool *p, void *slot);

/* Index of a slot that is in use. */
uint16_t pool_index(const struct pool *p, const void *slot);

/* The slot of an index, or NULL when it is not in use. */
void *pool_at(const struct pool *p, uint16_t index);

/* All slots free, counters zero (start of the core). */
void pool_reset(struct pool *p);

#endif
