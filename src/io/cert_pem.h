/*
 * cert_pem.h - PEM (RFC 7468): finds blocks in a text that is read piece by piece, and writes them.
 */
#ifndef IO_CERT_PEM_H
#define IO_CERT_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"
#include "port.h"

#define PEM_LABEL_MAX 32

/* Where a PEM reader is. Private but for the members that are told of. */
struct pem {
	uint64_t at;                  /* offset of the next byte of the text */
	uint64_t begin;               /* offset of the line that began the present block */
	uint64_t line_at;
	uint8_t *out;                 /* memory of the caller for a block's bytes */
	size_t cap, len;              /* its size; bytes of the present block */
	char label[PEM_LABEL_MAX + 1];/* "CERTIFICATE", NUL-terminated */
	char line[PEM_LABEL_MAX + 17];
	uint8_t line_len, label_len;
	uint8_t group[4], group_len;
	bool in_body, in_end, padded, bad;
};

/* Starts to read a text at offset `at`; blocks are decoded to `out` of `cap` bytes. */
void pem_start(struct pem *p, uint64_t at, void *out, size_t cap);

/* The next block of a file, or of a text in memory: 1 (label, begin, len and *out are of that
 * block); 0: the text is over; E_ARG: a block that is not PEM or cut short, E_LIMIT: one larger
 * than `cap` (in both cases reading goes on behind it); E_IO (file). */
int pem_next_file(struct pem *p, struct port_file *f);
int pem_next(struct pem *p, struct slice text);

/* Appends a block. */
void pem_put(struct fmt *f, const char *label, struct slice der);

#endif
