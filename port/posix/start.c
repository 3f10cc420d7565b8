/*
 * start.c - start, the loss of rights, and the end. port_secure() prepares all that needs root
 * (directories, control socket), then forks: this process goes on as the small parent, the child
 * becomes the user of the setup and returns to the core. See parent.c and sandbox.c.
 */
#include "posix.h"

#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define SPARE_DESCRIPTORS 96

static pid_t secured_pid;
static bool control_is_ours;

static void limits(void)
{
	struct rlimit none = { 0, 0 }, files;
	rlim_t wanted = BOARD_TCP_MAX + BOARD_LISTENER_MAX + BOARD_UDP_MAX + BOARD_OBJECT_MAX +
		BOARD_FILE_MAX + BOARD_CONSOLE_MAX + SPARE_DESCRIPTORS;

	(void)setrlimit(RLIMIT_CORE, &none);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

int port_start(void)
{
	struct sigaction ignore;

	/* A closed 0, 1 or 2 would become somebody's connection. */
	for (int fd = 0; fd <= 2;) {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0 || fd > 2) {
			if (fd > 2)
				close(fd);
			break;
		}
	}
	umask(077);
	limits();
	memset(&ignore, 0, sizeof ignore);
	ignore.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	posix_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (posix_epoll < 0)
		return E_IO;
	posix_restart_prepare();
	posix_reserve_fill();
	return posix_signals_open();
}

/* What is written at an orderly end. A forked copy of this process leaves it alone. */
static void at_end(void)
{
	if (getpid() != secured_pid)
		return;
	posix_clock_save();
	if (control_is_ours)
		posix_control_unlink();
}

/* Why the start ends, in three pieces. */
static int refuse(const char **why, int result, const char *a, const char *b, const char *c)
{
	static char text[POSIX_PATH_MAX + 80];
	struct posix_text t = { text, sizeof text, 0 };

	posix_put(&t, a);
	posix_put(&t, b);
	posix_put(&t, c);
	*why = text;
	return result;
}

/* The files that are read with full rights must be nobody else's to write. */
static int check_files(const struct port_setup *setup, const char **why)
{
	const char *bad = setup->config_path, *reason = " is a symbolic link; name the file itself";
	struct stat st;

	if (bad == NULL || lstat(bad, &st) != 0 || !S_ISLNK(st.st_mode)) {
		bad = NULL;
		reason = " may be written by everybody; take that right away (chmod o-w)";
		if (setup->config_path != NULL && stat(setup->config_path, &st) == 0 &&
				(st.st_mode & S_IWOTH) != 0)
			bad = setup->config_path;
		for (size_t i = 0; setup->files != NULL && setup->files[i] != NULL && bad == NULL; i++) {
			if (stat(setup->files[i], &st) == 0 && S_ISREG(st.st_mode) &&
					(st.st_mode & S_IWOTH) != 0)
				bad = setup->files[i];
		}
	}
	return bad == NULL ? E_OK : refuse(why, E_ACCESS, bad, reason, "");
}

static int open_areas(const struct port_setup *setup, bool drop, uint32_t uid, uint32_t gid,
	const char **why)
{
	const char *paths[2] = { [PORT_STATE] = setup->state_path, [PORT_SPOOL] = setup->spool_path };

	for (int i = 0; i < 2; i++) {
		int result = E_OK;

		if (paths[i] != NULL)
			result = posix_area_open((enum port_area)i, paths[i], drop, uid, gid);
		if (result != E_OK)
			return refuse(why, result, "the ", i == PORT_STATE ? "state" : "spool",
				result == E_ACCESS ? " directory belongs to somebody else and is not empty, or "
				"cannot be written; give it to the gateway's user (chown)" :
				" directory cannot be made or used");
	}
	return E_OK;
}

static int open_control(const struct port_setup *setup, bool root, const char **why)
{
	int result = setup->control_path != NULL ? posix_control_open(setup->control_path, root) : E_OK;

	if (result == E_INUSE)
		*why = "another gateway answers on the control socket";
	else if (result != E_OK)
		*why = "the control socket cannot be made; look at its directory's rights";
	return result == E_INUSE ? E_ACCESS : result;
}

/* In the child: becomes the user, for good. */
static int drop_rights(uint32_t uid, uint32_t gid, pid_t parent, const char **why)
{
	*why = "the rights of root could not be given up";
	if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
		return E_ACCESS;
	if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid)
		return E_ACCESS;
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
		return E_ACCESS;
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != parent)
		return E_IO;
	*why = NULL;
	return E_OK;
}

/* Parent and child part here; only the child returns. */
static int split(uint32_t uid, uint32_t gid, const char **why)
{
	pid_t parent = getpid(), child;
	int pair[2];

	*why = "no second process could be started";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return E_IO;
	child = fork();
	if (child < 0)
		return E_IO;
	if (child > 0) {
		close(pair[1]);
		posix_control_close();
		close(posix_epoll);
		posix_parent_run(pair[0], child);
	}
	close(pair[0]);
	if (posix_signals_open() != E_OK || posix_rpc_start(pair[1]) != E_OK)
		return E_IO;
	return drop_rights(uid, gid, parent, why);
}

int port_secure(const struct port_setup *setup, const char **why)
{
	bool root = geteuid() == 0, drop = false;
	uint32_t uid = (uint32_t)getuid(), gid = (uint32_t)getgid();
	int result;

	*why = NULL;
	if (root && setup->user != NULL && strcmp(setup->user, "root") != 0) {
		if (!posix_user_find(setup->user, &uid, &gid)) {
			*why = "the user that the gateway shall become does not exist (option user)";
			return E_NOENT;
		}
		drop = uid != 0;
	}
	result = check_files(setup, why);
	if (result != E_OK)
		return result;
	posix_file_group(gid);
	if (!posix_paths_set(setup->config_path, setup->files)) {
		*why = "the configuration names too many files, or one with a path that is too long";
		return E_ACCESS;
	}
	result = open_areas(setup, drop, uid, gid, why);
	if (result == E_OK)
		result = open_control(setup, root, why);
	if (result == E_OK && drop)
		result = split(uid, gid, why);
	if (result != E_OK)
		return result;
	control_is_ours = !drop;
	secured_pid = getpid();
	if (atexit(at_end) != 0 || posix_control_watch() != E_OK) {
		*why = "the control socket cannot be watched";
		return E_IO;
	}
	posix_clock_load();
	posix_sandbox(setup, drop);
	posix_secured();
	return E_OK;
}
