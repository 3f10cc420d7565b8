/*
 * tls_profile.c - which versions, suites and implementations each side uses (protocol.md 1.7,
 * RFC 9325).
 *
 * Outwards: TLS 1.2, ECDHE with AEAD, nothing else. Inwards: the same first, then ECDHE with CBC
 * for clients of ten years ago; static RSA, and 3DES at the very end, only where the owner
 * allows versions before 1.2. AES comes first only where the processor has instructions for it.
 * Every implementation runs in constant time; only what is named here is linked.
 */
#include "board.h"
#include "io/tls_context.h"

#define LIST_MAX 8 /* most suites of one list */

struct suite_list {
	uint8_t count;
	uint16_t suite[LIST_MAX];
};

static const struct suite_list aes_aead = { 4, {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 } };

static const struct suite_list chacha_aead = { 2, {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 } };

static const struct suite_list ecdhe_cbc = { 8, {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA } };

static const struct suite_list static_rsa = { 7, {
	BR_TLS_RSA_WITH_AES_128_GCM_SHA256, BR_TLS_RSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_RSA_WITH_AES_128_CBC_SHA256, BR_TLS_RSA_WITH_AES_256_CBC_SHA256,
	BR_TLS_RSA_WITH_AES_128_CBC_SHA, BR_TLS_RSA_WITH_AES_256_CBC_SHA,
	BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA } };

struct suites {
	uint16_t suite[BR_MAX_CIPHER_SUITES];
	size_t count;
};

static void add(struct suites *out, const struct suite_list *list)
{
	for (uint8_t i = 0; i < list->count; i++)
		out->suite[out->count++] = list->suite[i];
}

/* Asking a processor what it can do is dear on a virtual machine: it is asked once. */
static struct {
	struct ciphers ciphers;
	bool known, fast_aes;
} cpu;

static void ask_processor(br_ssl_engine_context *scratch)
{
	br_ssl_engine_set_default_aes_gcm(scratch);
	br_ssl_engine_set_default_aes_cbc(scratch);
#if BOARD_WIDE_CHAPOL
	br_ssl_engine_set_chacha20(scratch, br_chacha20_sse2_get());
	br_ssl_engine_set_poly1305(scratch, br_poly1305_ctmulq_get());
#else
	br_ssl_engine_set_default_chapol(scratch);
#endif
	lend_ciphers(scratch, &cpu.ciphers);
	cpu.fast_aes = br_aes_x86ni_ctr_get_vtable() != NULL || br_aes_pwr8_ctr_get_vtable() != NULL;
	cpu.known = true;
}

void tls_profile_reset(void)
{
	cpu.known = false;
}

/* AEAD suites in the order of what they cost on this processor. */
static void add_aead(struct suites *out)
{
	add(out, cpu.fast_aes ? &aes_aead : &chacha_aead);
	add(out, cpu.fast_aes ? &chacha_aead : &aes_aead);
}

/* Hashes and ciphers that both sides need for AEAD. */
static void use_aead(br_ssl_engine_context *e)
{
	if (!cpu.known)
		ask_processor(e);
	br_ssl_engine_set_hash(e, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(e, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(e, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(e, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(e, &br_tls12_sha384_prf);
	br_ssl_engine_set_gcm(e, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_aes_ctr(e, cpu.ciphers.aes_ctr);
	br_ssl_engine_set_ghash(e, cpu.ciphers.ghash);
	br_ssl_engine_set_chapol(e, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
	br_ssl_engine_set_chacha20(e, cpu.ciphers.chacha20);
	br_ssl_engine_set_poly1305(e, cpu.ciphers.poly1305);
	br_ssl_engine_set_ec(e, br_ec_get_default());
}

void tls_profile_client(struct tls_client *c)
{
	br_ssl_engine_context *e = &c->ctx.eng;
	struct suites s = { .count = 0 };

	br_ssl_client_zero(&c->ctx);
	br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
	br_ssl_engine_add_flags(e, BR_OPT_NO_RENEGOTIATION);
	use_aead(e);
	br_ssl_engine_set_default_rsavrfy(e);
	br_ssl_engine_set_default_ecdsa(e);
	add_aead(&s);
	br_ssl_engine_set_suites(e, s.suite, s.count);
	br_ssl_engine_set_x509(e, &c->x509->vtable);
}

/* What only versions before 1.2 and suites with CBC need. */
static void use_old(br_ssl_engine_context *e)
{
	br_ssl_engine_set_hash(e, br_sha1_ID, &br_sha1_vtable);
	br_ssl_engine_set_cbc(e, &tls_cbc_in, &br_sslrec_out_cbc_vtable);
	br_ssl_engine_set_aes_cbc(e, cpu.ciphers.aes_cbcenc, cpu.ciphers.aes_cbcdec);
}

static void use_ancient(br_ssl_engine_context *e)
{
	br_ssl_engine_set_hash(e, br_md5_ID, &br_md5_vtable);
	br_ssl_engine_set_prf10(e, &br_tls10_prf);
	br_ssl_engine_set_des_cbc(e, &br_des_ct_cbcenc_vtable, &br_des_ct_cbcdec_vtable);
}

/* What the identity and the oldest version allow. */
static void server_suites(const struct tls_server *s, struct suites *out)
{
	out->count = 0;
	add_aead(out);
	add(out, &ecdhe_cbc);
	if (s->version_min < BR_TLS12 && s->id->rsa.chain_len > 0)
		add(out, &static_rsa);
}

void tls_profile_server(struct tls_server *s)
{
	br_ssl_engine_context *e = &s->ctx.eng;
	struct suites list;

	br_ssl_server_zero(&s->ctx);
	br_ssl_engine_set_versions(e, s->version_min, BR_TLS12);
	br_ssl_engine_add_flags(e, BR_OPT_NO_RENEGOTIATION | BR_OPT_ENFORCE_SERVER_PREFERENCES);
	use_aead(e);
	use_old(e);
	if (s->version_min < BR_TLS12)
		use_ancient(e);
	server_suites(s, &list);
	br_ssl_engine_set_suites(e, list.suite, list.count);
}

bool tls_profile_has(const struct tls_server *s, uint16_t suite)
{
	struct suites list;

	server_suites(s, &list);
	for (size_t i = 0; i < list.count; i++)
		if (list.suite[i] == suite)
			return true;
	return false;
}
