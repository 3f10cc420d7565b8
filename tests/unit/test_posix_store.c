/*
 * test_posix_store.c - objects that appear whole or not at all, the lock, the order of names, the
 * directories' rights, and the clock's floor (DECISIONS 10) of the POSIX port.
 */
#include "test_posix.h"

static int make_scratch(void **state)
{
	(void)state;
	scratch_make();
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

static void write_object(const char *name, const char *text)
{
	struct port_object *o;

	CHECK(port_store_create(PORT_SPOOL, name, 1, &o) == E_OK);
	CHECK(port_store_append(o, text, strlen(text)) == (int)strlen(text));
	CHECK(port_store_commit(o) == E_OK);
}

static void expect_object(const char *name, const char *text)
{
	struct port_object *o;
	char buf[256];
	uint64_t size;
	int n;

	CHECK(port_store_open(PORT_SPOOL, name, 1, &o, &size) == E_OK);
	CHECK(size == strlen(text));
	n = port_store_read(o, 0, buf, sizeof buf);
	CHECK(n == (int)strlen(text) && memcmp(buf, text, (size_t)n) == 0);
	CHECK(port_store_read(o, size, buf, sizeof buf) == 0);
	port_store_drop(o);
}

static int entries(const char *dir)
{
	char command[160];

	snprintf(command, sizeof command, "exit $(ls -A '%s' | wc -l)", in_scratch(dir));
	return WEXITSTATUS(system(command));
}

static void whole_or_not_at_all_body(void)
{
	struct port_object *o, *p;
	char name[PORT_NAME_MAX + 1] = "";
	uint64_t size;

	secured(NULL, NULL);
	CHECK(port_store_create(PORT_SPOOL, "one", 1, &o) == E_OK);
	CHECK(port_store_append(o, "first ", 6) == 6);
	CHECK(port_store_sync(o) == E_OK);
	CHECK(port_store_open(PORT_SPOOL, "one", 1, &p, &size) == E_NOENT);
	CHECK(port_store_next(PORT_SPOOL, name) == E_NOENT);
	CHECK(port_store_append(o, "light", 5) == 5);
	CHECK(port_store_commit(o) == E_OK);
	expect_object("one", "first light");

	CHECK(port_store_create(PORT_SPOOL, "one", 1, &o) == E_OK);
	CHECK(port_store_append(o, "second", 6) == 6);
	expect_object("one", "first light");
	port_store_drop(o);
	expect_object("one", "first light");
	write_object("one", "third");
	expect_object("one", "third");

	CHECK(port_store_extend(PORT_SPOOL, "one", 1, &o, &size) == E_OK && size == 5);
	CHECK(port_store_append(o, " and more", 9) == 9);
	CHECK(port_store_sync(o) == E_OK);
	port_store_drop(o);
	expect_object("one", "third and more");

	write_object("two", "x");
	CHECK(port_store_rename(PORT_SPOOL, "one", "two") == E_EXIST);
	CHECK(port_store_rename(PORT_SPOOL, "none", "three") == E_NOENT);
	CHECK(port_store_rename(PORT_SPOOL, "one", "three") == E_OK);
	expect_object("three", "third and more");
	CHECK(port_store_remove(PORT_SPOOL, "two") == E_OK);
	CHECK(port_store_remove(PORT_SPOOL, "two") == E_NOENT);
	CHECK(port_store_free(PORT_SPOOL, &size) == E_OK && size > 0);
	CHECK(port_store_open(PORT_STATE, "three", 1, &o, &size) == E_NOENT);
}

static void whole_or_not_at_all(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(run_child(whole_or_not_at_all_body), 0);
	assert_int_equal(entries("spool"), 2); /* the object and the lock */
	assert_int_equal(stat(in_scratch("spool"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(in_scratch("spool/three"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void names_body(void)
{
	static const char *const bad[] = {
		"", ".", "..", "a/b", "../x", "~lock", "~1.0", "a b", "\xc3\xa4",
		"1234567890123456789012345678901234567890123456789",
	};
	struct port_object *o;
	uint64_t size;

	secured(NULL, NULL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK(port_store_create(PORT_SPOOL, bad[i], 1, &o) == E_ARG);
		CHECK(port_store_open(PORT_SPOOL, bad[i], 1, &o, &size) == E_NOENT);
		CHECK(port_store_remove(PORT_SPOOL, bad[i]) == E_NOENT);
		CHECK(port_store_rename(PORT_SPOOL, bad[i], "x") == E_NOENT);
	}
	write_object("123456789012345678901234567890123456789012345678", "longest");
	write_object(".dot-_A9", "x");
	expect_object("123456789012345678901234567890123456789012345678", "longest");
	for (int i = 0; i < BOARD_OBJECT_MAX; i++)
		CHECK(port_store_create(PORT_SPOOL, "many", 1, &o) == E_OK);
	CHECK(port_store_create(PORT_SPOOL, "many", 1, &o) == E_NOSLOT);
	CHECK(port_store_open(PORT_SPOOL, ".dot-_A9", 1, &o, &size) == E_NOSLOT);
}

static void names_and_slots(void **state)
{
	(void)state;
	assert_int_equal(run_child(names_body), 0);
}

static void order_body(void)
{
	char name[PORT_NAME_MAX + 1] = "", last[PORT_NAME_MAX + 1] = "";
	int n = 0;

	secured(NULL, NULL);
	for (int i = 0; i < 200; i++) { /* in another order than that of their names */
		snprintf(name, sizeof name, "m%03d", i * 73 % 200);
		write_object(name, "x");
	}
	name[0] = '\0';
	for (; port_store_next(PORT_SPOOL, name) == E_OK; n++) {
		CHECK(strcmp(last, name) < 0);
		memcpy(last, name, sizeof last);
	}
	CHECK(n == 200);
	name[0] = '\0'; /* each second one goes while the list is walked, and the one after it too */
	n = 0;
	while (port_store_next(PORT_SPOOL, name) == E_OK) {
		int number = atoi(name + 1);
		char other[PORT_NAME_MAX + 1];

		snprintf(other, sizeof other, "m%03d", number + 1);
		CHECK(number % 4 == 0);
		CHECK(port_store_remove(PORT_SPOOL, other) == E_OK);
		snprintf(other, sizeof other, "m%03d", number + 2);
		CHECK(port_store_remove(PORT_SPOOL, other) == E_OK);
		snprintf(other, sizeof other, "m%03d", number + 3);
		CHECK(port_store_remove(PORT_SPOOL, other) == E_OK);
		CHECK(port_store_remove(PORT_SPOOL, name) == E_OK);
		n++;
	}
	CHECK(n == 50);
	write_object("b", "x");
	memcpy(name, "a", 2);
	CHECK(port_store_next(PORT_SPOOL, name) == E_OK && strcmp(name, "b") == 0);
	write_object("c", "x"); /* appears behind the place where the walk stands */
	CHECK(port_store_next(PORT_SPOOL, name) == E_OK && strcmp(name, "c") == 0);
	CHECK(port_store_next(PORT_SPOOL, name) == E_NOENT);
}

static void names_come_in_order(void **state)
{
	(void)state;
	assert_int_equal(run_child(order_body), 0);
}

/* ---- a process that dies between the steps (the filter leaves it no other signal) ---- */

static int cut_after;

static void cut_body(void)
{
	struct port_object *o;

	secured(NULL, NULL);
	CHECK(port_store_lock(PORT_SPOOL) == E_OK);
	if (cut_after == 0)
		abort();
	CHECK(port_store_create(PORT_SPOOL, "mail", 1, &o) == E_OK);
	if (cut_after == 1)
		abort();
	CHECK(port_store_append(o, "new", 3) == 3);
	if (cut_after == 2)
		abort();
	CHECK(port_store_sync(o) == E_OK);
	if (cut_after == 3)
		abort();
	CHECK(port_store_commit(o) == E_OK);
	abort();
}

static void after_cut_body(void)
{
	char name[PORT_NAME_MAX + 1] = "";

	secured(NULL, NULL);
	CHECK(port_store_next(PORT_SPOOL, name) == E_OK && strcmp(name, "mail") == 0);
	CHECK(port_store_next(PORT_SPOOL, name) == E_NOENT);
	CHECK(port_store_lock(PORT_SPOOL) == E_OK);
	expect_object("mail", cut_after < 4 ? "old" : "new");
}

static void before_cut_body(void)
{
	secured(NULL, NULL);
	write_object("mail", "old");
}

static void dies_between_steps(void **state)
{
	(void)state;
	assert_int_equal(run_child(before_cut_body), 0);
	for (cut_after = 0; cut_after <= 4; cut_after++) {
		assert_int_equal(run_child(cut_body), 1000 + SIGABRT);
		assert_int_equal(run_child(after_cut_body), 0);
		assert_int_equal(entries("spool"), 2); /* the object and the lock: no leftovers */
	}
}

static void full_body(void)
{
	struct port_object *o;
	char block[3000];

	memset(block, 'x', sizeof block);
	secured(NULL, NULL);
	CHECK(port_store_create(PORT_SPOOL, "big", 1, &o) == E_OK);
	CHECK(port_store_append(o, block, sizeof block) == (int)sizeof block);
	CHECK(port_store_append(o, block, sizeof block) == E_FULL);
	CHECK(port_store_append(o, "x", 1) == E_IO);
	CHECK(port_store_sync(o) == E_IO);
	CHECK(port_store_commit(o) == E_IO);
}

static void full_limited_body(void)
{
	struct rlimit small = { 4096, 4096 };

	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0); /* the system's answer is that of a full disk */
	full_body();
}

static void full_storage(void **state)
{
	(void)state;
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
	skip();
#endif
#endif
	assert_int_equal(run_child(full_limited_body), 0);
	assert_int_equal(entries("spool"), 1);
}

/* ---- the lock ---- */

static int told[2];

static void holder_body(void)
{
	secured(NULL, NULL);
	CHECK(port_store_lock(PORT_STATE) == E_OK);
	CHECK(port_store_lock(PORT_STATE) == E_OK);
	CHECK(write(told[1], "x", 1) == 1);
}

static void hold_on_body(void)
{
	holder_body();
	for (;;)
		sleep(20); /* until the test ends us */
}

static void second_body(void)
{
	struct port_setup setup = { .state_path = in_scratch("state") };
	const char *why;

	CHECK(port_start() == E_OK);
	CHECK(port_secure(&setup, &why) == E_OK);
	CHECK(port_store_lock(PORT_STATE) == E_INUSE);
}

static void one_process_has_the_area(void **state)
{
	int status;
	char byte;
	pid_t holder;

	(void)state;
	assert_int_equal(pipe(told), 0);
	holder = fork();
	if (holder == 0) {
		alarm(20);
		hold_on_body();
	}
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_int_equal(run_child(second_body), 0);
	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	assert_int_equal(run_child(holder_body), 0); /* a dead holder's lock is none */
	close(told[0]);
	close(told[1]);
}

/* ---- rights of directories ---- */

static void refused_body(void)
{
	const char *why = NULL;

	CHECK(secure("nobody", NULL, &why) == E_ACCESS);
	CHECK(why != NULL && strstr(why, "chown") != NULL);
}

static void accepted_body(void)
{
	secured("nobody", NULL);
	write_object("x", "y");
	expect_object("x", "y");
}

static void foreign_directories_are_left_alone(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	/* What stands in a directory that was never ours might be /etc. */
	assert_int_equal(mkdir(in_scratch("state"), 0755), 0);
	put_file(in_scratch("state/passwd"), "x", 0644);
	assert_int_equal(run_child(refused_body), 0);
	assert_int_equal(stat(in_scratch("state"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	/* An empty one is taken, and one that held our lock with all in it. */
	assert_int_equal(unlink(in_scratch("state/passwd")), 0);
	assert_int_equal(mkdir(in_scratch("spool"), 0755), 0);
	put_file(in_scratch("spool/~lock"), "", 0600);
	put_file(in_scratch("spool/old"), "kept", 0600);
	assert_int_equal(run_child(accepted_body), 0);
	assert_int_equal(stat(in_scratch("state"), &st), 0);
	assert_int_not_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(in_scratch("spool/old"), &st), 0);
	assert_int_not_equal(st.st_uid, 0);
}

/* ---- the clock's floor ---- */

static void clock_body(void)
{
	int64_t now;

	secured(NULL, NULL);
	CHECK(port_time(&now) == E_OK);
	exit(0); /* an orderly end writes the clock */
}

static void clock_ahead_body(void)
{
	int64_t now, floor = time(NULL) + 86400;

	secured(NULL, NULL);
	CHECK(port_time(&now) == E_CLOCK);
	CHECK(now >= floor - 60 && now <= floor + 60);
	exit(0);
}

static void d_10_floor_of_the_clock(void **state)
{
	char text[32];
	FILE *f;

	(void)state;
	assert_int_equal(run_child(clock_body), 0);
	f = fopen(in_scratch("state/clock"), "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_in_range(atoll(text), time(NULL) - 60, time(NULL) + 1);
	/* A saved time that lies ahead: the clock was set back and is not to be trusted. */
	snprintf(text, sizeof text, "%lld", (long long)time(NULL) + 86400);
	put_file(in_scratch("state/clock"), text, 0600);
	assert_int_equal(run_child(clock_ahead_body), 0);
	/* … and it stays the floor for the next start. */
	assert_int_equal(run_child(clock_ahead_body), 0);
	put_file(in_scratch("state/clock"), "9999999999", 0600); /* a broken clock's */
	assert_int_equal(run_child(clock_body), 0);
}

#define ON_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SCRATCH(whole_or_not_at_all),
		ON_SCRATCH(names_and_slots),
		ON_SCRATCH(names_come_in_order),
		ON_SCRATCH(dies_between_steps),
		ON_SCRATCH(full_storage),
		ON_SCRATCH(one_process_has_the_area),
		ON_SCRATCH(foreign_directories_are_left_alone),
		ON_SCRATCH(d_10_floor_of_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
