/*
 * tls_cbc.c - records in CBC whose length is no multiple of the cipher's block are refused.
 *
 * BearSSL 0.6 says that it checks this and does not (cbc_check_length()): its DES then decrypts far
 * beyond the record's end, its AES a few bytes. The class here is the library's own with that check
 * put before it.
 */
#include "io/tls_context.h"

static int check_length(const br_sslrec_in_class *const *ctx, size_t len)
{
	const br_sslrec_in_cbc_context *cbc = (const br_sslrec_in_cbc_context *)(const void *)ctx;

	return len % cbc->bc.vtable->block_size == 0 &&
		br_sslrec_in_cbc_vtable.inner.check_length(ctx, len);
}

static unsigned char *decrypt(const br_sslrec_in_class **ctx, int type, unsigned version,
	void *data, size_t *len)
{
	return br_sslrec_in_cbc_vtable.inner.decrypt(ctx, type, version, data, len);
}

/* NOLINTNEXTLINE(readability-function-size): the number of parameters is the library's */
static void init(const br_sslrec_in_cbc_class **ctx, const br_block_cbcdec_class *cipher,
	const void *key, size_t key_len, const br_hash_class *hash, const void *mac_key,
	size_t mac_key_len, size_t mac_len, const void *iv)
{
	br_sslrec_in_cbc_vtable.init(ctx, cipher, key, key_len, hash, mac_key, mac_key_len, mac_len,
		iv);
	*ctx = &tls_cbc_in;
}

const br_sslrec_in_cbc_class tls_cbc_in = {
	{ sizeof(br_sslrec_in_cbc_context), check_length, decrypt }, init
};
