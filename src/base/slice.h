/*
 * slice.h - a length-carrying view of bytes that somebody else owns. Protocol code has no C
 * strings.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of somebody else's memory; p may be NULL where len is 0. */
struct slice {
	const uint8_t *p;
	size_t len;
};

/* The slice of a string literal or a NUL-terminated string. */
struct slice slice_str(const char *text);

/* The slice of `len` bytes at `p`. */
struct slice slice_of(const void *p, size_t len);

/* Same bytes. */
bool slice_eq(struct slice a, struct slice b);

/* Same bytes, ASCII letters of either case being equal. */
bool slice_eq_nocase(struct slice a, struct slice b);

/* As slice_eq_nocase() with a NUL-terminated string. */
bool slice_is(struct slice a, const char *text);

/* Whether `a` begins with `text`, ASCII case-blind. */
bool slice_starts(struct slice a, const char *text);

/* Index of the first byte `c`, or a.len. */
size_t slice_find(struct slice a, uint8_t c);

/* The part from index `from` (at most a.len) to the end. */
struct slice slice_from(struct slice a, size_t from);

/* The first `len` (at most a.len) bytes. */
struct slice slice_head(struct slice a, size_t len);

/* Without spaces and tabs at both ends. */
struct slice slice_trim(struct slice a);

/* Takes the next word (up to a space or tab) off the front of *rest; empty at the end. */
struct slice slice_word(struct slice *rest);

/* An unsigned decimal number of digits only, at most `max`. E_OK, or E_ARG (no digits, another
 * byte, or too large) with *out untouched. */
int slice_u64(struct slice a, uint64_t max, uint64_t *out);

/* `pattern` with `*` (any run) and `?` (any one byte) against `a`, ASCII case-blind. Bounded work:
 * at most pattern length times text length steps. */
bool slice_match(struct slice pattern, struct slice a);

/* ASCII lower case of one byte. */
uint8_t byte_lower(uint8_t c);

/* Overwrites memory in a way that the compiler keeps. */
void mem_wipe(void *p, size_t len);

/* Compares `len` bytes in a time that depends on `len` alone. */
bool mem_eq_ct(const void *a, const void *b, size_t len);

#endif
