/*
 * fmt.h - text built into a buffer of fixed size, with a sticky overflow flag.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* A builder over memory of the caller. `len` never exceeds `cap`; `over` says that something did
 * not fit: the text then ends where the first piece that did not fit would have begun. */
struct fmt {
	char *p;
	size_t cap, len;
	bool over;
};

/* A builder over `cap` bytes at `p`; no terminating NUL is kept. */
struct fmt fmt_on(void *p, size_t cap);

/* Appends `len` bytes, whole or not at all. */
void fmt_bytes(struct fmt *f, const void *p, size_t len);

/* Appends a slice, whole or not at all. */
void fmt_slice(struct fmt *f, struct slice s);

/* Appends a NUL-terminated string, whole or not at all. */
void fmt_str(struct fmt *f, const char *text);

/* Appends one byte. */
void fmt_char(struct fmt *f, char c);

/* Appends a decimal number. */
void fmt_u64(struct fmt *f, uint64_t v);

/* Appends at most `max` bytes of `s` with everything but printable ASCII replaced by '?' (A-14,
 * SS-54). */
void fmt_clean(struct fmt *f, struct slice s, size_t max);

/* Appends with a small subset of printf: %s %.*s %c %d %u %x with l, ll and z lengths, %0Nu /
 * %0Nx / %Nu widths, %%. Nothing else; unknown conversions append '?'. */
void fmt_printf(struct fmt *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As fmt_printf(). */
void fmt_vprintf(struct fmt *f, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* What was built, as a slice. */
struct slice fmt_result(const struct fmt *f);

/* Ends the text with a NUL (dropping the last byte when full) and returns it. cap must be > 0. */
const char *fmt_cstr(struct fmt *f);

#endif
