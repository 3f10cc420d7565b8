/*
 * text.c - text built in fixed space, and the few words that this port says itself.
 */
#include "posix.h"

void posix_put_len(struct posix_text *t, const char *s, size_t len)
{
	size_t room = t->cap - t->len - 1;

	if (len > room)
		len = room;
	memcpy(t->at + t->len, s, len);
	t->len += len;
	t->at[t->len] = '\0';
}

void posix_put(struct posix_text *t, const char *s)
{
	posix_put_len(t, s, strlen(s));
}

void posix_put_number(struct posix_text *t, uint64_t n, int digits)
{
	char text[20];
	size_t at = sizeof text;

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0 || (int)(sizeof text - at) < digits);
	posix_put_len(t, text + at, sizeof text - at);
}

/* RFC 3339, by the days-to-civil rule that counts years from March. */
void posix_put_time(struct posix_text *t, int64_t unix_s)
{
	uint64_t s = unix_s > 0 ? (uint64_t)unix_s : 0;
	uint64_t days = s / 86400 + 719468, era = days / 146097, doe = days % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	uint64_t month = mp < 10 ? mp + 3 : mp - 9;
	const struct { uint64_t n; int digits; const char *after; } parts[] = {
		{ yoe + era * 400 + (month <= 2 ? 1 : 0), 4, "-" }, { month, 2, "-" },
		{ doy - (153 * mp + 2) / 5 + 1, 2, "T" }, { s / 3600 % 24, 2, ":" },
		{ s / 60 % 60, 2, ":" }, { s % 60, 2, "Z" },
	};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		posix_put_number(t, parts[i].n, parts[i].digits);
		posix_put(t, parts[i].after);
	}
}

bool posix_copy(char *out, size_t cap, const char *s)
{
	size_t len = strlen(s);

	out[0] = '\0';
	if (len >= cap)
		return false;
	memcpy(out, s, len + 1);
	return true;
}

bool posix_write_all(int fd, const void *buf, size_t len)
{
	const char *at = buf;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

void posix_say(const char *a, const char *b, const char *c)
{
	char line[512];
	struct posix_text t = { line, sizeof line - 1, 0 };

	posix_put(&t, "mailwicket: ");
	posix_put(&t, a);
	posix_put(&t, b);
	posix_put(&t, c);
	line[t.len++] = '\n';
	(void)posix_write_all(STDERR_FILENO, line, t.len);
}

void posix_logf(enum port_level level, const char *a, const char *b, const char *c)
{
	char line[512];
	struct posix_text t = { line, sizeof line, 0 };

	posix_put(&t, a);
	posix_put(&t, b);
	posix_put(&t, c);
	port_log(level, line, t.len);
}
