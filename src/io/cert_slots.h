/*
 * cert_slots.h - what cert.c (files) and cert_own.c (own authority) share: identities and the
 * slots that stand behind them.
 */
#ifndef IO_CERT_SLOTS_H
#define IO_CERT_SLOTS_H

#include "base/slice.h"
#include "io/cert.h"

/* An identity: where it comes from and what stands behind it now. */
struct identity_source {
	char cert[IDENTITY_PATH_MAX + 1], key[IDENTITY_PATH_MAX + 1]; /* own: both empty */
	uint64_t cert_stamp, key_stamp;
	struct identity *now;
	bool taken, own, named;     /* in use; own authority; named since the last sweep */
};

/* The identity of these paths (both empty: our own), an old or a new one, marked as named; NULL
 * when there are BOARD_LEAVES already. A new one has nothing behind it. */
struct identity_source *identity_source_of(const char *cert, const char *key);

/* The identity of a number, or NULL. */
struct identity_source *identity_source_at(uint8_t number);

/* Its number. */
uint8_t identity_source_number(const struct identity_source *s);

/* A zeroed slot that nobody holds, or NULL. It is used until identity_source_swap() or
 * identity_slot_drop(). */
struct identity *identity_slot_take(void);

/* Wipes a slot that was taken for nothing. */
void identity_slot_drop(struct identity *id);

/* Puts a new slot behind an identity; the old one goes when its last hold ends. */
void identity_source_swap(struct identity_source *s, struct identity *id);

/* Forgets an identity that has nothing behind it. */
void identity_source_give_up(struct identity_source *s);

/* Copies a key, so that it points into its own bytes; no chain. */
void identity_key_copy(struct identity_leaf *to, const struct identity_leaf *from);

/* Puts a key and a chain of one certificate, both copied, into a slot. E_OK or E_LIMIT. */
int identity_put(struct identity *id, const struct identity_leaf *key, struct slice cert);

/* Forgets what identity_own() was about. */
void identity_own_reset(void);

#endif
