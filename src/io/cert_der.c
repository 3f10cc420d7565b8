/*
 * cert_der.c - DER in and out. The reader knows no depth: whoever reads an element goes into its
 * content with the same functions, so there is neither a stack nor a recursion.
 */
#include "io/cert_der.h"

#include <string.h>

enum { DAY_S = 86400 };

bool der_next(struct slice *rest, uint8_t *tag, struct slice *content, struct slice *whole)
{
	struct slice s = *rest;
	size_t head = 2, len;

	if (s.len < 2 || (s.p[0] & 0x1f) == 0x1f)
		return false;
	len = s.p[1];
	if (len >= 0x80) {
		size_t bytes = len & 0x7f;

		if (bytes == 0 || bytes > 3 || s.len < 2 + bytes || s.p[2] == 0)
			return false;
		len = 0;
		for (size_t i = 0; i < bytes; i++)
			len = len << 8 | s.p[2 + i];
		if (len < 0x80)
			return false;
		head += bytes;
	}
	if (len > s.len - head)
		return false;
	*tag = s.p[0];
	*content = slice_of(s.p + head, len);
	if (whole != NULL)
		*whole = slice_head(s, head + len);
	*rest = slice_of(s.p + head + len, s.len - head - len);
	return true;
}

bool der_take(struct slice *rest, uint8_t tag, struct slice *content)
{
	struct slice after = *rest;
	uint8_t found;

	if (!der_next(&after, &found, content, NULL) || found != tag)
		return false;
	*rest = after;
	return true;
}

bool der_maybe(struct slice *rest, uint8_t tag, struct slice *content)
{
	*content = (struct slice){ NULL, 0 };
	if (rest->len == 0 || rest->p[0] != tag)
		return true;
	return der_take(rest, tag, content);
}

bool der_bits(struct slice *rest, struct slice *content)
{
	struct slice bits;

	if (!der_take(rest, DER_BITS, &bits) || bits.len < 1 || bits.p[0] != 0)
		return false;
	*content = slice_of(bits.p + 1, bits.len - 1);
	return true;
}

bool der_unsigned(struct slice *rest, struct slice *content)
{
	struct slice v;

	if (!der_take(rest, DER_INTEGER, &v) || v.len == 0 || v.p[0] >= 0x80)
		return false;
	if (v.p[0] == 0 && v.len > 1 && v.p[1] < 0x80)
		return false;
	*content = v.p[0] == 0 ? slice_of(v.p + 1, v.len - 1) : v;
	return true;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

int64_t der_days(int year, int month, int day)
{
	int past = year - 1;
	int64_t days = (int64_t)past * 365 + past / 4 - past / 100 + past / 400 - 719162;

	for (int m = 1; m < month; m++)
		days += month_days(year, m);
	return days + day - 1;
}

void der_date(int64_t days, int *year, int *month, int *day)
{
	int y = 1970 + (int)(days / 366), m = 1;

	while (der_days(y + 1, 1, 1) <= days)
		y++;
	days -= der_days(y, 1, 1);
	while (days >= month_days(y, m))
		days -= month_days(y, m++);
	*year = y;
	*month = m;
	*day = (int)days + 1;
}

/* Two digits in lo .. hi, or -1. */
static int two(const uint8_t *p, int lo, int hi)
{
	int v;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	v = (p[0] - '0') * 10 + p[1] - '0';
	return v >= lo && v <= hi ? v : -1;
}

/* What follows the year: MMDDHHMMSSZ. */
static bool time_in_year(int year, const uint8_t *p, int64_t *unix_s)
{
	int month = two(p, 1, 12), day = -1, hour = two(p + 4, 0, 23), minute = two(p + 6, 0, 59);
	int second = two(p + 8, 0, 60);

	if (month > 0)
		day = two(p + 2, 1, month_days(year, month));
	if (day < 0 || hour < 0 || minute < 0 || second < 0 || p[10] != 'Z')
		return false;
	*unix_s = der_days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
	return true;
}

bool der_time(struct slice *rest, int64_t *unix_s)
{
	struct slice t;
	uint8_t tag;
	int high, low;

	if (!der_next(rest, &tag, &t, NULL))
		return false;
	if (tag == DER_UTC_TIME && t.len == 13) {
		low = two(t.p, 0, 99);
		return low >= 0 && time_in_year(low < 50 ? 2000 + low : 1900 + low, t.p + 2, unix_s);
	}
	if (tag != DER_TIME || t.len != 15)
		return false;
	high = two(t.p, 0, 99);
	low = two(t.p + 2, 0, 99);
	return high >= 0 && low >= 0 && high + low > 0 &&
		time_in_year(high * 100 + low, t.p + 4, unix_s);
}

struct der_out der_out_on(void *mem, size_t cap)
{
	return (struct der_out){ mem, cap, cap, false };
}

void der_put(struct der_out *o, const void *p, size_t len)
{
	if (o->over || len > o->at) {
		o->over = true;
		return;
	}
	o->at -= len;
	if (len > 0)
		memcpy(o->mem + o->at, p, len);
}

static void put_byte(struct der_out *o, size_t v)
{
	uint8_t b = (uint8_t)(v & 0xff);

	der_put(o, &b, 1);
}

size_t der_mark(const struct der_out *o)
{
	return o->at;
}

void der_wrap(struct der_out *o, uint8_t tag, size_t mark)
{
	size_t len = mark - o->at, bytes = 0;

	if (o->over)
		return;
	if (len < 0x80) {
		put_byte(o, len);
	} else {
		for (size_t v = len; v > 0; v >>= 8, bytes++)
			put_byte(o, v);
		put_byte(o, 0x80 | bytes);
	}
	put_byte(o, tag);
}

void der_element(struct der_out *o, uint8_t tag, const void *p, size_t len)
{
	size_t mark = der_mark(o);

	der_put(o, p, len);
	der_wrap(o, tag, mark);
}

void der_put_unsigned(struct der_out *o, const void *p, size_t len)
{
	const uint8_t *v = p;
	size_t mark = der_mark(o);

	while (len > 0 && v[0] == 0) {
		v++;
		len--;
	}
	der_put(o, v, len);
	if (len == 0 || v[0] >= 0x80)
		put_byte(o, 0);
	der_wrap(o, DER_INTEGER, mark);
}

/* Two digits in front. */
static void put_two(struct der_out *o, int v)
{
	static const char digits[] = "0123456789";

	der_put(o, &digits[v % 10], 1);
	der_put(o, &digits[v / 10 % 10], 1);
}

void der_put_time(struct der_out *o, int64_t unix_s)
{
	int64_t days = unix_s / DAY_S;
	int second = (int)(unix_s % DAY_S), year, month, day;
	size_t mark = der_mark(o);

	der_date(days, &year, &month, &day);
	put_byte(o, 'Z');
	put_two(o, second % 60);
	put_two(o, second / 60 % 60);
	put_two(o, second / 3600);
	put_two(o, day);
	put_two(o, month);
	put_two(o, year);
	if (year >= 2050)
		put_two(o, year / 100);
	der_wrap(o, year < 2050 ? DER_UTC_TIME : DER_TIME, mark);
}

struct slice der_result(const struct der_out *o)
{
	return slice_of(o->mem + o->at, o->cap - o->at);
}
