/*
 * test_posix_pages.c - after a start, and after a reload, code leaves memory until it runs again:
 * part of the memory budget of an idle gateway.
 */
#include "test_posix.h"

#include "posix.h"

#include <sys/mman.h>

/* Stands for the code of a start: a program as small as this has nearly all of its own in use. */
static const char code[256 * 1024] = { 1 };

static void run_everything(void)
{
	volatile const char *page = code;
	unsigned sum = 0;

	for (size_t at = 0; at < sizeof code; at += 4096)
		sum += (unsigned char)page[at];
	CHECK(sum == 1);
}

static long kb_of(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	CHECK(at != NULL);
	return strtol(at + strlen(what), NULL, 10);
}

/* Kilobytes of mapped files in memory; counted by the page, not by the kernel's lazy counters. */
static long mapped_kb(void)
{
	char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof text - 1);

	CHECK(n > 0);
	text[n] = '\0';
	close(fd);
	return kb_of(text, "\nRss:") - kb_of(text, "\nAnonymous:");
}

/* Whether the system brings back a few pages around the one that is needed, and not all of the file
 * at once, as Linux does where a file that was just written lies in large pieces: then nothing that
 * is given back stays away, and nothing can be seen. */
static bool comes_back_in_parts(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)code + page - 1) & ~(page - 1);
	long before;

	run_everything();
	CHECK(madvise((void *)begin, (sizeof code - 2 * page) & ~(page - 1), MADV_DONTNEED) == 0);
	before = mapped_kb();
	CHECK(*(volatile const char *)(begin + sizeof code / 2) == 0);
	return mapped_kb() - before <= 128;
}

static void waits_once(void)
{
	port_owner owner;
	long before;

	CHECK(port_start() == E_OK);
	run_everything();
	before = mapped_kb();
	CHECK(port_wait(1, &owner, 1) == 0);
	CHECK(mapped_kb() >= before);
	posix_settle();
	CHECK(port_wait(0, &owner, 1) == 0); /* does not sleep: there is more to do */
	CHECK(mapped_kb() >= before);
	CHECK(port_wait(1, &owner, 1) == 0);
	CHECK(mapped_kb() < before);
}

static void is_ready(void)
{
	port_owner owner;
	long before;

	CHECK(port_start() == E_OK);
	run_everything();
	before = mapped_kb();
	port_ready("ready");
	CHECK(port_wait(1, &owner, 1) == 0);
	CHECK(mapped_kb() < before);
}

static void is_told_to_reload(void)
{
	port_owner owner;
	long before;

	CHECK(port_start() == E_OK);
	run_everything();
	before = mapped_kb();
	CHECK(kill(getpid(), SIGHUP) == 0);
	CHECK(port_wait(1000, &owner, 1) == 0 && port_signals() == PORT_SIGNAL_RELOAD);
	CHECK(mapped_kb() >= before);
	CHECK(port_wait(1, &owner, 1) == 0);
	CHECK(mapped_kb() < before);
}

static void code_is_given_back_at_the_first_sleep(void **state)
{
	(void)state;
	if (!comes_back_in_parts())
		skip();
	assert_int_equal(run_child(waits_once), 0);
}

static void code_is_given_back_after_the_start(void **state)
{
	(void)state;
	if (!comes_back_in_parts())
		skip();
	assert_int_equal(run_child(is_ready), 0);
}

static void code_is_given_back_after_a_reload(void **state)
{
	(void)state;
	if (!comes_back_in_parts())
		skip();
	assert_int_equal(run_child(is_told_to_reload), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_is_given_back_at_the_first_sleep),
		cmocka_unit_test(code_is_given_back_after_the_start),
		cmocka_unit_test(code_is_given_back_after_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
