/*
 * test_waiter.c - the due set and the waiting lists: once each, first come first served, and nothing left
 * behind. A panic is caught here in place of the port's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/waiter.h"
#include "board.h"

static jmp_buf caught;

_Noreturn void port_panic(const char *file, int line, const char *what)
{
	longjmp(caught, 1);
}

static int fresh(void **state)
{
	due_reset();
	return 0;
}

static void owners(void **state)
{
	assert_int_equal(owner_of(OWNER_NONE, 0), PORT_OWNER_NONE);
	for (int kind = OWNER_NONE; kind < OWNER_KINDS; kind++)
		for (unsigned index = 0; index < 0x10000; index += 257) {
			port_owner o = owner_of((enum owner_kind)kind, (uint16_t)index);

			assert_int_equal(owner_kind(o), kind);
			assert_int_equal(owner_index(o), index);
		}
}

static void due_once_and_in_order(void **state)
{
	const port_owner a = owner_of(OWNER_SESSION, 0), b = owner_of(OWNER_DNS, 0),
		c = owner_of(OWNER_SESSION, BOARD_SESSIONS - 1);
	port_owner out;

	assert_false(due_any() || due_take(&out));
	due_mark(PORT_OWNER_NONE);
	assert_false(due_any());
	due_mark(c);
	due_mark(a);
	due_mark(b);
	due_mark(a);
	due_mark(c);
	assert_true(due_take(&out) && out == c);
	due_mark(c); /* again, behind the others */
	assert_true(due_take(&out) && out == a);
	assert_true(due_take(&out) && out == b);
	assert_true(due_any());
	assert_true(due_take(&out) && out == c);
	assert_false(due_any() || due_take(&out));
	due_mark(a);
	due_reset();
	assert_false(due_any());
	due_mark(a);
	assert_true(due_take(&out) && out == a);
}

/* Every owner there is fits at once, round after round. */
static void all_owners_fit(void **state)
{
	static const uint16_t counts[OWNER_KINDS] = { 0, BOARD_SESSIONS, BOARD_LISTENERS, BOARD_CONSOLES,
		BOARD_DNS_QUERIES, OWNER_SERVICES };

	for (int round = 0; round < 3; round++) {
		port_owner out;

		for (int again = 0; again < 2; again++)
			for (int kind = 1; kind < OWNER_KINDS; kind++)
				for (uint16_t i = 0; i < counts[kind]; i++)
					due_mark(owner_of((enum owner_kind)kind, i));
		for (int kind = 1; kind < OWNER_KINDS; kind++)
			for (uint16_t i = 0; i < counts[kind]; i++)
				assert_true(due_take(&out) && out == owner_of((enum owner_kind)kind, i));
		assert_false(due_any());
		due_mark(owner_of(OWNER_SERVICE, (uint16_t)round)); /* the ring does not start at 0 */
		assert_true(due_take(&out));
	}
}

static bool panics(port_owner owner)
{
	if (setjmp(caught) != 0)
		return true;
	due_mark(owner);
	return false;
}

static void owners_out_of_range_panic(void **state)
{
	assert_true(panics(owner_of(OWNER_SESSION, BOARD_SESSIONS)));
	assert_true(panics(owner_of(OWNER_DNS, BOARD_DNS_QUERIES)));
	assert_true(panics(owner_of(OWNER_SERVICE, OWNER_SERVICES)));
	assert_true(panics(owner_of(OWNER_KINDS, 0)));
	assert_false(due_any());
}

static void first_come_first_served(void **state)
{
	struct waiter_list list = { NULL, NULL };
	struct waiter w[3] = { { NULL, NULL, NULL, 0 } };
	port_owner out;

	assert_true(waiter_turn(&list, &w[0]));
	waiter_wake(&list);
	assert_false(due_any());
	for (uint16_t i = 0; i < 3; i++)
		waiter_join(&list, &w[i], owner_of(OWNER_SESSION, i));
	waiter_join(&list, &w[0], owner_of(OWNER_SESSION, 9)); /* stands there already */
	assert_true(waiter_turn(&list, &w[0]) && !waiter_turn(&list, &w[1]));
	waiter_wake(&list);
	assert_true(due_take(&out) && out == owner_of(OWNER_SESSION, 0));
	assert_ptr_equal(list.first, &w[0]); /* stays until it leaves */
	waiter_leave(&w[0]);
	assert_true(waiter_turn(&list, &w[1]));
	waiter_leave(&w[1]);
	waiter_leave(&w[1]);
	waiter_wake(&list);
	assert_true(due_take(&out) && out == owner_of(OWNER_SESSION, 2));
	waiter_leave(&w[2]);
	assert_true(list.first == NULL && list.last == NULL);
	assert_true(waiter_turn(&list, &w[1]));
}

static void leaving_anywhere(void **state)
{
	for (unsigned order = 0; order < 27; order++) {
		struct waiter_list list = { NULL, NULL };
		struct waiter w[3] = { { NULL, NULL, NULL, 0 } };
		unsigned left = 0;

		for (uint16_t i = 0; i < 3; i++)
			waiter_join(&list, &w[i], owner_of(OWNER_SESSION, i));
		for (unsigned k = 0, v = order; k < 3; k++, v /= 3) {
			waiter_leave(&w[v % 3]);
			left |= 1u << v % 3;
			unsigned seen = 0;
			struct waiter *last = NULL;

			for (struct waiter *at = list.first; at != NULL; at = at->next) {
				assert_ptr_equal(at->prev, last);
				seen |= 1u << (at - w);
				last = at;
			}
			assert_ptr_equal(list.last, last);
			assert_int_equal(seen, 7u & ~left);
		}
	}
}

static void another_list_takes_over(void **state)
{
	struct waiter_list one = { NULL, NULL }, two = { NULL, NULL };
	struct waiter w = { NULL, NULL, NULL, 0 };

	waiter_join(&one, &w, owner_of(OWNER_SESSION, 1));
	waiter_join(&two, &w, owner_of(OWNER_SESSION, 1));
	assert_null(one.first);
	assert_ptr_equal(two.first, &w);
}

static void all_are_woken(void **state)
{
	struct waiter_list list = { NULL, NULL };
	struct waiter w[3] = { { NULL, NULL, NULL, 0 } };
	port_owner out;

	for (uint16_t i = 0; i < 3; i++)
		waiter_join(&list, &w[i], owner_of(OWNER_SESSION, i));
	waiter_wake_all(&list);
	assert_true(list.first == NULL && list.last == NULL && w[1].list == NULL);
	for (uint16_t i = 0; i < 3; i++)
		assert_true(due_take(&out) && out == owner_of(OWNER_SESSION, i));
	assert_false(due_any());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(owners, fresh), cmocka_unit_test_setup(due_once_and_in_order, fresh),
		cmocka_unit_test_setup(all_owners_fit, fresh),
		cmocka_unit_test_setup(owners_out_of_range_panic, fresh),
		cmocka_unit_test_setup(first_come_first_served, fresh),
		cmocka_unit_test_setup(leaving_anywhere, fresh),
		cmocka_unit_test_setup(another_list_takes_over, fresh),
		cmocka_unit_test_setup(all_are_woken, fresh),
	};

	return cmocka_run_group_tests_name("waiter", tests, NULL, NULL);
}
