/*
 * crc.h - CRC-32C (Castagnoli, RFC 3720 12.1), for stored records.
 */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of `len` more bytes after those of `crc`; start with 0. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
