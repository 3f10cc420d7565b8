/*
 * date.h - calendar dates from seconds since 1970, in UTC, without the C library; proleptic
 * Gregorian, years 1 to 9999.
 */
#ifndef PROTO_DATE_H
#define PROTO_DATE_H

#include <stdint.h>

#include "base/fmt.h"

#define DATE_RFC5322_LEN 31 /* bytes that date_rfc5322() writes */

/* A moment in UTC: month 1..12, day 1..31, weekday 0 (Sunday) .. 6. */
struct date {
	int32_t year;
	uint8_t month, day, hour, minute, second, weekday;
};

/* The date of a time; times outside the years 1 to 9999 give the nearest one inside. */
struct date date_of(int64_t unix_s);

/* Seconds since 1970 of a date; the weekday is not looked at. Fields outside their range carry
 * over as days and seconds do (second 60 is the next minute), months must be 1..12. */
int64_t date_to_unix(const struct date *d);

/* Appends `Sun, 22 Nov 2026 12:00:00 +0000` (RFC 5322 3.3). */
void date_rfc5322(struct fmt *f, int64_t unix_s);

/* Appends `2026-11-22T12:00:00Z` (RFC 3339). */
void date_iso(struct fmt *f, int64_t unix_s);

#endif
