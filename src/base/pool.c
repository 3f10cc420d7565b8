/*
 * pool.c - pools of equal slots: a bit a slot, lowest free first.
 */
#include "base/pool.h"

#include <stdbool.h>
#include <string.h>

#include "port.h"

/* Present only where AddressSanitizer is linked. */
void __asan_poison_memory_region(const volatile void *p, size_t len) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *p, size_t len) __attribute__((weak));

enum { FREED = 0xDD };

static bool in_use(const struct pool *p, uint16_t i)
{
	return (p->used[i / 32] >> (i % 32) & 1) != 0;
}

static int lowest_free(const struct pool *p)
{
	for (unsigned w = 0; w * 32 < p->count; w++) {
		unsigned i;

		if (p->used[w] == UINT32_MAX)
			continue;
		i = w * 32 + (unsigned)__builtin_ctz(~p->used[w]);
		return i < p->count ? (int)i : -1;
	}
	return -1;
}

void *pool_get_raw(struct pool *p)
{
	int i = lowest_free(p);
	uint8_t *slot;

	if (i < 0) {
		p->refused++;
		return NULL;
	}
	p->used[i / 32] |= UINT32_C(1) << (i % 32);
	if (++p->now > p->peak)
		p->peak = p->now;
	slot = p->mem + (size_t)i * p->size;
	if (__asan_unpoison_memory_region != NULL)
		__asan_unpoison_memory_region(slot, p->size);
	return slot;
}

void *pool_get(struct pool *p)
{
	void *slot = pool_get_raw(p);

	return slot != NULL ? memset(slot, 0, p->size) : NULL;
}

uint16_t pool_index(const struct pool *p, const void *slot)
{
	size_t off = (size_t)((const uint8_t *)slot - p->mem);
	size_t i = off / p->size;

	if (i >= p->count || off % p->size != 0 || !in_use(p, (uint16_t)i))
		port_panic(__FILE__, __LINE__, p->name);
	return (uint16_t)i;
}

void pool_put(struct pool *p, void *slot)
{
	uint16_t i = pool_index(p, slot);

	memset(slot, FREED, p->size);
	if (__asan_poison_memory_region != NULL)
		__asan_poison_memory_region(slot, p->size);
	p->used[i / 32] &= ~(UINT32_C(1) << (i % 32));
	p->now--;
}

void *pool_at(const struct pool *p, uint16_t index)
{
	return index < p->count && in_use(p, index) ? p->mem + (size_t)index * p->size : NULL;
}

void pool_reset(struct pool *p)
{
	memset(p->used, 0, (size_t)(p->count + 31) / 32 * sizeof p->used[0]);
	p->now = p->peak = 0;
	p->refused = 0;
	if (__asan_poison_memory_region != NULL)
		__asan_poison_memory_region(p->mem, (size_t)p->count * p->size);
}
