/*
 * Proof that nothing uses the heap once the gateway runs. This file replaces the C library's
 * allocator by a bump allocator over static memory, so that calls made inside the library count as
 * well. When the port says that start is over, the heap is locked and any further use ends the
 * program. Linked by VARIANT=nomalloc only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void port_after_start(void);

#define HEAP_SIZE ((size_t)4 << 20)
#define HEADER_SIZE ((size_t)16)

static _Alignas(16) uint8_t heap[HEAP_SIZE];
static size_t heap_used;
static bool heap_locked;

/* Called by the port right before its first wait. */
void port_after_start(void)
{
	heap_locked = true;
}

static void refuse(const char *name)
{
	static const char text[] = "nomalloc: the heap was used after start: ";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

	ignored = write(STDERR_FILENO, name, strlen(name));
	ignored = write(STDERR_FILENO, "\n", 1);
	(void)ignored;
	heap_locked = false; /* abort() may allocate */
	abort();
}

/* Each block is preceded by its size, for realloc. Memory is never given back. */
static void *take(const char *name, size_t align, size_t size)
{
	size_t at;

	if (heap_locked)
		refuse(name);
	at = (heap_used + HEADER_SIZE + align - 1) & ~(align - 1);
	if (size > HEAP_SIZE || at > HEAP_SIZE - size) {
		errno = ENOMEM;
		return NULL;
	}
	heap_used = at + size;
	memcpy(heap + at - sizeof size, &size, sizeof size);
	return heap + at;
}

void *malloc(size_t size)
{
	return take("malloc", HEADER_SIZE, size);
}

void *calloc(size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	/* Memory is handed out once, so it is still zero. */
	return take("calloc", HEADER_SIZE, count * size);
}

void *realloc(void *old, size_t size)
{
	size_t had = 0;
	void *new = take("realloc", HEADER_SIZE, size);

	if (new == NULL || old == NULL)
		return new;
	memcpy(&had, (const uint8_t *)old - sizeof had, sizeof had);
	memcpy(new, old, had < size ? had : size);
	return new;
}

void *aligned_alloc(size_t align, size_t size)
{
	return take("aligned_alloc", align < HEADER_SIZE ? HEADER_SIZE : align, size);
}

void *memalign(size_t align, size_t size)
{
	return take("memalign", align < HEADER_SIZE ? HEADER_SIZE : align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	*out = take("posix_memalign", align < HEADER_SIZE ? HEADER_SIZE : align, size);
	return *out == NULL ? ENOMEM : 0;
}

void free(void *block)
{
	if (heap_locked && block != NULL)
		refuse("free");
}
