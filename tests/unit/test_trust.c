/*
 * test_trust.c - trust bundles and PEM: what is found, what is left out, and what a changed, damaged or
 * missing file does.
 */
#include "x509_rig.h"

#include "board.h"

static uint8_t hash_root[32], hash_inter[32], hash_twin[32];
static char big[RIG_TEXT * 16];

static void hash_of(const char *fixture, uint8_t out[32])
{
	struct cert_view v;

	rig_load(fixture);
	assert_true(cert_parse(slice_of(rig_chain[0].der, rig_chain[0].len), &v));
	crypto_sha256(v.subject.p, v.subject.len, out);
}

/* A file of the machine made of fixtures and texts, one after the other. */
static void file_of(const char *path, const char *const *parts)
{
	size_t len = 0;

	for (; *parts != NULL; parts++) {
		const char *bytes = *parts;
		size_t n = strlen(bytes);

		if (n > 4 && strcmp(bytes + n - 4, ".pem") == 0) {
			rig_read(bytes);
			bytes = rig_text;
			n = rig_text_len;
		}
		assert_true(len + n < sizeof big);
		memcpy(big + len, bytes, n);
		len += n;
	}
	sim_file_set(path, big, len);
}

#define FILE_OF(path, ...) file_of(path, (const char *const[]){ __VA_ARGS__, NULL })

static void finds_each_and_nothing_else(void **state)
{
	struct slice der;
	int b;

	FILE_OF("bundle", "ca_root.pem", "ca_twins.pem", "ca_inter.pem");
	b = trust_open("bundle");
	assert_true(b >= 0);
	assert_int_equal(trust_open("bundle"), b);
	assert_int_equal(trust_count(b), 4);
	assert_int_equal(trust_find(b, hash_inter, 0, &der), E_OK);
	rig_load("ca_inter.pem");
	assert_true(slice_eq(der, slice_of(rig_chain[0].der, rig_chain[0].len)));
	assert_int_equal(trust_find(b, hash_inter, 1, &der), E_NOENT);
	rig_load("ca_twins.pem");
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(trust_find(b, hash_twin, i, &der), E_OK);
		assert_true(slice_eq(der, slice_of(rig_chain[i].der, rig_chain[i].len)));
	}
	assert_int_equal(trust_find(b, hash_twin, 2, &der), E_NOENT);
	hash_root[31] ^= 1;
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_IO);
	hash_root[31] ^= 1;
	hash_root[0] ^= 1;
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_NOENT);
	hash_root[0] ^= 1;
	assert_int_equal(trust_find(b + 1, hash_root, 0, &der), E_NOENT);
	assert_int_equal(trust_find(-1, hash_root, 0, &der), E_NOENT);
	assert_int_equal(trust_count(-1), 0);
	assert_int_equal(trust_count(1000), 0);
}

static void bundles_are_separate(void **state)
{
	struct slice der;
	int a = trust_open("ca_root.pem"), b = trust_open("ca_inter.pem");

	assert_true(a >= 0 && b >= 0 && a != b);
	assert_int_equal(trust_find(a, hash_inter, 0, &der), E_NOENT);
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_NOENT);
	assert_int_equal(trust_find(a, hash_root, 0, &der), E_OK);
	assert_int_equal(trust_find(b, hash_inter, 0, &der), E_OK);
}

static void comments_other_blocks_and_damage_are_passed_over(void **state)
{
	struct slice der;
	int b;

	FILE_OF("bundle", "\xef\xbb\xbf# a comment\r\n-----BEGIN\n----- nothing -----\n", "ca_twin_a.pem",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN CERTIFICATE-----\nMII*\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIB\n", "ca_root.pem",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERT-----\n", "ca_inter.pem",
		"-----BEGIN CERTIFICATE-----\nMIIBABCD");
	b = trust_open("bundle");
	assert_true(b >= 0);
	assert_int_equal(trust_count(b), 3);
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_OK);
	assert_int_equal(trust_find(b, hash_inter, 0, &der), E_OK);
	assert_true(sim_log_find(0, PORT_LOG_WARN, "4 blocks") >= 0);
}

static void line_ends_and_line_lengths(void **state)
{
	size_t n = 0;
	struct slice der;

	rig_read("ca_root.pem");
	for (size_t i = 0; i < rig_text_len; i++) {
		if (rig_text[i] == '\n')
			big[n++] = '\r';
		big[n++] = rig_text[i];
	}
	sim_file_set("crlf", big, n);
	assert_int_equal(trust_find(trust_open("crlf"), hash_root, 0, &der), E_OK);
	sim_file_set("no_last_line_end", rig_text, rig_text_len - 1);
	assert_int_equal(trust_find(trust_open("no_last_line_end"), hash_root, 0, &der), E_OK);
	n = 0;
	for (size_t i = 0; i < rig_text_len; i++)
		if (rig_text[i] != '\n' || i < 30 || i > rig_text_len - 30)
			big[n++] = rig_text[i];
	sim_file_set("one_line", big, n);
	assert_int_equal(trust_find(trust_open("one_line"), hash_root, 0, &der), E_OK);
	n = 0;
	for (size_t i = 0; i < rig_text_len; i++) {
		big[n++] = rig_text[i];
		if (i > 28 && i < rig_text_len - 28)
			big[n++] = '\n';
	}
	sim_file_set("a_byte_a_line", big, n);
	assert_int_equal(trust_find(trust_open("a_byte_a_line"), hash_root, 0, &der), E_OK);
}

static void unusable_files_a57(void **state)
{
	static char path[TRUST_PATH_MAX + 2];
	struct slice der;

	assert_int_equal(trust_open("missing"), E_NOENT);
	sim_file_set("empty", "", 0);
	assert_int_equal(trust_open("empty"), E_ARG);
	sim_file_set("text", "no certificates\n", 16);
	assert_int_equal(trust_open("text"), E_ARG);
	rig_file("good.key");
	assert_int_equal(trust_open("good.key"), E_ARG);
	sim_file_mode("ca_root.pem", 0, false);
	assert_int_equal(trust_open("ca_root.pem"), E_ACCESS);
	assert_int_equal(trust_open(""), E_ARG);
	memset(path, 'x', TRUST_PATH_MAX + 1);
	assert_int_equal(trust_open(path), E_ARG);
	assert_int_equal(trust_find(0, hash_root, 0, &der), E_NOENT);
}

/* A changed file is indexed anew; an unreadable one takes nothing away from the index. */
static void reload_by_stamp(void **state)
{
	struct slice der;
	int b;

	FILE_OF("bundle", "ca_root.pem");
	b = trust_open("bundle");
	FILE_OF("bundle", "ca_twins.pem", "ca_root.pem", "ca_inter.pem");
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_OK);
	assert_int_equal(trust_count(b), 4);
	assert_int_equal(trust_find(b, hash_inter, 0, &der), E_OK);
	sim_file_set("bundle", "", 0);
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_IO);
	assert_int_equal(trust_open("bundle"), E_ARG);
	sim_file_set("bundle", NULL, 0);
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_IO);
	assert_int_equal(trust_open("bundle"), E_NOENT);
	assert_int_equal(trust_count(b), 4);
	FILE_OF("bundle", "ca_inter.pem");
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_NOENT);
	assert_int_equal(trust_find(b, hash_inter, 0, &der), E_OK);
	assert_int_equal(trust_count(b), 1);
	assert_int_equal(trust_open("bundle"), b);
}

/* The k-th call of the port fails: an error or the truth, never another certificate. */
static void every_file_call_fails_once(void **state)
{
	struct slice der;
	uint32_t calls;

	FILE_OF("bundle", "ca_twins.pem", "ca_root.pem");
	calls = sim_ops();
	assert_int_equal(trust_find(trust_open("bundle"), hash_root, 0, &der), E_OK);
	calls = sim_ops() - calls;
	for (uint32_t k = 1; k <= calls; k++) {
		int b, r;

		trust_reset();
		sim_fault_at(sim_ops() + k, -1, false);
		b = trust_open("bundle");
		if (b < 0)
			b = trust_open("bundle");
		assert_true(b >= 0);
		r = trust_find(b, hash_root, 0, &der);
		if (r != E_OK) {
			assert_int_equal(r, E_IO);
			assert_int_equal(trust_find(b, hash_root, 0, &der), E_OK);
		}
		assert_int_equal(trust_count(b), 3);
	}
	sim_fault_at(0, -1, false);
}

static void more_anchors_than_room(void **state)
{
	struct slice der;
	size_t n = 0;
	int b;

	rig_read("ca_twin_a.pem");
	for (int i = 0; i < BOARD_ANCHORS - 1; i++, n += rig_text_len) {
		if (n + rig_text_len >= sizeof big)
			skip();
		memcpy(big + n, rig_text, rig_text_len);
	}
	sim_file_set("many", big, n);
	b = trust_open("many");
	assert_int_equal(trust_count(b), BOARD_ANCHORS - 1);
	FILE_OF("two", "ca_root.pem", "ca_inter.pem");
	b = trust_open("two");
	assert_int_equal(trust_count(b), 1);
	assert_int_equal(trust_find(b, hash_root, 0, &der), E_OK);
	assert_int_equal(trust_find(b, hash_inter, 0, &der), E_NOENT);
	assert_true(sim_log_find(0, PORT_LOG_WARN, "only 1 of 2") >= 0);
	assert_int_equal(trust_open("ca_root.pem"), E_LIMIT);
	trust_sweep();
	b = trust_open("two");
	trust_sweep();
	assert_int_equal(trust_count(b), 1);
	FILE_OF("two", "ca_root.pem", "ca_inter.pem");
	assert_int_equal(trust_open("two"), b);
	assert_int_equal(trust_count(b), 2);
}

static void bundles_run_out_and_are_swept(void **state)
{
	char path[16];

	rig_read("ca_root.pem");
	for (int i = 0; i <= BOARD_BUNDLES; i++) {
		snprintf(path, sizeof path, "trust%d", i);
		sim_file_set(path, rig_text, rig_text_len);
		assert_int_equal(trust_open(path), i < BOARD_BUNDLES ? i : E_NOSLOT);
	}
	trust_sweep();
	assert_int_equal(trust_open("trust3"), 3);
	trust_sweep();
	assert_int_equal(trust_count(3), 1);
	assert_int_equal(trust_count(2), 0);
	assert_int_equal(trust_open(path), 0);
}

static int setup(void **state)
{
	rig_reset();
	hash_of("ca_root.pem", hash_root);
	hash_of("ca_inter.pem", hash_inter);
	hash_of("ca_twin_a.pem", hash_twin);
	return 0;
}

static int teardown(void **state)
{
	return sim_open_handles();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(finds_each_and_nothing_else),
		TEST(bundles_are_separate),
		TEST(comments_other_blocks_and_damage_are_passed_over),
		TEST(line_ends_and_line_lengths),
		TEST(unusable_files_a57),
		TEST(reload_by_stamp),
		TEST(every_file_call_fails_once),
		TEST(more_anchors_than_room),
		TEST(bundles_run_out_and_are_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
