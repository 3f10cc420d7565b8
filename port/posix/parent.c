/*
 * parent.c - the privileged half (DECISIONS 3): binds ports, opens the files that the configuration
 * names, replaces the configuration file. It believes nothing that the child says, reads nothing
 * from the network, and ends with the child. The process that was started is this one: signals to
 * it are passed on.
 */
#include "posix.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define STOP_MS 9500 /* a child that has not ended by then is killed */

static bool restart_wanted, settling;
static uint64_t stop_ms;

static const char *text_of(const struct posix_request *q)
{
	return q->len > 0 && q->data[q->len - 1] == '\0' ? (const char *)q->data : NULL;
}

static int do_listen(const struct posix_request *q, int *fd)
{
	*fd = posix_bind(&q->addr);
	return *fd < 0 ? *fd : E_OK;
}

static int do_open(const struct posix_request *q, int *fd)
{
	const char *path = text_of(q);

	*fd = path != NULL ? posix_file_open_here(path) : E_ARG;
	return *fd < 0 ? *fd : E_OK;
}

static int do_exposed(const struct posix_request *q, int *fd)
{
	const char *path = text_of(q);

	(void)fd;
	return path != NULL ? posix_file_exposed_here(path) : E_ARG;
}

static int do_begin(const struct posix_request *q, int *fd)
{
	(void)q;
	(void)fd;
	return posix_replace_begin();
}

static int do_data(const struct posix_request *q, int *fd)
{
	(void)fd;
	return posix_replace_data(q->data, q->len);
}

static int do_commit(const struct posix_request *q, int *fd)
{
	(void)q;
	(void)fd;
	return posix_replace_commit();
}

static int do_ready(const struct posix_request *q, int *fd)
{
	(void)q;
	(void)fd;
	posix_notify("READY=1");
	settling = true;
	return E_OK;
}

static int do_restart(const struct posix_request *q, int *fd)
{
	(void)q;
	(void)fd;
	restart_wanted = true;
	return E_OK;
}

typedef int (*operation)(const struct posix_request *q, int *fd);
static const operation operations[POSIX_OPS] = {
	[POSIX_OP_LISTEN] = do_listen,
	[POSIX_OP_OPEN] = do_open,
	[POSIX_OP_EXPOSED] = do_exposed,
	[POSIX_OP_REPLACE_BEGIN] = do_begin,
	[POSIX_OP_REPLACE_DATA] = do_data,
	[POSIX_OP_REPLACE_COMMIT] = do_commit,
	[POSIX_OP_READY] = do_ready,
	[POSIX_OP_RESTART] = do_restart,
};

/* Serves one request. False when the child's end is gone. */
static bool serve(int sock)
{
	static struct posix_request request;
	struct posix_reply reply = { 0, E_ARG };
	int with, fd = -1;
	ssize_t n = posix_receive_fd(sock, &request, sizeof request, &with);

	if (with >= 0)
		close(with); /* nothing that we ask for */
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	if (n != (ssize_t)sizeof request)
		return true;
	reply.serial = request.serial;
	if (request.op < POSIX_OPS && request.len <= sizeof request.data)
		reply.result = operations[request.op](&request, &fd);
	memset(request.data, 0, sizeof request.data);
	(void)posix_send_fd(sock, &reply, sizeof reply, fd);
	if (fd >= 0)
		close(fd);
	return true;
}

static _Noreturn void end(int status)
{
	posix_control_unlink();
	posix_replace_drop();
	if (restart_wanted && stop_ms == 0)
		posix_restart_now();
	if (WIFSIGNALED(status)) {
		char number[8];
		struct posix_text t = { number, sizeof number, 0 };

		posix_put_number(&t, (uint64_t)WTERMSIG(status), 1);
		posix_say("the gateway's process was ended by signal ", number,
			"; the lines above may tell why");
		_exit(1);
	}
	_exit(WEXITSTATUS(status));
}

static void reap(pid_t child)
{
	int status;

	if (waitpid(child, &status, WNOHANG) == child)
		end(status);
}

static void handle_signal(int fd, pid_t child)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD) {
		reap(child);
	} else if (info.ssi_signo == SIGHUP) {
		posix_paths_scan();
		(void)kill(child, SIGHUP);
	} else {
		(void)kill(child, SIGTERM);
		if (stop_ms == 0)
			stop_ms = port_clock_ms() + STOP_MS;
	}
}

static int time_left(pid_t child)
{
	uint64_t now_ms;
	int status;

	if (stop_ms == 0)
		return -1;
	now_ms = port_clock_ms();
	if (now_ms < stop_ms)
		return (int)(stop_ms - now_ms);
	posix_say("the gateway's process did not end in time and was killed", "", "");
	(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	posix_control_unlink();
	_exit(1);
}

PORT_IDLE _Noreturn void posix_parent_run(int sock, pid_t child)
{
	struct pollfd fds[2] = { { .fd = sock, .events = POLLIN }, { .events = POLLIN } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[1].fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fds[1].fd < 0) {
		posix_say("no descriptor for signals", "", "");
		_exit(1); /* the child follows: its socket ends */
	}
	reap(child); /* it may have ended before its signal was blocked */
	for (;;) {
		int n;

		if (settling)
			posix_pages_give_back();
		settling = false;
		n = poll(fds, 2, time_left(child));

		if (n < 0 && errno != EINTR)
			_exit(1);
		if (n > 0 && fds[1].revents != 0)
			handle_signal(fds[1].fd, child);
		if (n > 0 && fds[0].revents != 0 && !serve(sock))
			fds[0].fd = -1; /* its SIGCHLD follows */
	}
}
