/*
 * trust.h - trust anchors in PEM bundles: an index in memory, the certificates in their files.
 *
 * A bundle is read once per path and indexed by the hash of each certificate's subject; a lookup
 * reads the one PEM block again. A changed file is indexed anew at the next lookup. A file that is
 * missing, empty or broken trusts nobody; the index of before survives a reload that fails.
 */
#ifndef IO_TRUST_H
#define IO_TRUST_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "port.h"

#ifndef BOARD_BUNDLES
#define BOARD_BUNDLES 16     /* different trust files */
#endif
#define TRUST_FRESH_MS 5000
#define TRUST_PATH_MAX 255   /* bytes of a path */
#define TRUST_CERT_MAX 8192  /* bytes of the largest anchor; larger ones are left out */

/* The bundle of a path, indexed now if it is new or has changed; within TRUST_FRESH_MS of the last
 * look only trust_find() looks again. Its number (0 up); E_NOENT,
 * E_ACCESS, E_IO (file), E_ARG (no certificate in it, or path too long), E_NOSLOT (BOARD_BUNDLES
 * used up). When the file held more than BOARD_ANCHORS leave room for, the first ones are used and
 * a warning is logged. */
int trust_open(const char *path);

/* Certificate number `nth` (0 up) of a bundle whose subject (DER of the Name) has this SHA-256.
 * E_OK with *der valid until the next call of this module; E_NOENT: no more; E_IO: file missing,
 * changed into something without certificates, or not readable. */
int trust_find(int bundle, const uint8_t subject_hash[32], unsigned nth, struct slice *der);

/* Changes whenever a bundle's file has been read anew; 0 for a bundle that is none. */
uint64_t trust_stamp(int bundle);

/* Certificates indexed in a bundle; 0 for a bundle that is none. */
unsigned trust_count(int bundle);

/* Forgets bundles that were not opened since the last call (after a reload of the configuration).
 */
void trust_sweep(void);

/* Forgets all. */
void trust_reset(void);

#endif
