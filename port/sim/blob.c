/*
 * blob.c - bytes in chains of blocks from one slab: objects of the store and files.
 */
#include "world.h"

static uint8_t block[SIM_BLOCKS][SIM_BLOCK];
static int32_t next_block[SIM_BLOCKS];
static int32_t free_first;
static int32_t untouched;                /* blocks from here on were never used */

void world_blobs_reset(void)
{
	free_first = -1;
	untouched = 0;
}

void world_blob_init(struct blob *b)
{
	b->len = 0;
	b->first = b->last = -1;
}

static int32_t take(void)
{
	int32_t i = free_first;

	if (i >= 0)
		free_first = next_block[i];
	else if (untouched < SIM_BLOCKS)
		i = untouched++;
	if (i >= 0)
		next_block[i] = -1;
	return i;
}

static bool grow(struct blob *b)
{
	int32_t i = take();

	if (i < 0)
		return false;
	if (b->last < 0)
		b->first = i;
	else
		next_block[b->last] = i;
	b->last = i;
	return true;
}

bool world_blob_append(struct blob *b, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;
	uint32_t was = b->len;

	while (len > 0) {
		uint32_t at = b->len % SIM_BLOCK;
		size_t n = SIM_BLOCK - at < len ? SIM_BLOCK - at : len;

		if (at == 0 && !grow(b)) {
			world_blob_cut(b, was);
			return false;
		}
		memcpy(&block[b->last][at], from, n);
		b->len += (uint32_t)n;
		from += n;
		len -= n;
	}
	return true;
}

static int32_t block_at(const struct blob *b, uint32_t at)
{
	int32_t i = b->first;

	for (; at >= SIM_BLOCK && i >= 0; at -= SIM_BLOCK)
		i = next_block[i];
	return i;
}

size_t world_blob_read(const struct blob *b, uint64_t at, void *buf, size_t len)
{
	uint8_t *to = buf;
	size_t done = 0;
	int32_t i;

	if (at >= b->len)
		return 0;
	if (len > b->len - (size_t)at)
		len = b->len - (size_t)at;
	i = block_at(b, (uint32_t)at);
	while (done < len && i >= 0) {
		size_t from = (size_t)(at + done) % SIM_BLOCK;
		size_t n = SIM_BLOCK - from < len - done ? SIM_BLOCK - from : len - done;

		memcpy(to + done, &block[i][from], n);
		done += n;
		i = next_block[i];
	}
	return done;
}

void world_blob_poke(struct blob *b, uint32_t at, uint8_t value)
{
	if (at < b->len)
		block[block_at(b, at)][at % SIM_BLOCK] = value;
}

void world_blob_cut(struct blob *b, uint32_t len)
{
	int32_t i, next;

	if (len == 0) {
		i = b->first;
		b->first = b->last = -1;
	} else {
		b->last = block_at(b, len - 1);
		i = next_block[b->last];
		next_block[b->last] = -1;
	}
	b->len = len;
	for (; i >= 0; i = next) {
		next = next_block[i];
		next_block[i] = free_first;
		free_first = i;
	}
}

void world_blob_free(struct blob *b)
{
	world_blob_cut(b, 0);
}
