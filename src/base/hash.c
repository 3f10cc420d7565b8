/*
 * hash.c - bounded tables over uthash.
 *
 * uthash asks for memory through two hooks: here they hand out one table header and one row of
 * buckets that each table has. Buckets never double: a doubling that fails would drop the newest
 * item, which an attacker could bring about. uthash keeps items in the order they were added; an
 * item that is used is taken out and added again, so the first is the least recently used. The
 * bucket is chosen by SipHash-1-3 with a seed from the port, so that nobody outside can fill one
 * bucket.
 */
#include "base/hash.h"

#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "error.h"
#include "port.h"

static void *slab_take(size_t size);
static unsigned seeded_hash(const uint8_t *key, size_t len);

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, len, out) ((out) = seeded_hash((const uint8_t *)(key), (len)))
#define uthash_malloc(size) slab_take(size)
#define uthash_free(p, size) ((void)(p))
#include <uthash.h>
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_INITIAL_NUM_BUCKETS 64U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 6U
#define HASH_BKT_CAPACITY_THRESH 0xffffU

struct hash_item {
	UT_hash_handle hh;
	uint8_t key[HASH_KEY_MAX];
};

struct hash_slabs {
	UT_hash_table header;
	UT_hash_bucket buckets[HASH_INITIAL_NUM_BUCKETS];
};

struct hash_table {
	struct hash_item *head;   /* uthash's: NULL when empty */
	struct hash_item *items;
	uint16_t slots, used;     /* items[0 .. used) have been used since the reset */
	uint16_t free;            /* how many of them stand in `gaps` */
	uint16_t *gaps;
	struct hash_slabs *slabs;  /* uthash's memory */
};

#define HASH_DEFINE(name, count) \
	static struct hash_item items_##name[count]; \
	static uint16_t gaps_##name[count]; \
	static struct hash_slabs slabs_##name; \
	static struct hash_table table_##name = { .items = items_##name, .slots = (count), \
		.gaps = gaps_##name, .slabs = &slabs_##name }; \
	struct hash_table *const hash_##name = &table_##name;
HASH_TABLES(HASH_DEFINE)

#define HASH_ROW(name, count) &table_##name,
static struct hash_table *const tables[] = { HASH_TABLES(HASH_ROW) };

static struct {
	uint64_t key[2];
	bool seeded;
	struct hash_table *adding; /* whose slab the hook gives */
} hash;

static void *slab_take(size_t size)
{
	struct hash_slabs *slabs = hash.adding->slabs;

	if (size == sizeof slabs->header)
		return &slabs->header;
	return size == sizeof slabs->buckets ? slabs->buckets : NULL;
}

static uint64_t rotate(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static unsigned seeded_hash(const uint8_t *key, size_t len)
{
	uint64_t v[4] = { hash.key[0] ^ UINT64_C(0x736f6d6570736575),
		hash.key[1] ^ UINT64_C(0x646f72616e646f6d),
		hash.key[0] ^ UINT64_C(0x6c7967656e657261),
		hash.key[1] ^ UINT64_C(0x7465646279746573) };

	for (size_t at = 0; at <= len; at += 8) {
		uint64_t word = at + 8 > len ? (uint64_t)(len & 0xff) << 56 : 0;

		for (size_t i = 0; i < 8 && at + i < len; i++)
			word |= (uint64_t)key[at + i] << (8 * i);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (unsigned)((v[0] ^ v[1] ^ v[2] ^ v[3]) & 0xffffffffu);
}

/* Before the source of randomness is healthy the seed is the clock; it is taken anew as soon as no
 * table holds a key any more. */
static void seed(void)
{
	uint8_t bytes[16];

	hash.seeded = port_entropy(bytes, sizeof bytes) == E_OK;
	hash.key[0] = hash.key[1] = port_clock_ms();
	for (size_t i = 0; hash.seeded && i < sizeof bytes; i++)
		hash.key[i / 8] = hash.key[i / 8] << 8 | bytes[i];
}

static void seed_again(void)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		if (tables[i]->head != NULL)
			return;
	seed();
}

static struct hash_item *find(struct hash_table *t, const void *key, size_t len)
{
	struct hash_item *item = NULL;

	if (len <= HASH_KEY_MAX)
		HASH_FIND(hh, t->head, key, len, item);
	return item;
}

static void add(struct hash_table *t, struct hash_item *item, size_t len)
{
	hash.adding = t;
	HASH_ADD_KEYPTR(hh, t->head, item->key, len, item);
}

static int touch(struct hash_table *t, struct hash_item *item)
{
	size_t len = item->hh.keylen;

	if (item->hh.next != NULL) {
		HASH_DELETE(hh, t->head, item);
		add(t, item, len);
	}
	return (int)(item - t->items);
}

int hash_find(struct hash_table *t, const void *key, size_t key_len)
{
	struct hash_item *item = find(t, key, key_len);

	return item != NULL ? touch(t, item) : E_NOENT;
}

/* A slot that holds no key; the least recently used gives way. */
static struct hash_item *slot_free(struct hash_table *t)
{
	struct hash_item *oldest = t->head;

	if (t->free > 0)
		return &t->items[t->gaps[--t->free]];
	if (t->used < t->slots)
		return &t->items[t->used++];
	HASH_DELETE(hh, t->head, oldest);
	return oldest;
}

int hash_take(struct hash_table *t, const void *key, size_t key_len, int *fresh)
{
	struct hash_item *item;

	if (key_len > HASH_KEY_MAX)
		return E_LIMIT;
	if (!hash.seeded)
		seed_again();
	item = find(t, key, key_len);
	*fresh = item == NULL;
	if (item != NULL)
		return touch(t, item);
	item = slot_free(t);
	memset(item, 0, sizeof *item);
	if (key_len > 0)
		memcpy(item->key, key, key_len);
	add(t, item, key_len);
	return (int)(item - t->items);
}

void hash_drop(struct hash_table *t, const void *key, size_t key_len)
{
	struct hash_item *item = find(t, key, key_len);

	if (item == NULL)
		return;
	HASH_DELETE(hh, t->head, item);
	t->gaps[t->free++] = (uint16_t)(item - t->items);
}

unsigned hash_used(const struct hash_table *t)
{
	return t->head != NULL ? HASH_COUNT(t->head) : 0;
}

unsigned hash_slots(const struct hash_table *t)
{
	return t->slots;
}

void hash_reset(void)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		tables[i]->head = NULL;
		tables[i]->used = tables[i]->free = 0;
	}
	seed();
}
