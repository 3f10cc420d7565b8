/*
 * date.c - the calendar by arithmetic: years are counted from 1 March, so that the leap day is
 * the last day of a year, and in eras of 400 years, which all have 146097 days.
 */
#include "proto/date.h"

#include <stddef.h>

#define DAY_S 86400
#define ERA_DAYS 146097
#define EPOCH_DAYS 719468 /* 0000-03-01 to 1970-01-01 */

static const int64_t least_s = INT64_C(-62135596800);    /* 0001-01-01 */
static const int64_t greatest_s = INT64_C(253402300799); /* 9999-12-31 23:59:59 */

static const char weekday_text[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_text[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	"Sep", "Oct", "Nov", "Dec" };

struct date date_of(int64_t unix_s)
{
	int64_t s = unix_s < least_s ? least_s : unix_s > greatest_s ? greatest_s : unix_s;
	int64_t days = (s - least_s) / DAY_S + least_s / DAY_S;
	int64_t rest = s - days * DAY_S;
	int64_t z = days + EPOCH_DAYS;
	int64_t era = z / ERA_DAYS, doe = z % ERA_DAYS;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153; /* 0: March */
	int64_t month = mp < 10 ? mp + 3 : mp - 9;

	return (struct date){
		.year = (int32_t)(yoe + era * 400 + (month <= 2)),
		.month = (uint8_t)month,
		.day = (uint8_t)(doy - (153 * mp + 2) / 5 + 1),
		.hour = (uint8_t)(rest / 3600),
		.minute = (uint8_t)(rest / 60 % 60),
		.second = (uint8_t)(rest % 60),
		.weekday = (uint8_t)((days + 4 + 7 * INT64_C(110000)) % 7),
	};
}

int64_t date_to_unix(const struct date *d)
{
	int64_t year = (int64_t)d->year - (d->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400, yoe = year - era * 400;
	int64_t doy = (153 * (d->month + (d->month > 2 ? -3 : 9)) + 2) / 5 + d->day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (era * ERA_DAYS + doe - EPOCH_DAYS) * DAY_S + d->hour * 3600 + d->minute * 60 +
		d->second;
}

void date_rfc5322(struct fmt *f, int64_t unix_s)
{
	struct date d = date_of(unix_s);

	fmt_printf(f, "%s, %02u %s %04u %02u:%02u:%02u +0000", weekday_text[d.weekday],
		(unsigned)d.day, month_text[d.month - 1], (unsigned)d.year, (unsigned)d.hour,
		(unsigned)d.minute, (unsigned)d.second);
}

void date_iso(struct fmt *f, int64_t unix_s)
{
	struct date d = date_of(unix_s);

	fmt_printf(f, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)d.year, (unsigned)d.month,
		(unsigned)d.day, (unsigned)d.hour, (unsigned)d.minute, (unsigned)d.second);
}
