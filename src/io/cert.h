/*
 * cert.h - the gateway's own certificates: those in the owner's files, and those made by itself
 * under an authority of its own (DESIGN 7, DECISIONS 27).
 *
 * An identity is a number that stays the same while what stands behind it is renewed.
 * identity_hold() pins what is current; a handshake holds it until it is over, so that a swap
 * never pulls it away.
 */
#ifndef IO_CERT_H
#define IO_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bearssl.h>

#include "board.h"
#include "port.h"

#ifndef BOARD_LEAF_BYTES
#define BOARD_LEAF_BYTES 8192   /* DER of all certificates of one identity */
#endif
#define IDENTITY_CHAIN_MAX 5    /* certificates of one chain */
#define IDENTITY_PATH_MAX 255   /* bytes of a path */
#define IDENTITY_NAMES_MAX 16   /* names and addresses in a certificate of our own */
#define IDENTITY_KEY_BYTES 1536 /* parts of one RSA key of at most 4096 bits */

/* One chain and its key; chain_len 0: none. The members go straight into
 * br_ssl_server_set_single_ec(), _rsa() or a policy of the same scheme. */
struct identity_leaf {
	br_x509_certificate chain[IDENTITY_CHAIN_MAX];
	uint8_t chain_len;
	uint8_t key_type;           /* BR_KEYTYPE_EC or BR_KEYTYPE_RSA */
	uint8_t issuer_key_type;    /* BR_KEYTYPE_ of the key that signed chain[0] */
	union {
		br_ec_private_key ec;
		br_rsa_private_key rsa;
	} key;
	uint8_t bytes[IDENTITY_KEY_BYTES]; /* what `key` points into */
};

/* What stands behind an identity at one time; never changes while it is held. */
struct identity {
	struct identity_leaf ec, rsa;   /* at least one of them is there */
	uint8_t der[BOARD_LEAF_BYTES];  /* what the chains point into */
	uint16_t der_len;
	uint16_t holds;
	bool used;
};

/* The names of the certificate that the gateway makes for itself. Copied. */
struct cert_names {
	const char *hostname;           /* also its common name */
	const char *const *names;       /* further host names and address literals */
	unsigned name_count;
	const struct port_addr *addrs;  /* further addresses; link-local ones are left out */
	unsigned addr_count;
};

/* For `show certificates`. */
struct cert_facts {
	char subject[64], issuer[64];   /* common name or organisation, printable, NUL-terminated */
	char names[256];                /* SAN, separated by spaces; cut where too long */
	const char *origin;             /* path of the file, or "own"; valid until the next reload */
	int64_t not_after_s;
	int32_t days_left;              /* negative: expired; by the floor when the time is not known */
	uint8_t fingerprint[32];        /* SHA-256 of the certificate */
	bool rsa;
};

/* The identity of a chain file and a key file (PEM; chain leaf first; PKCS#8, SEC1 or PKCS#1 key,
 * RSA of 2048 to 4096 bits, or P-256, P-384, P-521). Known paths give the known number and are
 * read again if a file has changed. >= 0: its number. E_NOENT, E_ACCESS, E_IO (file); E_ARG (no
 * certificate, no key, the two don't fit, unknown kind); E_LIMIT (too large); E_NOSLOT. *why is
 * then a static sentence. When a known identity cannot be read again the old one stays and its
 * number is returned, with *why set; *why is NULL otherwise. */
int identity_files(const char *cert_path, const char *key_path, const char **why);

/* The gateway's own identity: an authority and a leaf in the PORT_STATE objects ca.key, ca.crt,
 * leaf.key, leaf.crt (rsa: also ca-rsa.key and so on), made when missing; the leaf is made again
 * under the same authority when a name is missing in it or a third of its life is left. >= 0: its
 * number. E_AGAIN: the store or the entropy is not ready, call again at the owner's edge with the
 * same arguments; the errors of the store; E_ARG (an object cannot be read: nothing is replaced);
 * E_NOSLOT. *why as above. */
int identity_own(const struct cert_names *names, bool rsa, port_owner owner, const char **why);

/* What stands behind a number now, pinned until identity_release(); NULL when there is none. */
const struct identity *identity_hold(uint8_t number);
void identity_release(const struct identity *id);

/* What stands behind a number now, not pinned: for use within one call. NULL when there is none. */
const struct identity *identity_get(uint8_t number);

/* Looks at the files of every identity again (hourly, and at a reload). The number of identities
 * that were read anew; *why (may be NULL) is the last trouble, or NULL. Own ones are renewed by
 * calling identity_own() again. */
int identity_refresh(const char **why);

/* Forgets identities that neither identity_files() nor identity_own() named since the last call. */
void identity_sweep(void);

/* Facts of chain[0] of an identity; `rsa` chooses which. E_OK or E_NOENT. */
int identity_facts(uint8_t number, bool rsa, struct cert_facts *out);

/* The certificate of the gateway's own authority as PEM text, for devices: its length, E_NOENT,
 * E_LIMIT, or the errors of the store. */
int identity_authority(bool rsa, port_owner owner, char *out, size_t cap);

/* Numbers given out so far: all are below this. */
uint8_t identity_count(void);

/* Forgets all and wipes the keys. */
void identity_reset(void);

#endif
