/*
 * test_posix_file.c - files outside the store, the privileged parent and its child, and the sandbox
 * (DECISIONS 3, A-37, A-38, AR-01, AR-03, AR-04). Where the tests run without root's rights, those
 * that need a parent are skipped.
 */
#include "test_posix.h"

#include <sys/ptrace.h>

extern const char *port_posix_sandbox(void);

static int make_scratch(void **state)
{
	(void)state;
	scratch_make();
	put_file(in_scratch("conf"), "config gateway 'main'\n", 0600);
	put_file(in_scratch("listed"), "listed file", 0600);
	put_file(in_scratch("other"), "other file", 0644);
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

static int open_result(const char *name)
{
	struct port_file *f;
	uint64_t size, stamp;
	int result = port_file_open(in_scratch(name), &f, &size, &stamp);

	if (result == E_OK)
		port_file_close(f);
	return result;
}

static void expect_file(const char *name, const char *text)
{
	struct port_file *f;
	uint64_t size, stamp;
	char buf[128];
	int n;

	CHECK(port_file_open(in_scratch(name), &f, &size, &stamp) == E_OK);
	CHECK(size == strlen(text));
	n = port_file_read(f, 0, buf, sizeof buf);
	CHECK(n == (int)size && memcmp(buf, text, (size_t)n) == 0);
	CHECK(port_file_read(f, size - 1, buf, sizeof buf) == 1);
	CHECK(port_file_read(f, size, buf, sizeof buf) == 0);
	port_file_close(f);
}

/* ---- files, with and without a parent ---- */

static const char *user;

static void become(void)
{
	const char *files[] = { in_scratch("listed"), in_scratch("missing"), NULL };

	secured(user, files);
}

static void only_the_set_body(void)
{
	uint64_t size, first, second;
	struct port_file *f;

	become();
	if (user != NULL)
		CHECK(getuid() != 0 && geteuid() != 0 && getgid() != 0);
	expect_file("listed", "listed file");
	expect_file("conf", "config gateway 'main'\n");
	CHECK(open_result("missing") == E_NOENT);
	CHECK(open_result("other") == E_ACCESS);
	CHECK(open_result("never") == E_ACCESS);
	CHECK(port_file_open("/etc/shadow", &f, &size, &first) == E_ACCESS);
	CHECK(port_file_exposed(in_scratch("other")) == E_ACCESS);
	CHECK(port_file_exposed(in_scratch("listed")) == 0);
	for (int i = 0; i < BOARD_FILE_MAX; i++)
		CHECK(port_file_open(in_scratch("listed"), &f, &size, &first) == E_OK);
	CHECK(port_file_open(in_scratch("listed"), &f, &size, &second) == E_NOSLOT);
	port_file_close(f);
	CHECK(port_file_open(in_scratch("listed"), &f, &size, &second) == E_OK);
	CHECK(first == second);
}

static void only_files_of_the_set(void **state)
{
	(void)state;
	user = NULL;
	assert_int_equal(run_child(only_the_set_body), 0);
}

static void parent_refuses_unlisted_files(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	user = "nobody";
	assert_int_equal(run_child(only_the_set_body), 0);
}

static int go[2];

static void await_go(void)
{
	char byte;

	CHECK(read(go[0], &byte, 1) == 1);
}

static void say_ready(void)
{
	CHECK(write(go[0], "r", 1) == 1);
}

/* Starts `body` in the background; the pid of what a user would have started. */
static pid_t launch(void (*body)(void))
{
	pid_t child;
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go), 0);
	child = fork();
	if (child == 0) {
		close(go[1]);
		alarm(20);
		body();
		_exit(0);
	}
	close(go[0]);
	assert_int_equal(read(go[1], &byte, 1), 1);
	return child;
}

static int outcome(pid_t child)
{
	int status = 0;

	close(go[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reload_body(void)
{
	port_owner owner;
	uint64_t size, stamp;
	struct port_file *f;

	become();
	CHECK(open_result("other") == E_ACCESS);
	/* The console's commit names a file: that alone opens nothing. */
	say_ready();
	await_go();
	CHECK(open_result("other") == E_ACCESS);
	say_ready();
	while ((port_signals() & PORT_SIGNAL_RELOAD) == 0)
		(void)port_wait(5000, &owner, 1);
	expect_file("other", "other file");
	expect_file("two words", "second");
	CHECK(open_result("comment") == E_ACCESS);
	CHECK(port_file_open(in_scratch("loose"), &f, &size, &stamp) == E_ACCESS); /* */
	CHECK(port_file_exposed(in_scratch("loose")) ==
		(PORT_FILE_OTHERS_READ | PORT_FILE_OTHERS_WRITE));
	CHECK(port_file_exposed(in_scratch("other")) == PORT_FILE_OTHERS_READ);
	CHECK(port_file_open(in_scratch("fifo"), &f, &size, &stamp) == E_ACCESS);
	expect_file("listed", "listed file");
	say_ready();
	await_go(); /* the configuration is a link now */
	CHECK(open_result("conf") == E_ACCESS);
}

static void reload(void)
{
	char text[1024];
	pid_t child = launch(reload_body);
	char byte;

	put_file(in_scratch("two words"), "second", 0600);
	put_file(in_scratch("comment"), "x", 0600);
	put_file(in_scratch("loose"), "x", 0666);
	assert_int_equal(mkfifo(in_scratch("fifo"), 0600), 0);
	snprintf(text, sizeof text, "config gateway 'main'\n\toption trust '%s' # why\r\n"
		"# trust '%s'\n\tlist x \"%s\"\n\toption y %s\n\toption z '%s'",
		in_scratch("other"), in_scratch("comment"), in_scratch("two words"), in_scratch("fifo"),
		in_scratch("loose"));
	put_file(in_scratch("conf"), text, 0600);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(read(go[1], &byte, 1), 1);
	kill(child, SIGHUP);
	assert_int_equal(read(go[1], &byte, 1), 1);
	assert_int_equal(unlink(in_scratch("conf")), 0);
	assert_int_equal(symlink(in_scratch("other"), in_scratch("conf")), 0);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(outcome(child), 0);
}

static void hangup_takes_the_files_now_named(void **state)
{
	(void)state;
	user = NULL;
	reload();
	if (geteuid() == 0) {
		remove_scratch(NULL);
		make_scratch(NULL);
		user = "nobody";
		reload();
	}
}

static void loose_body(void)
{
	const char *why = NULL;
	const char *files[] = { in_scratch("listed"), NULL };

	CHECK(secure(NULL, files, &why) == E_ACCESS);
	CHECK(why != NULL && strstr(why, scratch) != NULL);
}

static void a_37_loose_files_are_refused_at_start(void **state)
{
	(void)state;
	assert_int_equal(chmod(in_scratch("listed"), 0666), 0);
	assert_int_equal(run_child(loose_body), 0);
	assert_int_equal(chmod(in_scratch("listed"), 0644), 0);
	assert_int_equal(chmod(in_scratch("conf"), 0602), 0);
	assert_int_equal(run_child(loose_body), 0);
	assert_int_equal(rename(in_scratch("conf"), in_scratch("real")), 0);
	assert_int_equal(chmod(in_scratch("real"), 0600), 0);
	assert_int_equal(symlink(in_scratch("real"), in_scratch("conf")), 0);
	assert_int_equal(run_child(loose_body), 0);
}

static char big[70000];

static void replace_body(void)
{
	become();
	CHECK(port_file_replace(in_scratch("listed"), "x", 1) == E_ACCESS);
	CHECK(port_file_replace(in_scratch("conf"), big, sizeof big) == E_OK);
	CHECK(port_file_replace(in_scratch("conf"), "short", 5) == E_OK);
	expect_file("conf", "short");
	CHECK(port_file_replace(in_scratch("conf"), big, sizeof big) == E_OK);
}

static void replace(void)
{
	static char got[sizeof big + 1];
	struct stat st;
	int fd;

	assert_int_equal(chmod(in_scratch("conf"), 0640), 0);
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)('a' + i * 7 % 26);
	assert_int_equal(run_child(replace_body), 0);
	fd = open(in_scratch("conf"), O_RDONLY);
	assert_int_equal(read(fd, got, sizeof got), sizeof big);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_memory_equal(got, big, sizeof big);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(access(in_scratch("conf.new~"), F_OK), -1);
}

static void configuration_is_replaced_whole(void **state)
{
	(void)state;
	user = NULL;
	replace();
	if (geteuid() == 0) {
		user = "nobody";
		replace();
	}
}

/* ---- the parent ---- */

static void bind_body(void)
{
	struct port_addr at = loopback4(0);
	struct port_listener *l;
	int result = E_INUSE;

	become();
	for (at.port = 1023; at.port > 900 && result == E_INUSE; at.port--)
		result = port_listen(&at, 5, &l);
	CHECK(result == E_OK);
	CHECK(port_listener_addr(l, &at) == E_OK);
	CHECK(at.port < 1024);
	close(dial(at.port));
	CHECK(reported(5, 2000));
	CHECK(port_listen(&at, 5, &l) == E_INUSE);
	CHECK(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
	CHECK(getuid() != 0);
}

static void ar_01_parent_binds_for_the_child(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	user = "nobody";
	assert_int_equal(run_child(bind_body), 0);
}

/* What a child that somebody took over might send. */
static void nonsense_body(void)
{
	static uint32_t words[512];
	struct port_addr at = loopback4(0);
	struct port_listener *l;
	int sock = -1, type = 0;
	socklen_t len;
	char reply[64];

	become();
	for (int fd = 3; fd < 64; fd++) {
		len = sizeof type;
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
			sock = fd;
	}
	CHECK(sock >= 0);
	for (int i = 0; i < 3000; i++) {
		size_t bytes = i % 3 == 0 ? (size_t)i % sizeof words + 1 : 1060; /* a request's size */

		CHECK(port_entropy(words, sizeof words) == E_OK);
		words[0] %= 10; /* most of them operations that there are … */
		words[2] %= 1030; /* … with lengths about what is allowed, and no end of text */
		if (words[0] == 7 || words[0] == 5)
			words[0] = 1; /* neither restart nor replace */
		if (send(sock, words, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			CHECK(errno == EAGAIN);
		while (recv(sock, reply, sizeof reply, MSG_DONTWAIT) > 0)
			continue;
	}
	expect_file("listed", "listed file");
	CHECK(open_result("other") == E_ACCESS);
	CHECK(port_listen(&at, 5, &l) == E_OK);
}

static void parent_survives_nonsense(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	user = "nobody";
	assert_int_equal(run_child(nonsense_body), 0);
	assert_int_equal(access(in_scratch("conf"), F_OK), 0);
}

static void stop_body(void)
{
	port_owner owner;

	become();
	say_ready();
	while ((port_signals() & PORT_SIGNAL_STOP) == 0)
		(void)port_wait(PORT_FOREVER, &owner, 1);
	exit(0);
}

static void stop_reaches_the_child(void **state)
{
	pid_t child;

	(void)state;
	for (int i = 0; i < 2; i++) {
		user = i == 0 ? NULL : "nobody";
		if (i == 1 && geteuid() != 0)
			break;
		child = launch(stop_body);
		assert_int_equal(access(in_scratch("control"), F_OK), 0);
		kill(child, SIGTERM);
		assert_int_equal(outcome(child), 0);
		assert_int_equal(access(in_scratch("control"), F_OK), -1); /* unlinked at the end */
	}
}

static void death_body(void)
{
	become();
	say_ready();
	await_go();
	port_panic("core.c", 7, "a pool is broken");
}

static void status_body(void)
{
	become();
	say_ready();
	await_go();
	_exit(42);
}

static void parent_ends_with_the_child(void **state)
{
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	user = "nobody";
	child = launch(death_body);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(outcome(child), 1);
	child = launch(status_body);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(outcome(child), 42);
	user = NULL;
	child = launch(death_body);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(outcome(child), 1000 + SIGABRT);
}

static void child_ends_with_the_parent(void **state)
{
	char byte;
	pid_t child;
	struct pollfd p;

	(void)state;
	if (geteuid() != 0)
		skip();
	user = "nobody";
	child = launch(stop_body);
	kill(child, SIGKILL);
	p = (struct pollfd){ .fd = go[1], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1); /* the child's copy is closed: it has ended */
	assert_int_equal(read(go[1], &byte, 1), 0);
	assert_int_equal(outcome(child), 1000 + SIGKILL);
}

static void no_such_user_body(void)
{
	const char *why = NULL;

	CHECK(secure("no-such-user-here", NULL, &why) == E_NOENT && why != NULL);
}

static void user_must_exist(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(run_child(no_such_user_body), 0);
}

static void restart_with_parent_body(void)
{
	setenv("MW_RESTARTED", in_scratch("restarted"), 1);
	become();
	port_restart();
}

static void plain_restart_body(void)
{
	char *const argv[] = { "test", NULL };

	setenv("MW_RESTARTED", in_scratch("restarted"), 1);
	execv("/proc/self/exe", argv);
	_exit(77);
}

static void restart_by_the_parent(void **state)
{
	(void)state;
	if (geteuid() != 0 || run_child(plain_restart_body) == 77)
		skip(); /* an emulator can't start itself again */
	assert_int_equal(unlink(in_scratch("restarted")), 0);
	user = "nobody";
	assert_int_equal(run_child(restart_with_parent_body), 0);
	assert_int_equal(access(in_scratch("restarted"), F_OK), 0);
}

/* ---- the sandbox ---- */

static bool filter_holds(void)
{
	return strstr(port_posix_sandbox(), "filter not") == NULL;
}

static bool landlock_holds(void)
{
	return strstr(port_posix_sandbox(), "Landlock not") == NULL;
}

static void exec_body(void)
{
	char *const argv[] = { "true", NULL };

	become();
	if (!filter_holds())
		_exit(77);
	execv("/bin/true", argv);
	_exit(1);
}

static void fork_body(void)
{
	become();
	if (!filter_holds())
		_exit(77);
	_exit(fork() == 0 ? 0 : 1);
}

static void ptrace_body(void)
{
	become();
	if (!filter_holds())
		_exit(77);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	_exit(1);
}

static void ar_04_exec_fork_ptrace_end_it(void **state)
{
	static void (*const bodies[])(void) = { exec_body, fork_body, ptrace_body };

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		int status;

		user = NULL;
		status = run_child(bodies[i]);
		if (status == 77)
			skip();
		assert_int_equal(status, 1000 + SIGSYS);
		if (geteuid() == 0) {
			user = "nobody";
			assert_int_equal(run_child(bodies[i]), 1);
		}
	}
}

static void sandbox_body(void)
{
	const char *elsewhere = in_scratch("../mw-posix-elsewhere");
	struct rlimit core;
	int fd;

	(void)unlink(elsewhere);
	become();
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == (filter_holds() ? -1 : 1));
	fd = open("/etc/passwd", O_RDONLY);
	if (landlock_holds())
		CHECK(user == NULL ? fd >= 0 : fd < 0); /* a child with a parent reads nothing itself */
	/* Without one it writes beside its configuration, and nowhere else. */
	CHECK((open(in_scratch("made"), O_WRONLY | O_CREAT, 0600) >= 0) == (user == NULL));
	CHECK(open(elsewhere, O_WRONLY | O_CREAT, 0600) < 0 || !landlock_holds());
	CHECK(open(in_scratch("state/x"), O_WRONLY | O_CREAT, 0600) >= 0);
	if (!filter_holds()) {
		CHECK(getrlimit(RLIMIT_CORE, &core) == 0);
		CHECK(core.rlim_cur == 0 && core.rlim_max == 0);
	} else {
		CHECK(socket(AF_INET, SOCK_RAW, 1) < 0 && socket(AF_PACKET, SOCK_RAW, 0) < 0);
		CHECK(mkdir(in_scratch("state/dir"), 0700) < 0);
	}
}

static void ar_03_files_and_calls_are_confined(void **state)
{
	(void)state;
	user = NULL;
	assert_int_equal(run_child(sandbox_body), 0);
	if (geteuid() == 0) {
		user = "nobody";
		assert_int_equal(run_child(sandbox_body), 0);
	}
	(void)unlink(in_scratch("../mw-posix-elsewhere"));
}

#define ON_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SCRATCH(only_files_of_the_set),
		ON_SCRATCH(parent_refuses_unlisted_files),
		ON_SCRATCH(hangup_takes_the_files_now_named),
		ON_SCRATCH(a_37_loose_files_are_refused_at_start),
		ON_SCRATCH(configuration_is_replaced_whole),
		ON_SCRATCH(ar_01_parent_binds_for_the_child),
		ON_SCRATCH(parent_survives_nonsense),
		ON_SCRATCH(stop_reaches_the_child),
		ON_SCRATCH(parent_ends_with_the_child),
		ON_SCRATCH(child_ends_with_the_parent),
		ON_SCRATCH(user_must_exist),
		ON_SCRATCH(restart_by_the_parent),
		ON_SCRATCH(ar_04_exec_fork_ptrace_end_it),
		ON_SCRATCH(ar_03_files_and_calls_are_confined),
	};
	const char *restarted = getenv("MW_RESTARTED");

	if (restarted != NULL) { /* this is the second life of restart_by_the_parent */
		put_file(restarted, "", 0600);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
