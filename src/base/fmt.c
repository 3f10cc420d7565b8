/*
 * fmt.c - a bounded text builder. Pieces are appended whole or not at all, so that a cut never
 * falls inside a number or an address.
 */
#include "base/fmt.h"

#include <string.h>

/* Used in a hundred places: stays a call. */
__attribute__((noinline)) struct fmt fmt_on(void *p, size_t cap)
{
	return (struct fmt){ p, cap, 0, false };
}

void fmt_bytes(struct fmt *f, const void *p, size_t len)
{
	if (f->over || len > f->cap - f->len) {
		f->over = true;
		return;
	}
	if (len > 0)
		memcpy(f->p + f->len, p, len);
	f->len += len;
}

void fmt_slice(struct fmt *f, struct slice s)
{
	fmt_bytes(f, s.p, s.len);
}

void fmt_str(struct fmt *f, const char *text)
{
	fmt_bytes(f, text, strlen(text));
}

void fmt_char(struct fmt *f, char c)
{
	fmt_bytes(f, &c, 1);
}

/* Digits of `v` in `base`, padded to `width` with `pad`. */
static void number(struct fmt *f, uint64_t v, unsigned base, unsigned width, char pad)
{
	char digits[24];
	size_t n = sizeof digits;

	do {
		digits[--n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0 && n > 0);
	for (size_t len = sizeof digits - n; len < width && n > 0; len++)
		digits[--n] = pad;
	fmt_bytes(f, digits + n, sizeof digits - n);
}

void fmt_u64(struct fmt *f, uint64_t v)
{
	number(f, v, 10, 0, ' ');
}

void fmt_clean(struct fmt *f, struct slice s, size_t max)
{
	for (size_t i = 0; i < s.len && i < max; i++)
		fmt_char(f, s.p[i] >= 0x20 && s.p[i] < 0x7f ? (char)s.p[i] : '?');
}

/* One conversion after '%': its flags as read, then its argument. */
struct spec {
	char pad, kind;
	unsigned width, longs;
	bool starred;
};

static const char *spec_read(const char *p, struct spec *s)
{
	*s = (struct spec){ .pad = ' ' };
	if (*p == '0') {
		s->pad = '0';
		p++;
	}
	while (*p >= '0' && *p <= '9')
		s->width = s->width * 10 + (unsigned)(*p++ - '0');
	if (p[0] == '.' && p[1] == '*') {
		s->starred = true;
		p += 2;
	}
	for (; *p == 'l' || *p == 'z'; p++)
		s->longs += *p == 'z' ? 4 : 1;
	s->kind = *p;
	return *p != '\0' ? p + 1 : p;
}

static uint64_t arg_unsigned(const struct spec *s, va_list *ap)
{
	if (s->longs >= 4)
		return va_arg(*ap, size_t);
	if (s->longs == 2)
		return va_arg(*ap, unsigned long long);
	if (s->longs == 1)
		return va_arg(*ap, unsigned long);
	return va_arg(*ap, unsigned);
}

static int64_t arg_signed(const struct spec *s, va_list *ap)
{
	if (s->longs == 2)
		return va_arg(*ap, long long);
	if (s->longs == 1)
		return va_arg(*ap, long);
	return va_arg(*ap, int);
}

static void convert(struct fmt *f, const struct spec *s, va_list *ap)
{
	const char *text;
	int64_t v;
	int cut;

	switch (s->kind) {
	case 's':
		cut = s->starred ? va_arg(*ap, int) : -1;
		text = va_arg(*ap, const char *);
		fmt_bytes(f, text, cut >= 0 ? (size_t)cut : strlen(text));
		break;
	case 'c':
		fmt_char(f, (char)va_arg(*ap, int));
		break;
	case 'd':
		v = arg_signed(s, ap);
		if (v < 0)
			fmt_char(f, '-');
		number(f, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, s->width, s->pad);
		break;
	case 'u':
		number(f, arg_unsigned(s, ap), 10, s->width, s->pad);
		break;
	case 'x':
		number(f, arg_unsigned(s, ap), 16, s->width, s->pad);
		break;
	case '%':
		fmt_char(f, '%');
		break;
	default:
		fmt_char(f, '?');
		break;
	}
}

void fmt_vprintf(struct fmt *f, const char *format, va_list ap)
{
	struct spec s;
	va_list args;

	va_copy(args, ap);
	while (*format != '\0') {
		size_t plain = strcspn(format, "%");

		fmt_bytes(f, format, plain);
		format += plain;
		if (*format == '%') {
			format = spec_read(format + 1, &s);
			convert(f, &s, &args);
		}
	}
	va_end(args);
}

void fmt_printf(struct fmt *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fmt_vprintf(f, format, ap);
	va_end(ap);
}

struct slice fmt_result(const struct fmt *f)
{
	return slice_of(f->p, f->len);
}

const char *fmt_cstr(struct fmt *f)
{
	f->p[f->len < f->cap ? f->len : f->cap - 1] = '\0';
	return f->p;
}
