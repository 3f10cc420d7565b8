/*
 * cert_der.h - DER (X.690): a reader that goes forward over bytes in memory, and a writer that goes
 * backward, so that lengths are known when they are written.
 */
#ifndef IO_CERT_DER_H
#define IO_CERT_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Tags of universal types. */
enum der_tag {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BITS = 0x03, DER_OCTETS = 0x04, DER_NULL = 0x05,
	DER_OID = 0x06, DER_UTF8 = 0x0c, DER_PRINTABLE = 0x13, DER_T61 = 0x14, DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17, DER_TIME = 0x18, DER_BMP = 0x1e, DER_SEQUENCE = 0x30, DER_SET = 0x31
};
#define DER_CONTEXT(n) (0x80 | (n))          /* primitive [n] */
#define DER_CONSTRUCTED(n) (0xa0 | (n))      /* constructed [n] */

/* Takes the next element off the front of *rest: its tag byte, its content and (where `whole` is
 * not NULL) the element with its header. False, with nothing taken, at the end, for tags of more
 * than one byte, indefinite or not minimal lengths, and elements that reach beyond the end. */
bool der_next(struct slice *rest, uint8_t *tag, struct slice *content, struct slice *whole);

/* The same for an element that must have this tag. */
bool der_take(struct slice *rest, uint8_t tag, struct slice *content);

/* The same, skipping the element silently where it is absent: true with content->p NULL then. */
bool der_maybe(struct slice *rest, uint8_t tag, struct slice *content);

/* Content of a BIT STRING without unused bits, without its first byte. */
bool der_bits(struct slice *rest, struct slice *content);

/* A positive INTEGER without leading zero bytes; false for negative and padded ones. */
bool der_unsigned(struct slice *rest, struct slice *content);

/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 wants them, in seconds since 1970. */
bool der_time(struct slice *rest, int64_t *unix_s);

/* Days since 1970 of a date of the Gregorian calendar, year 1 to 9999; and back. */
int64_t der_days(int year, int month, int day);
void der_date(int64_t days, int *year, int *month, int *day);

/* A writer over `cap` bytes at `mem`: elements are written last first, `at` is where the newest
 * begins. `over`: something did not fit, and what was written is worthless. */
struct der_out {
	uint8_t *mem;
	size_t cap, at;
	bool over;
};

/* A writer over memory of the caller. */
struct der_out der_out_on(void *mem, size_t cap);

/* Puts bytes before what was written. */
void der_put(struct der_out *o, const void *p, size_t len);

/* A place in the output, for der_wrap(): taken before the content is written. */
size_t der_mark(const struct der_out *o);

/* Puts tag and length of everything written since `mark` before it. */
void der_wrap(struct der_out *o, uint8_t tag, size_t mark);

/* One primitive element. */
void der_element(struct der_out *o, uint8_t tag, const void *p, size_t len);

/* A positive INTEGER from big-endian bytes, zeros in front being dropped. */
void der_put_unsigned(struct der_out *o, const void *p, size_t len);

/* UTCTime up to 2049, GeneralizedTime after. */
void der_put_time(struct der_out *o, int64_t unix_s);

/* What was written, in the order of reading. */
struct slice der_result(const struct der_out *o);

#endif
