/*
 * sandbox.c - what a process can take away from itself (AR-01, AR-03, A-38): new rights by exec,
 * core dumps, further processes, and by Landlock all files but its own. The filter of system calls
 * stands in seccomp.c. What this system cannot do is logged once and remembered.
 */
#include "posix.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static char report[256] = "no sandbox";
static bool filtered;

const char *port_posix_sandbox(void)
{
	return report;
}

bool posix_may_exec(void)
{
	return !filtered;
}

#if defined(SYS_landlock_create_ruleset) && !POSIX_SANITIZED

/* linux/landlock.h, which older header packages lack. */
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4, FS_REMOVE_FILE = 1 << 5, FS_MAKE_CHAR = 1 << 6, FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8, FS_MAKE_SOCK = 1 << 9, FS_MAKE_FIFO = 1 << 10, FS_MAKE_BLOCK = 1 << 11,
	FS_MAKE_SYM = 1 << 12, FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15
};
enum { FS_ABI1 = FS_REFER - 1, RULE_PATH_BENEATH = 1, CREATE_VERSION = 1 };

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

static void allow_fd(int ruleset, int fd, uint64_t rights)
{
	struct beneath rule = { rights, fd };

	if (fd >= 0)
		(void)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

static void allow_path(int ruleset, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0) {
		allow_fd(ruleset, fd, rights);
		close(fd);
	}
}

/* The directory that holds a file. */
static void allow_holder(int ruleset, const char *path, uint64_t rights)
{
	char dir[POSIX_PATH_MAX];
	char *slash;

	if (path == NULL || !posix_copy(dir, sizeof dir, path))
		return;
	slash = strrchr(dir, '/');
	if (slash == NULL)
		(void)posix_copy(dir, sizeof dir, ".");
	else
		slash[slash == dir ? 1 : 0] = '\0';
	allow_path(ruleset, dir, rights);
}

const char *posix_landlock(const struct port_setup *setup, bool read_all)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	uint64_t handled = FS_ABI1, all, look = FS_READ_FILE | FS_READ_DIR;
	const char *why = NULL;
	int ruleset;

	if (abi < 1)
		return errno == ENOSYS ? "this kernel has no Landlock" : "Landlock is switched off";
	handled |= abi >= 2 ? FS_REFER : 0;
	handled |= abi >= 3 ? FS_TRUNCATE : 0;
	all = FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_FILE | FS_MAKE_REG |
		(handled & FS_TRUNCATE);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
	if (ruleset < 0)
		return "Landlock refused the rules";
	allow_fd(ruleset, posix_area_fd(PORT_STATE), all);
	allow_fd(ruleset, posix_area_fd(PORT_SPOOL), all);
	if (read_all) {
		/* Without a parent this process itself reads, and replaces its configuration. */
		allow_path(ruleset, "/", look);
		allow_holder(ruleset, setup->config_path, all);
		allow_holder(ruleset, setup->control_path, FS_REMOVE_FILE);
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		why = "Landlock refused to begin";
	close(ruleset);
	return why;
}

#else

const char *posix_landlock(const struct port_setup *setup, bool read_all)
{
	(void)setup;
	(void)read_all;
	return "built without Landlock";
}

#endif

static void note(struct posix_text *t, const char *what, const char *why)
{
	posix_put(t, t->len > 0 ? ", " : "");
	posix_put(t, what);
	if (why != NULL) {
		posix_put(t, " not in force (");
		posix_put(t, why);
		posix_put(t, ")");
	}
}

void posix_sandbox(const struct port_setup *setup, bool unprivileged_child)
{
	struct posix_text t = { report, sizeof report, 0 };
	struct rlimit none = { 0, 0 };
	const char *why[3];

	note(&t, "separate parent", unprivileged_child ? NULL :
		geteuid() == 0 ? "runs as root" : "not started as root");
	why[0] = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? NULL : "this kernel has none";
	note(&t, "no new privileges", why[0]);
	if (!POSIX_SANITIZED) {
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		(void)setrlimit(RLIMIT_NPROC, &none);
	}
	why[1] = posix_landlock(setup, !unprivileged_child);
	note(&t, "Landlock", why[1]);
	why[2] = posix_seccomp();
	note(&t, "system call filter", why[2]);
	filtered = why[2] == NULL;
	if (POSIX_SANITIZED)
		return; /* a build for tests says nothing of it */
	if (why[0] != NULL || why[1] != NULL || why[2] != NULL)
		posix_logf(PORT_LOG_WARN, "sandbox: ", report, "");
}
