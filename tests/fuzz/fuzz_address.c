/*
 * fuzz_address.c - From values and mailboxes: whatever comes in, what comes out is bounded, has no control
 * octets, and an address that was found is one that a path takes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "error.h"
#include "proto/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_controls(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)p[i] < 0x20 || p[i] == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header_mailbox m;
	struct slice in = { data, size };

	if (size > 4096)
		return 0;
	header_mailbox_parse(in, &m);
	if (m.name_len > HEADER_NAME_MAX || m.addr_len > ADDRESS_MAX)
		abort();
	no_controls(m.name, m.name_len);
	no_controls(m.addr, m.addr_len);
	(void)mailbox_deliverable_form(in);
	if (mailbox_domain(in).len > in.len || !mailbox_eq(in, in))
		abort();
	return 0;
}
