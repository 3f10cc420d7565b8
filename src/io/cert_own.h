/*
 * cert_own.h - what the two halves of the own authority share: cert_own.c (states) and
 * cert_own_parts.c (objects of the store, keys, certificates).
 */
#ifndef IO_CERT_OWN_H
#define IO_CERT_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/cert.h"
#include "io/cert_make.h"

#define OWN_TITLE_MAX 64   /* bytes of a common name */
#define OWN_TEXT_MAX 4096  /* bytes of an object */

/* X(name, text) */
#define OWN_STATES(X) \
	X(IDLE, "idle") \
	X(CA_KEY, "reading the authority's key") \
	X(CA_LOST, "looking for an authority without key") \
	X(CA_KEY_NEW, "writing the authority's key") \
	X(CA_CERT, "reading the authority's certificate") \
	X(CA_CERT_NEW, "writing the authority's certificate") \
	X(LEAF_KEY, "reading the leaf's key") \
	X(LEAF_KEY_NEW, "writing the leaf's key") \
	X(LEAF_CERT, "reading the leaf") \
	X(LEAF_CERT_NEW, "writing the leaf") \
	X(DONE, "done")

/* The states of identity_own(), and their names. */
#define OWN_ENUM(name, text) OWN_##name,
enum own_state { OWN_STATES(OWN_ENUM) OWN_STATE_COUNT };
#undef OWN_ENUM
extern const char *const own_state_name[];

/* The work of identity_own(), which goes on over several calls while the store says E_AGAIN. */
struct own_work {
	enum own_state state;
	bool rsa, rsa_wanted;         /* the kind in work; whether RSA comes after EC */
	port_owner owner;
	struct port_object *object;   /* open while the store says E_AGAIN */
	struct identity *slot;        /* being filled */
	const char *why;
	int64_t now_s;
	char title[OWN_TITLE_MAX + 1];
	uint8_t names[CERT_MADE_NAMES_MAX];
	size_t names_len;
	char text[OWN_TEXT_MAX];          /* an object's content, read or to be written */
	size_t text_len;
	struct identity_leaf ca, leaf;
	uint8_t ca_der[CERT_MADE_MAX], leaf_der[CERT_MADE_MAX];
	size_t ca_len, leaf_len;
};
extern struct own_work cert_own;

/* The object of the present state into cert_own.text, or back from there. E_OK, E_AGAIN, the
 * errors of the store; reading also E_LIMIT (too long). */
int own_object_read(void);
int own_object_write(void);

/* The first PEM block of cert_own.text whose label ends with `label`, into `out`: its length, or
 * 0. */
size_t own_text_block(const char *label, uint8_t *out, size_t cap);

/* Takes the key in cert_own.text, which is wiped. False: none, or not of the kind in work. */
bool own_key_parse(struct identity_leaf *l);

/* Makes a key and its text. `next`, or E_AGAIN, E_IO. */
int own_key_make(struct identity_leaf *l, enum own_state next);

/* Make a certificate and its text; the state that writes it, or E_AGAIN, E_LIMIT, E_IO. */
int own_authority_make(void);
int own_leaf_make(void);

/* Whether the leaf at hand belongs to key and authority, lives long enough and has all names. */
bool own_leaf_serves(void);

#endif
