/*
 * clock.c - monotonic time, wall time with its floor, and entropy. The floor (DECISIONS 10) is the
 * build date or the last time that was trusted, which the state area keeps in the object "clock" as
 * decimal seconds: written at most each twelve hours and at an orderly end.
 */
#include "posix.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#ifndef MAILWICKET_BUILD_DAY
#define MAILWICKET_BUILD_DAY 20400
#endif

#define DAY_S ((int64_t)86400)
#define SAVE_S (DAY_S / 2)
/* A saved time beyond this was a broken clock's; to believe it would end all trust for years. */
#define LATEST_S ((MAILWICKET_BUILD_DAY + 15 * 365) * DAY_S)

static const char name[] = "clock", temp[] = "~clock";
static int64_t floor_s = MAILWICKET_BUILD_DAY * DAY_S;
static int64_t saved_s;
static int urandom = -1;

PORT_IDLE uint64_t port_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int64_t wall_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec;
}

int port_time(int64_t *unix_s)
{
	int64_t now_s = wall_s();

	*unix_s = now_s < floor_s ? floor_s : now_s;
	return now_s < floor_s ? E_CLOCK : E_OK;
}

void posix_clock_load(void)
{
	char text[24];
	int64_t value = 0;
	ssize_t n;
	int fd = openat(posix_area_fd(PORT_STATE), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	n = read(fd, text, sizeof text);
	close(fd);
	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9' && value < LATEST_S; i++)
		value = value * 10 + (text[i] - '0');
	if (value > floor_s && value < LATEST_S)
		floor_s = value;
	saved_s = value;
}

void posix_clock_save(void)
{
	char text[24];
	struct posix_text t = { text, sizeof text, 0 };
	int64_t now_s = wall_s();
	int fd, dir = posix_area_fd(PORT_STATE);

	saved_s = now_s;
	if (dir < 0 || now_s < floor_s || now_s >= LATEST_S)
		return;
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	posix_put_number(&t, (uint64_t)now_s, 1);
	if (posix_write_all(fd, text, t.len) && fsync(fd) == 0)
		(void)renameat(dir, temp, dir, name);
	close(fd);
}

void posix_clock_tick(void)
{
	int64_t now_s = wall_s();

	if (now_s >= floor_s && (now_s - saved_s >= SAVE_S || now_s < saved_s))
		posix_clock_save();
}

int port_entropy(void *buf, size_t len)
{
	unsigned char *at = buf;

	while (len > 0) {
		/* Up to 256 bytes come whole or not at all. */
		size_t part = len < 256 ? len : 256;
		ssize_t n = urandom >= 0 ? read(urandom, at, part) : getrandom(at, part, GRND_NONBLOCK);

		if (n < 0 && errno == ENOSYS && urandom < 0) {
			urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
			if (urandom < 0)
				return E_AGAIN;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_AGAIN;
		at += n;
		len -= (size_t)n;
	}
	return E_OK;
}
