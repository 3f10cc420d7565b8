/*
 * test_pool.c - pools: lowest slot first, counts, refusals, and a panic for what is not in use. A panic is
 * caught here in place of the port's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "port.h"

struct thing {
	uint64_t a;
	char b[13];
};

enum { COUNT = 67 };

POOL_DEFINE(things, struct thing, COUNT);
POOL_DEFINE(one, char, 1);

static jmp_buf caught;

_Noreturn void port_panic(const char *file, int line, const char *what)
{
	assert_non_null(what);
	longjmp(caught, 1);
}

static int fresh(void **state)
{
	pool_reset(&pool_things);
	pool_reset(&pool_one);
	return 0;
}

static void lowest_first_to_the_last(void **state)
{
	struct thing *all[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		all[i] = pool_get(&pool_things);
		assert_non_null(all[i]);
		assert_int_equal(pool_index(&pool_things, all[i]), i);
		assert_ptr_equal(pool_at(&pool_things, (uint16_t)i), all[i]);
		assert_int_equal(pool_things.now, i + 1);
	}
	assert_null(pool_get(&pool_things));
	assert_null(pool_get_raw(&pool_things));
	assert_int_equal(pool_things.refused, 2);
	pool_put(&pool_things, all[66]);
	pool_put(&pool_things, all[40]);
	pool_put(&pool_things, all[3]);
	assert_null(pool_at(&pool_things, 40));
	assert_ptr_equal(pool_get(&pool_things), all[3]);
	assert_ptr_equal(pool_get(&pool_things), all[40]);
	assert_ptr_equal(pool_get(&pool_things), all[66]);
	assert_int_equal(pool_things.peak, COUNT);
	assert_null(pool_at(&pool_things, COUNT));
	assert_null(pool_at(&pool_things, UINT16_MAX));
	for (unsigned i = 0; i < COUNT; i++)
		pool_put(&pool_things, all[i]);
	assert_int_equal(pool_things.now, 0);
	assert_int_equal(pool_things.peak, COUNT);
}

static void slots_come_zeroed(void **state)
{
	static const struct thing zero;
	struct thing *t = pool_get(&pool_things);

	assert_memory_equal(t, &zero, sizeof zero);
	memset(t, 0x5a, sizeof *t);
	pool_put(&pool_things, t);
	t = pool_get_raw(&pool_things);
	assert_int_equal((uint8_t)t->b[0], 0xdd); /* what was in it is gone */
	pool_put(&pool_things, t);
	t = pool_get(&pool_things);
	assert_memory_equal(t, &zero, sizeof zero);
}

static bool panics(struct pool *p, void *slot)
{
	if (setjmp(caught) != 0)
		return true;
	pool_put(p, slot);
	return false;
}

static void what_is_not_in_use_panics(void **state)
{
	struct thing *t = pool_get(&pool_things), elsewhere;
	char *c = pool_get(&pool_one);

	assert_true(panics(&pool_things, t + 1));              /* free */
	assert_true(panics(&pool_things, (char *)t + 1));      /* inside a slot */
	assert_true(panics(&pool_things, t + COUNT));          /* behind the pool */
	assert_true(panics(&pool_things, &elsewhere));
	assert_true(panics(&pool_things, c));
	assert_false(panics(&pool_things, t));
	assert_true(panics(&pool_things, t));                  /* twice */
	assert_int_equal(pool_things.now, 0);
	assert_false(panics(&pool_one, c));
}

static void reset_forgets(void **state)
{
	pool_get(&pool_one);
	assert_null(pool_get(&pool_one));
	pool_reset(&pool_one);
	assert_true(pool_one.now == 0 && pool_one.peak == 0 && pool_one.refused == 0);
	assert_null(pool_at(&pool_one, 0));
	assert_non_null(pool_get(&pool_one));
	assert_string_equal(pool_one.name, "one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lowest_first_to_the_last, fresh),
		cmocka_unit_test_setup(slots_come_zeroed, fresh),
		cmocka_unit_test_setup(what_is_not_in_use_panics, fresh),
		cmocka_unit_test_setup(reset_forgets, fresh),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
