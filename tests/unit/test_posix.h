/*
 * test_posix.h - what the tests of the POSIX port share. The port is one of a process and its
 * sandbox can't be undone, so every test that secures it runs in a process of its own.
 */
#ifndef TEST_POSIX_H
#define TEST_POSIX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "port.h"

#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)

static inline void check(bool holds, const char *file, int line, const char *what)
{
	if (holds)
		return;
	dprintf(2, "%s:%d: %s does not hold (errno %d)\n", file, line, what, errno);
	_exit(99);
}

/* Runs `body` in a process of its own, 20 seconds at most. Its exit status, or 1000 + signal. */
static inline int run_child(void (*body)(void))
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		alarm(20);
		body();
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A directory of this test, removed by scratch_remove(). */
static char scratch[64];

static inline void scratch_make(void)
{
	snprintf(scratch, sizeof scratch, "/tmp/mw-posix-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	assert_int_equal(chmod(scratch, 0755), 0);
}

static inline void scratch_remove(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", scratch);
	assert_int_equal(system(command), 0);
}

/* A path in it; four of them live at a time. */
static inline const char *in_scratch(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
	return path;
}

static inline void put_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

/* Starts and secures the port in the scratch directory; returns the result of port_secure(). */
static inline int secure(const char *user, const char *const *files, const char **why)
{
	struct port_setup setup = {
		.config_path = in_scratch("conf"),
		.state_path = in_scratch("state"),
		.spool_path = in_scratch("spool"),
		.control_path = in_scratch("control"),
		.user = user,
		.files = files,
	};

	CHECK(port_start() == E_OK);
	return port_secure(&setup, why);
}

static inline void secured(const char *user, const char *const *files)
{
	const char *why = NULL;
	int result = secure(user, files, &why);

	if (result != E_OK)
		dprintf(2, "port_secure: %d %s\n", result, why != NULL ? why : "");
	CHECK(result == E_OK);
}

static inline struct port_addr loopback4(uint16_t port)
{
	struct port_addr a = { .ip = { [10] = 0xff, 0xff, 127, 0, 0, 1 }, .port = port };

	return a;
}

static inline struct port_addr loopback6(uint16_t port)
{
	struct port_addr a = { .ip = { [15] = 1 }, .port = port };

	return a;
}

/* A plain blocking client of 127.0.0.1. */
static inline int dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
	return fd;
}

/* Waits until `owner` is reported, `ms` at most. */
static inline bool reported(port_owner owner, int ms)
{
	uint64_t end = port_clock_ms() + (uint64_t)ms;
	port_owner owners[16];

	for (uint64_t now = port_clock_ms(); now <= end; now = port_clock_ms()) {
		int n = port_wait((uint32_t)(end - now), owners, 16);

		for (int i = 0; i < n; i++) {
			if (owners[i] == owner)
				return true;
		}
	}
	return false;
}

#endif
