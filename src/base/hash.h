/*
 * hash.h - fixed-size tables from a short byte key to a slot index, with least-recently-used order:
 * uthash on slabs of its own, buckets never grow. For caches whose keys come from the network.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_KEY_MAX 48 /* bytes of a key */

/* One table; define with HASH_DEFINE. Opaque. */
struct hash_table;

/* The tables of the program. A row a table: name and slots. */
#define HASH_TABLES(X) \
	X(dns, BOARD_DNS_CACHE) \
	X(tls_server, BOARD_TLS_SESSIONS) \
	X(tls_client, BOARD_TLS_SESSIONS) \
	X(client, BOARD_CLIENT_TABLE) \
	X(guess, BOARD_CLIENT_TABLE)

#define HASH_DECLARE(name, slots) extern struct hash_table *const hash_##name;
HASH_TABLES(HASH_DECLARE)
#undef HASH_DECLARE

/* The slot of a key, made most recently used; E_NOENT. */
int hash_find(struct hash_table *t, const void *key, size_t key_len);

/* The slot of a key, new or old, made most recently used. When all slots are in use the least
 * recently used is taken over. *fresh says that the slot's content is not this key's. E_LIMIT:
 * key too long. */
int hash_take(struct hash_table *t, const void *key, size_t key_len, int *fresh);

/* Forgets a key, if there. */
void hash_drop(struct hash_table *t, const void *key, size_t key_len);

/* Number of keys in the table, and slots in all. */
unsigned hash_used(const struct hash_table *t);
unsigned hash_slots(const struct hash_table *t);

/* Forgets everything in every table and takes new seeds from the port's entropy. */
void hash_reset(void);

#endif
