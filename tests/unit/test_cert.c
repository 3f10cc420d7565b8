/*
 * test_cert.c - certificates of our own: the owner's files, their reload, holds, and the authority
 * and leaf that the gateway makes (DECISIONS 27), each checked by the verifier of x509.c.
 */
#include "x509_rig.h"

#include "base/addr.h"
#include "board.h"
#include "io/cert.h"
#include "io/cert_der.h"
#include "io/cert_key.h"

enum { DAY = 86400, OWNER = 77 };
#define NOW INT64_C(1795348800)

static const char *why;
static const char *extra[4];
static struct port_addr addrs[3];
static struct cert_names names;

/* ---- the owner's files ---- */

static int files(const char *cert, const char *key)
{
	why = "not set";
	return identity_files(cert, key, &why);
}

static void every_kind_of_key(void **state)
{
	static const char *const rows[][2] = {
		{ "good.pem", "good.key" }, { "good.pem", "good_sec1.key" }, { "good_rsa.pem", "good_rsa.key" },
		{ "good_rsa.pem", "good_pkcs1.key" }, { "own_p384.pem", "own_p384.key" },
		{ "own_p521.pem", "own_p521.key" }, { "own_rsa4096.pem", "own_rsa4096.key" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct identity *id;
		bool rsa = strstr(rows[i][0], "rsa") != NULL;

		rig_file(rows[i][0]);
		rig_file(rows[i][1]);
		if (files(rows[i][0], rows[i][1]) != (int)i)
			fail_msg("%s, %s: %s", rows[i][0], rows[i][1], why != NULL ? why : "-");
		assert_null(why);
		id = identity_get((uint8_t)i);
		assert_int_equal(id->rsa.chain_len > 0, rsa);
		assert_int_equal(id->ec.chain_len > 0, !rsa);
		assert_int_equal((rsa ? id->rsa : id->ec).key_type, rsa ? BR_KEYTYPE_RSA : BR_KEYTYPE_EC);
		rig_load(rows[i][0]);
		assert_int_equal((rsa ? id->rsa : id->ec).chain_len, rig_count);
		for (int c = 0; c < rig_count; c++)
			assert_true(slice_eq(slice_of((rsa ? id->rsa : id->ec).chain[c].data,
				(rsa ? id->rsa : id->ec).chain[c].data_len),
				slice_of(rig_chain[c].der, rig_chain[c].len)));
	}
	assert_int_equal(identity_count(), 7);
}

static void what_is_wrong_is_told(void **state)
{
	static const struct { const char *cert, *key; int want; const char *told; } rows[] = {
		{ "missing", "good.key", E_NOENT, "certificate file does not exist" },
		{ "good.pem", "missing", E_NOENT, "key file does not exist" },
		{ "good.pem", "good_rsa.key", E_ARG, "belong together" },
		{ "good.pem", "own_p384.key", E_ARG, "belong together" },
		{ "good.pem", "good.pem", E_ARG, "holds no key" },
		{ "good.key", "good.key", E_ARG, "holds no certificate" },
		{ "good.pem", "locked.key", E_ARG, "passphrase" },
		{ "good.pem", "locked_pkcs1.key", E_ARG, "not RSA" },
		{ "good.pem", "damaged.key", E_ARG, "not RSA" },
		{ "damaged.pem", "good.key", E_ARG, "damaged" },
		{ "cut.pem", "good.key", E_ARG, "damaged" },
		{ "big.pem", "good.key", E_LIMIT, "too large" },
		{ "deep10.pem", "good.key", E_LIMIT, "too large" },
		{ "secret", "good.key", E_ACCESS, "may not be read" },
		{ "", "good.key", E_ARG, "path" },
		{ "good.pem", "", E_ARG, "path" },
	};
	static const char *const load[] = { "good.pem", "good.key", "good_rsa.key", "own_p384.key", "locked.key",
		"locked_pkcs1.key", "big.pem", "deep10.pem" };

	for (size_t i = 0; i < sizeof load / sizeof load[0]; i++)
		rig_file(load[i]);
	rig_read("good.pem");
	sim_file_set("cut.pem", rig_text, 200);
	sim_file_set("secret", rig_text, rig_text_len);
	sim_file_mode("secret", 0, false);
	rig_text[100] = '*';
	sim_file_set("damaged.pem", rig_text, rig_text_len);
	sim_file_set("damaged.key", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", 64);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int r = files(rows[i].cert, rows[i].key);

		if (r != rows[i].want || why == NULL || strstr(why, rows[i].told) == NULL)
			fail_msg("%s, %s: %d, %s", rows[i].cert, rows[i].key, r, why != NULL ? why : "-");
		assert_null(identity_hold(0));
	}
}

static void reload_and_failed_reload_a58(void **state)
{
	const struct identity *first, *second;
	struct cert_facts facts;

	rig_file("good.pem");
	rig_file("good.key");
	assert_int_equal(files("good.pem", "good.key"), 0);
	first = identity_hold(0);
	assert_int_equal(files("good.pem", "good.key"), 0);
	assert_ptr_equal(identity_get(0), first);
	assert_int_equal(identity_refresh(&why), 0);
	rig_file("good.key");
	assert_int_equal(identity_refresh(&why), 1);
	assert_ptr_not_equal(identity_get(0), first);
	identity_release(first);
	first = identity_hold(0);
	sim_file_set("good.pem", "nothing", 7);
	assert_int_equal(identity_refresh(&why), 0);
	assert_non_null(strstr(why, "no certificate"));
	assert_int_equal(files("good.pem", "good.key"), 0);
	assert_non_null(why);
	assert_ptr_equal(identity_get(0), first);
	sim_file_set("good.pem", NULL, 0);
	assert_int_equal(files("good.pem", "good.key"), 0);
	assert_non_null(strstr(why, "does not exist"));
	rig_read("good_rsa.pem");
	sim_file_set("good.pem", rig_text, rig_text_len);
	assert_int_equal(identity_refresh(&why), 0);
	assert_non_null(strstr(why, "belong together"));
	rig_read("good_rsa.key");
	sim_file_set("good.key", rig_text, rig_text_len);
	assert_int_equal(identity_refresh(&why), 1);
	assert_null(why);
	second = identity_hold(0);
	assert_ptr_not_equal(first, second);
	assert_int_equal(first->ec.chain_len, 2);
	assert_int_equal(second->ec.chain_len, 0);
	assert_int_equal(second->rsa.chain_len, 2);
	identity_release(first);
	assert_int_equal(first->ec.chain_len, 0);
	assert_int_equal(first->ec.bytes[0], 0);
	identity_release(second);
	assert_int_equal(identity_facts(0, true, &facts), E_OK);
	assert_string_equal(facts.subject, "mail.example.org");
	assert_string_equal(facts.issuer, "Test Intermediate");
	assert_string_equal(facts.names, "mail.example.org");
	assert_string_equal(facts.origin, "good.pem");
	assert_int_equal(facts.days_left, 2961);
	assert_int_equal(identity_facts(0, false, &facts), E_NOENT);
	assert_int_equal(identity_facts(1, true, &facts), E_NOENT);
	assert_int_equal(identity_facts(255, true, &facts), E_NOENT);
}

static void slots_run_out_and_come_back(void **state)
{
	const struct identity *held[BOARD_LEAVES];
	char path[BOARD_LEAVES + 1][8];

	rig_file("good.key");
	rig_read("good.pem");
	for (int i = 0; i <= BOARD_LEAVES; i++) {
		snprintf(path[i], sizeof path[i], "c%d", i);
		sim_file_set(path[i], rig_text, rig_text_len);
		assert_int_equal(files(path[i], "good.key"), i < BOARD_LEAVES ? i : E_NOSLOT);
	}
	for (uint8_t i = 0; i < BOARD_LEAVES; i++)
		held[i] = identity_hold(i);
	sim_file_set(path[0], rig_text, rig_text_len);
	assert_int_equal(files(path[0], "good.key"), 0);
	assert_non_null(why);
	assert_ptr_equal(identity_get(0), held[0]);
	identity_sweep();
	assert_int_equal(files(path[1], "good.key"), 1);
	identity_sweep();
	assert_null(identity_hold(0));
	assert_ptr_equal(identity_get(1), held[1]);
	assert_int_equal(held[0]->ec.chain_len, 2);
	assert_int_equal(files(path[2], "good.key"), E_NOSLOT);
	identity_release(held[0]);
	assert_int_equal(files(path[2], "good.key"), 0);
	for (int i = 1; i < BOARD_LEAVES; i++)
		identity_release(held[i]);
	assert_non_null(identity_get(0));
	assert_non_null(identity_get(1));
}

/* ---- our own ---- */

static int own(bool rsa)
{
	int r = E_AGAIN;

	for (int i = 0; i < 100 && r == E_AGAIN; i++) {
		port_owner waited[4];

		why = "not set";
		r = identity_own(&names, rsa, OWNER, &why);
		if (r == E_AGAIN)
			port_wait(1000, waited, 4);
	}
	return r;
}

static void names_default(void)
{
	extra[0] = "mail.lan";
	extra[1] = "192.168.1.2";
	addrs[0] = sim_addr("10.0.0.1", 0);
	addrs[1] = sim_addr("fe80::1", 0);
	addrs[2] = sim_addr("fd00::7", 0);
	names = (struct cert_names){ "gateway.lan", extra, 2, addrs, 3 };
}

/* The authority as a trust file, the leaf as the chain. */
static void own_to_rig(bool rsa, uint8_t number)
{
	const struct identity *id = identity_get(number);
	const struct identity_leaf *l = rsa ? &id->rsa : &id->ec;
	int n = identity_authority(rsa, OWNER, rig_text, sizeof rig_text);
	struct cert_view v;

	assert_true(n > 0);
	assert_true(cert_parse(slice_of(l->chain[0].data, l->chain[0].data_len), &v));
	assert_true(cert_key_fits(l, &v));
	sim_file_set("own_ca.pem", rig_text, (size_t)n);
	memcpy(rig_chain[0].der, l->chain[0].data, l->chain[0].data_len);
	rig_chain[0].len = l->chain[0].data_len;
	rig_count = l->chain_len;
}

static void own_verifies_for(const char *const *list)
{
	for (; *list != NULL; list++)
		if (rig_verify(*list, "own_ca.pem", NULL, 0, 1) != TLS_FINE)
			fail_msg("%s: %d", *list, x509_check_why(&rig_check, 0));
}

static int stored(const char *name, uint8_t *hash)
{
	int n = sim_store_get(PORT_STATE, name, rig_text, sizeof rig_text);

	if (n > 0)
		crypto_sha256(rig_text, (size_t)n, hash);
	return n;
}

static void own_is_made_once_and_verifies(void **state)
{
	static const char *const good[] = { "gateway.lan", "GATEWAY.lan.", "mail.lan", "192.168.1.2", "10.0.0.1",
		"fd00::7", NULL };
	struct cert_facts facts;
	uint8_t before[4][32], after[4][32];
	static const char *const objects[] = { "ca.key", "ca.crt", "leaf.key", "leaf.crt" };

	assert_int_equal(own(false), 0);
	assert_null(why);
	own_to_rig(false, 0);
	own_verifies_for(good);
	assert_int_equal(rig_verify("fe80::1", "own_ca.pem", NULL, 0, 1), TLS_WRONG_NAME);
	assert_int_equal(rig_verify("other.lan", "own_ca.pem", NULL, 0, 1), TLS_WRONG_NAME);
	assert_int_equal(identity_facts(0, false, &facts), E_OK);
	assert_int_equal(facts.days_left, 397);
	assert_string_equal(facts.subject, "gateway.lan");
	assert_string_equal(facts.names, "gateway.lan mail.lan 192.168.1.2 10.0.0.1 fd00::7");
	assert_memory_equal(facts.issuer, "Mailwicket authority ", 21);
	assert_string_equal(facts.origin, "own");
	assert_int_equal(identity_get(0)->rsa.chain_len, 0);
	for (int i = 0; i < 4; i++)
		assert_true(stored(objects[i], before[i]) > 0);
	assert_int_equal(own(false), 0);
	identity_reset();
	assert_int_equal(own(false), 0);
	assert_int_equal(sim_store_count(PORT_STATE), 4);
	for (int i = 0; i < 4; i++) {
		stored(objects[i], after[i]);
		assert_memory_equal(before[i], after[i], 32);
	}
}

static void own_rsa_stands_beside(void **state)
{
	static const char *const good[] = { "gateway.lan", "10.0.0.1", NULL };
	const struct identity *id;

	assert_int_equal(own(true), 0);
	assert_int_equal(sim_store_count(PORT_STATE), 8);
	id = identity_get(0);
	assert_int_equal(id->ec.chain_len, 1);
	assert_int_equal(id->rsa.chain_len, 1);
	for (int rsa = 0; rsa < 2; rsa++) {
		own_to_rig(rsa != 0, 0);
		own_verifies_for(good);
	}
	assert_int_equal(own(false), 0);
	assert_int_equal(identity_get(0)->rsa.chain_len, 0);
}

/* What others look for in a certificate: RFC 5280 4.1 and 4.2, and the lives that clients allow. */
static void own_profile(void **state)
{
	struct cert_view ca, leaf;

	assert_int_equal(own(false), 0);
	own_to_rig(false, 0);
	assert_true(cert_parse(slice_of(rig_chain[0].der, rig_chain[0].len), &leaf));
	rig_count = 1;
	rig_text_len = (size_t)sim_store_get(PORT_STATE, "ca.crt", rig_text, sizeof rig_text);
	{
		struct pem p;

		pem_start(&p, 0, rig_chain[1].der, RIG_CERT);
		assert_int_equal(pem_next(&p, slice_of(rig_text, rig_text_len)), 1);
		assert_true(cert_parse(slice_of(rig_chain[1].der, p.len), &ca));
	}
	assert_true(ca.ca);
	assert_int_equal(ca.path_len, 0);
	assert_int_equal(ca.has, CERT_EXT_BASIC | CERT_EXT_KEY_USAGE | CERT_EXT_SUBJECT_KEY);
	assert_int_equal(ca.usage, 0x0600);
	assert_true(slice_eq(ca.issuer, ca.subject));
	assert_int_equal(ca.not_after_s, NOW + INT64_C(3652) * DAY);
	assert_false(leaf.ca);
	assert_int_equal(leaf.has, CERT_EXT_BASIC | CERT_EXT_KEY_USAGE | CERT_EXT_NAMES | CERT_EXT_EXT_USAGE |
		CERT_EXT_SUBJECT_KEY | CERT_EXT_AUTHORITY_KEY);
	assert_true(leaf.for_server);
	assert_int_equal(leaf.usage, 0x8000);
	assert_true(slice_eq(leaf.issuer, ca.subject));
	assert_int_equal(leaf.serial.len, 16);
	assert_in_range(leaf.serial.p[0], 0x40, 0x7f);
	assert_false(slice_eq(leaf.serial, ca.serial));
	assert_int_equal(leaf.not_after_s, NOW + 397 * DAY);
	assert_true(leaf.not_after_s - leaf.not_before_s <= INT64_C(825) * DAY);
	assert_true(ca.not_before_s <= NOW && leaf.not_before_s <= NOW);
}

static void leaf_is_renewed_under_the_same_authority(void **state)
{
	uint8_t ca[32], key[32], leaf[32], now[32];
	const struct identity *held;
	struct cert_facts facts;

	assert_int_equal(own(false), 0);
	stored("ca.crt", ca);
	stored("leaf.key", key);
	stored("leaf.crt", leaf);
	held = identity_hold(0);
	sim_wall_set(NOW + 264 * DAY, true);
	assert_int_equal(own(false), 0);
	assert_ptr_equal(identity_get(0), held);
	sim_wall_set(NOW + 266 * DAY, true);
	assert_int_equal(own(false), 0);
	assert_ptr_not_equal(identity_get(0), held);
	assert_int_equal(held->ec.chain_len, 1);
	identity_release(held);
	assert_int_equal(identity_facts(0, false, &facts), E_OK);
	assert_int_equal(facts.days_left, 397);
	stored("ca.crt", now);
	assert_memory_equal(now, ca, 32);
	stored("leaf.key", now);
	assert_memory_equal(now, key, 32);
	stored("leaf.crt", now);
	assert_memory_not_equal(now, leaf, 32);
	/* a leaf from the future: the clock was wrong when it was made */
	sim_wall_set(NOW, true);
	assert_int_equal(own(false), 0);
	assert_int_equal(identity_facts(0, false, &facts), E_OK);
	assert_int_equal(facts.days_left, 397);
}

static void leaf_follows_the_names(void **state)
{
	const struct identity *first;

	assert_int_equal(own(false), 0);
	first = identity_get(0);
	names.name_count = 1;
	names.addr_count = 1;
	assert_int_equal(own(false), 0);
	assert_ptr_equal(identity_get(0), first);
	names.hostname = "other.lan";
	assert_int_equal(own(false), 0);
	own_to_rig(false, 0);
	assert_int_equal(rig_verify("other.lan", "own_ca.pem", NULL, 0, 100), TLS_FINE);
	assert_int_equal(rig_verify("gateway.lan", "own_ca.pem", NULL, 0, 100), TLS_WRONG_NAME);
}

static void odd_names(void **state)
{
	static char label64[80];
	struct cert_facts facts;

	memset(label64, 'a', 64);
	extra[0] = "not a name";
	extra[1] = label64;
	extra[2] = "Gateway.LAN";
	extra[3] = "*.lan";
	names = (struct cert_names){ "gateway.lan", extra, 4, addrs, 0 };
	assert_int_equal(own(false), 0);
	assert_int_equal(identity_facts(0, false, &facts), E_OK);
	assert_string_equal(facts.names, "gateway.lan");
	assert_true(sim_log_find(0, PORT_LOG_WARN, "not fit") >= 0);
	names = (struct cert_names){ NULL, NULL, 0, NULL, 0 };
	identity_reset();
	sim_store_put(PORT_STATE, "leaf.crt", "", 0);
	assert_int_equal(own(false), 0);
	assert_int_equal(identity_facts(0, false, &facts), E_OK);
	assert_string_equal(facts.names, "localhost");
	assert_string_equal(facts.subject, "Mailwicket gateway");
}

static void time_unknown_at_first_start(void **state)
{
	struct cert_facts facts;

	sim_wall_set(NOW, false);
	assert_int_equal(own(false), 0);
	sim_wall_set(NOW + 300 * DAY, true);
	assert_int_equal(own(false), 0);
	assert_int_equal(identity_facts(0, false, &facts), E_OK);
	assert_int_equal(facts.days_left, 397);
}

/* A clock that says a time before the program was built does not make a leaf that is not yet valid. */
static void clock_behind_the_build(void **state)
{
	sim_wall_set(1000000000, true);
	assert_int_equal(own(false), 0);
	own_to_rig(false, 0);
	assert_int_equal(rig_verify("gateway.lan", "own_ca.pem", NULL, 0, 100), TLS_FINE);
}

static void entropy_and_slow_store(void **state)
{
	sim_entropy(false);
	why = NULL;
	assert_int_equal(identity_own(&names, false, OWNER, &why), E_AGAIN);
	assert_int_equal(sim_store_count(PORT_STATE), 0);
	assert_null(identity_hold(0));
	sim_entropy(true);
	sim_store_delay(30);
	assert_int_equal(own(false), 0);
	identity_reset();
	assert_int_equal(own(false), 0);
	assert_int_equal(sim_store_count(PORT_STATE), 4);
}

/* Nothing of an authority is ever replaced, not even when it cannot be read. */
static void damaged_authority_is_left_alone(void **state)
{
	static const char *const objects[] = { "ca.key", "ca.crt" };
	uint8_t before[2][32], after[32];

	for (int i = 0; i < 2; i++) {
		identity_reset();
		assert_int_equal(port_store_remove(PORT_STATE, "ca.key") == E_OK, i > 0);
		(void)port_store_remove(PORT_STATE, "ca.crt");
		assert_int_equal(own(false), 0);
		own_to_rig(false, 0);
		assert_int_equal(rig_verify("gateway.lan", "own_ca.pem", NULL, 0, 100), TLS_FINE);
		identity_reset();
		sim_store_put(PORT_STATE, objects[i], "rubbish\n", 8);
		stored("ca.key", before[0]);
		stored("ca.crt", before[1]);
		assert_int_equal(own(false), E_ARG);
		assert_non_null(strstr(why, "restore it"));
		assert_null(identity_get(0));
		stored("ca.key", after);
		assert_memory_equal(before[0], after, 32);
		stored("ca.crt", after);
		assert_memory_equal(before[1], after, 32);
	}
	assert_int_equal(port_store_remove(PORT_STATE, "ca.key"), E_OK);
	assert_int_equal(own(false), E_ARG);
	assert_non_null(strstr(why, "lost its key"));
}

/* The certificate of another authority beside our key: refused, and left as it is. */
static void authority_of_another(void **state)
{
	assert_int_equal(own(false), 0);
	identity_reset();
	rig_read("ca_root.pem");
	sim_store_put(PORT_STATE, "ca.crt", rig_text, rig_text_len);
	assert_int_equal(own(false), E_ARG);
	assert_non_null(strstr(why, "certificate of our authority"));
}

/* A key of the other kind in the leaf's place is no key. */
static void leaf_key_of_the_wrong_kind(void **state)
{
	assert_int_equal(own(false), 0);
	identity_reset();
	rig_read("good_rsa.key");
	sim_store_put(PORT_STATE, "leaf.key", rig_text, rig_text_len);
	assert_int_equal(own(false), 0);
	assert_int_equal(identity_get(0)->ec.chain_len, 1);
	assert_int_equal(identity_get(0)->ec.key_type, BR_KEYTYPE_EC);
	own_to_rig(false, 0);
	assert_int_equal(rig_verify("gateway.lan", "own_ca.pem", NULL, 0, 100), TLS_FINE);
}

static void damaged_leaf_is_made_again(void **state)
{
	static const char *const objects[] = { "leaf.key", "leaf.crt" };
	uint8_t ca[32], after[32];

	assert_int_equal(own(false), 0);
	stored("ca.crt", ca);
	for (int i = 0; i < 4; i++) {
		identity_reset();
		if (i < 2)
			sim_store_put(PORT_STATE, objects[i % 2], "rubbish\n", 8);
		else
			assert_int_equal(port_store_remove(PORT_STATE, objects[i % 2]), E_OK);
		assert_int_equal(own(false), 0);
		own_to_rig(false, 0);
		assert_int_equal(rig_verify("gateway.lan", "own_ca.pem", NULL, 0, 100), TLS_FINE);
		stored("ca.crt", after);
		assert_memory_equal(ca, after, 32);
	}
}

/* The k-th call of the port fails once: an error and a second try that works, or a leaf that verifies; and
 * never two authorities. */
static void every_call_fails_once(void **state)
{
	uint32_t calls = sim_ops();

	assert_int_equal(own(false), 0);
	calls = sim_ops() - calls;
	for (uint32_t k = 1; k <= calls; k++) {
		uint8_t ca[32], after[32];
		int r;

		rig_reset();
		identity_reset();
		sim_fault_at(k, -1, false);
		r = own(false);
		if (r < 0)
			assert_non_null(why);
		sim_fault_at(0, -1, false);
		if (stored("ca.crt", ca) < 0)
			memset(ca, 0, sizeof ca);
		assert_int_equal(own(false), 0);
		own_to_rig(false, 0);
		assert_int_equal(rig_verify("gateway.lan", "own_ca.pem", NULL, 0, 100), TLS_FINE);
		stored("ca.crt", after);
		if (r >= 0)
			assert_memory_equal(ca, after, 32);
		assert_int_equal(sim_open_handles(), 0);
	}
}

/* With everything there, a call that fails changes nothing. */
static void a_fault_takes_nothing_away(void **state)
{
	static const char *const objects[] = { "ca.key", "ca.crt", "leaf.key", "leaf.crt" };
	uint8_t before[4][32], after[32];
	uint32_t calls;

	assert_int_equal(own(false), 0);
	for (int i = 0; i < 4; i++)
		stored(objects[i], before[i]);
	identity_reset();
	calls = sim_ops();
	assert_int_equal(own(false), 0);
	calls = sim_ops() - calls;
	for (uint32_t k = 1; k <= calls; k++) {
		identity_reset();
		sim_fault_at(sim_ops() + k, -1, false);
		(void)own(false);
		sim_fault_at(0, -1, false);
		for (int i = 0; i < 4; i++) {
			assert_true(stored(objects[i], after) > 0);
			assert_memory_equal(before[i], after, 32);
		}
	}
}

static void every_power_cut(void **state)
{
	for (uint32_t k = 1; k < 40; k++) {
		rig_reset();
		identity_reset();
		sim_fault_at(k, -1, true);
		(void)own(false);
		sim_power_cut(SIM_POWER_RANDOM);
		identity_reset();
		sim_fault_at(0, -1, false);
		assert_int_equal(own(false), 0);
		own_to_rig(false, 0);
		assert_int_equal(rig_verify("gateway.lan", "own_ca.pem", NULL, 0, 100), TLS_FINE);
	}
}

static void secrets_are_wiped_and_unsaid(void **state)
{
	assert_int_equal(own(false), 0);
	for (int i = 0; i < sim_log_count(); i++) {
		enum port_level level;

		assert_null(strstr(sim_log_line(i, &level), "PRIVATE"));
	}
	assert_true(sim_store_get(PORT_STATE, "ca.key", rig_text, sizeof rig_text) > 0);
	assert_memory_equal(rig_text, "-----BEGIN PRIVATE KEY-----\n", 28);
	assert_int_equal(identity_authority(false, OWNER, rig_text, 100), E_LIMIT);
	identity_reset();
	assert_int_equal(identity_count(), 0);
	assert_null(identity_get(0));
}

static void der_dates_there_and_back(void **state)
{
	uint8_t mem[32];

	for (int64_t day = 0; day < 2932896; day += day < 47482 ? 1 : 97) {
		struct der_out o = der_out_on(mem, sizeof mem);
		struct slice rest;
		int64_t got;

		der_put_time(&o, day * DAY + 86399);
		rest = der_result(&o);
		assert_int_equal(rest.len, day * DAY < INT64_C(2524608000) ? 15 : 17);
		assert_true(der_time(&rest, &got));
		assert_int_equal(got, day * DAY + 86399);
	}
}

static int setup(void **state)
{
	rig_reset();
	identity_reset();
	names_default();
	return 0;
}

static int teardown(void **state)
{
	identity_reset();
	return sim_open_handles();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_kind_of_key),
		TEST(what_is_wrong_is_told),
		TEST(reload_and_failed_reload_a58),
		TEST(slots_run_out_and_come_back),
		TEST(own_is_made_once_and_verifies),
		TEST(own_rsa_stands_beside),
		TEST(own_profile),
		TEST(leaf_is_renewed_under_the_same_authority),
		TEST(leaf_follows_the_names),
		TEST(odd_names),
		TEST(time_unknown_at_first_start),
		TEST(clock_behind_the_build),
		TEST(entropy_and_slow_store),
		TEST(damaged_authority_is_left_alone),
		TEST(authority_of_another),
		TEST(leaf_key_of_the_wrong_kind),
		TEST(damaged_leaf_is_made_again),
		TEST(every_call_fails_once),
		TEST(a_fault_takes_nothing_away),
		TEST(every_power_cut),
		TEST(secrets_are_wiped_and_unsaid),
		TEST(der_dates_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
