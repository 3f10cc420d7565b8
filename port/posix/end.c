/*
 * end.c - words to the supervisor, starting again, and the last words of a broken core.
 */
#include "posix.h"

#include <signal.h>
#include <stdlib.h>

#define WORDS_MAX 16

static char words[1024];
static size_t words_len;

void posix_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	union posix_sockaddr addr;
	size_t len = path != NULL ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof addr.local.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memset(&addr, 0, sizeof addr);
	addr.local.sun_family = AF_UNIX;
	memcpy(addr.local.sun_path, path, len);
	if (path[0] == '@')
		addr.local.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, &addr.any,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

void port_ready(const char *line)
{
	(void)posix_write_all(STDERR_FILENO, line, strlen(line));
	(void)posix_write_all(STDERR_FILENO, "\n", 1);
	if (posix_has_parent())
		(void)posix_ask(POSIX_OP_READY, NULL, 0, NULL, NULL);
	else
		posix_notify("READY=1");
	posix_settle();
}

void port_print(bool error, const char *text, size_t len)
{
	(void)posix_write_all(error ? STDERR_FILENO : STDOUT_FILENO, text, len);
}

void posix_restart_prepare(void)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, words, sizeof words);
	close(fd);
	/* Words that were cut are none: another command line would be another program. */
	words_len = n > 0 && (size_t)n < sizeof words && words[n - 1] == '\0' ? (size_t)n : 0;
}

_Noreturn void posix_restart_now(void)
{
	char *argv[WORDS_MAX + 1];
	size_t count = 0;
	sigset_t none;

	for (size_t at = 0; at < words_len && count < WORDS_MAX; at += strlen(words + at) + 1)
		argv[count++] = words + at;
	argv[count] = NULL;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (count > 0)
		(void)execve("/proc/self/exe", argv, environ);
	posix_say("the program could not be started again", "", "");
	_exit(1);
}

_Noreturn void port_restart(void)
{
	posix_clock_save();
	if (posix_has_parent()) {
		(void)posix_ask(POSIX_OP_RESTART, NULL, 0, NULL, NULL);
		_exit(0);
	}
	posix_control_unlink();
	if (posix_may_exec())
		posix_restart_now();
	posix_say("ends, so that its supervisor starts it again", "", "");
	_exit(1);
}

_Noreturn void port_panic(const char *file, int line, const char *what)
{
	char place[160];
	struct posix_text t = { place, sizeof place, 0 };

	posix_put(&t, file);
	posix_put(&t, ":");
	posix_put_number(&t, line > 0 ? (uint64_t)line : 0, 1);
	posix_put(&t, ": ");
	posix_say(place, what, "");
	abort();
}
