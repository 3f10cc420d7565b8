/*
 * test_hash.c - bounded tables: least recently used first out, against a plain model; seeds from the port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "board.h"
#include "error.h"
#include "sim.h"

static int fresh(void **state)
{
	sim_reset(1);
	hash_reset();
	return 0;
}

static void put_key(uint8_t key[8], uint32_t n)
{
	memset(key, 0, 8);
	for (int i = 0; i < 4; i++)
		key[i] = (uint8_t)(n >> (8 * i));
}

static int take(uint32_t n, int *is_new)
{
	uint8_t key[8];

	put_key(key, n);
	return hash_take(hash_dns, key, sizeof key, is_new);
}

static int find(uint32_t n)
{
	uint8_t key[8];

	put_key(key, n);
	return hash_find(hash_dns, key, sizeof key);
}

static void the_oldest_gives_way(void **state)
{
	const uint32_t slots = hash_slots(hash_dns);
	int is_new, first;

	assert_int_equal(slots, BOARD_DNS_CACHE);
	first = take(0, &is_new);
	assert_true(first >= 0 && is_new);
	for (uint32_t i = 1; i < slots; i++)
		assert_true(take(i, &is_new) >= 0 && is_new);
	assert_int_equal(hash_used(hash_dns), slots);
	assert_int_equal(find(0), first);                /* 0 is young again */
	assert_true(take(slots, &is_new) >= 0 && is_new); /* 1 gives way */
	assert_int_equal(find(1), E_NOENT);
	assert_int_equal(find(0), first);
	assert_int_equal(take(0, &is_new), first);
	assert_false(is_new);
	assert_int_equal(hash_used(hash_dns), slots);
}

static void keys_of_any_kind(void **state)
{
	char key[HASH_KEY_MAX + 1] = { 0 };
	int is_new, a, b;

	for (size_t len = 0; len <= HASH_KEY_MAX; len++) { /* zeros of different lengths differ */
		assert_int_equal(hash_find(hash_guess, key, len), E_NOENT);
		assert_true(hash_take(hash_guess, key, len, &is_new) >= 0 && is_new);
		assert_true(hash_find(hash_guess, key, len) >= 0);
	}
	assert_int_equal(hash_take(hash_guess, key, HASH_KEY_MAX + 1, &is_new), E_LIMIT);
	assert_int_equal(hash_find(hash_guess, key, HASH_KEY_MAX + 1), E_NOENT);
	hash_drop(hash_guess, key, HASH_KEY_MAX + 1);
	assert_int_equal(hash_used(hash_guess), HASH_KEY_MAX + 1);
	a = hash_take(hash_guess, "a", 1, &is_new);
	b = hash_take(hash_client, "a", 1, &is_new); /* tables are apart */
	assert_true(is_new && a >= 0 && b >= 0);
	hash_drop(hash_client, "a", 1);
	assert_int_equal(hash_find(hash_guess, "a", 1), a);
	assert_int_equal(hash_used(hash_client), 0);
	hash_drop(hash_client, "a", 1);
}

/* A long random life beside a model that is a list in order of use. */
static void beside_a_model(void **state)
{
	static uint32_t model[BOARD_DNS_CACHE];
	static int slot_of[BOARD_DNS_CACHE];
	const uint32_t slots = hash_slots(hash_dns);
	uint32_t n = 0;

	for (int step = 0; step < 60000; step++) {
		uint32_t key = sim_random(slots * 2), at = 0, what = sim_random(10);
		int slot, is_new = -1;

		while (at < n && model[at] != key)
			at++;
		slot = at < n ? slot_of[at] : -1;
		if (what < 3) {
			assert_int_equal(find(key), at < n ? slot : E_NOENT);
		} else if (what < 9) {
			int got = take(key, &is_new);

			assert_true(got >= 0 && got < (int)slots);
			assert_int_equal(is_new, at == n);
			assert_true(at == n || got == slot);
			if (at == n && n == slots)
				at = 0;      /* the oldest leaves, its slot is taken over */
			if (at < n && is_new)
				assert_int_equal(got, slot_of[at]);
			slot = got;
		} else {
			uint8_t bytes[8];

			put_key(bytes, key);
			hash_drop(hash_dns, bytes, sizeof bytes);
		}
		if (at < n) {
			memmove(model + at, model + at + 1, (n - at - 1) * sizeof model[0]);
			memmove(slot_of + at, slot_of + at + 1, (n - at - 1) * sizeof slot_of[0]);
			n--;
			at = UINT32_MAX;
		}
		if (what < 9 && slot >= 0 && (what >= 3 || at == UINT32_MAX)) {
			for (uint32_t i = 0; i < n; i++) /* no slot twice */
				assert_int_not_equal(slot_of[i], slot);
			model[n] = key;
			slot_of[n++] = slot;
		}
		assert_int_equal(hash_used(hash_dns), n);
	}
	assert_true(n > slots / 2);
	for (int i = 0; i < 3; i++) { /* down to nothing, and up again */
		int is_new;

		while (n > 0) {
			uint8_t bytes[8];

			put_key(bytes, model[--n]);
			hash_drop(hash_dns, bytes, sizeof bytes);
		}
		assert_int_equal(hash_used(hash_dns), 0);
		for (; n < slots; n++) {
			model[n] = n;
			assert_true(take(n, &is_new) >= 0 && is_new);
		}
	}
}

static void reset_and_late_entropy(void **state)
{
	int is_new;

	assert_true(take(1, &is_new) >= 0);
	hash_reset();
	assert_int_equal(hash_used(hash_dns), 0);
	assert_int_equal(find(1), E_NOENT);
	sim_entropy(false);
	hash_reset();
	for (uint32_t i = 0; i < 300; i++)
		assert_true(take(i, &is_new) >= 0 && is_new);
	assert_true(find(299) >= 0);
	sim_entropy(true);
	assert_true(take(299, &is_new) >= 0 && !is_new); /* a new seed must wait while keys are there */
	for (uint32_t i = 0; i < 300; i++) {
		uint8_t key[8];

		put_key(key, i);
		hash_drop(hash_dns, key, sizeof key);
	}
	assert_true(take(5, &is_new) >= 0 && is_new);
	assert_true(find(5) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_oldest_gives_way, fresh),
		cmocka_unit_test_setup(keys_of_any_kind, fresh),
		cmocka_unit_test_setup(beside_a_model, fresh),
		cmocka_unit_test_setup(reset_and_late_entropy, fresh),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
