/*
 * tls_hello.c - a byte automaton over ClientHello (RFC 5246 7.4.1.2): numbers that are read,
 * lengths that are skipped, and the list of extension 16.
 */
#include "io/tls_hello.h"

#include <string.h>

enum hello_field { HELLO_TYPE, HELLO_LEN, HELLO_ID, HELLO_SUITES, HELLO_COMPRESSION,
	HELLO_EXTENSIONS, HELLO_EXT_TYPE, HELLO_EXT_LEN, HELLO_LIST, HELLO_NAME_LEN, HELLO_NAME,
	HELLO_DONE };

enum { CLIENT_HELLO = 1, ALPN = 16, VERSION_AND_RANDOM = 34 };

/* Bytes of the number that stands in a field. */
static const uint8_t number_bytes[] = { [HELLO_TYPE] = 1, [HELLO_LEN] = 3, [HELLO_ID] = 1,
	[HELLO_SUITES] = 2, [HELLO_COMPRESSION] = 1, [HELLO_EXTENSIONS] = 2, [HELLO_EXT_TYPE] = 2,
	[HELLO_EXT_LEN] = 2, [HELLO_LIST] = 2, [HELLO_NAME_LEN] = 1,
	[HELLO_NAME] = 0, [HELLO_DONE] = 0 };

static void enter(struct tls_hello *h, enum hello_field state, uint32_t skip)
{
	h->state = (uint8_t)state;
	h->skip = skip;
	h->num = 0;
	h->need = number_bytes[state];
}

/* An empty list, or one without our name, is a mismatch. */
static void list_ends(struct tls_hello *h)
{
	if (h->alpn != ALPN_MISMATCH)
		h->alpn = h->found ? ALPN_MATCH : ALPN_MISMATCH;
	enter(h, HELLO_EXT_TYPE, 0);
}

static void extension_begins(struct tls_hello *h)
{
	h->ext_left = (uint16_t)h->num;
	if (h->ext_type != ALPN) {
		enter(h, HELLO_EXT_TYPE, h->num);
		return;
	}
	h->found = false;
	if (h->num == 0)
		list_ends(h);
	else
		enter(h, HELLO_LIST, 0);
}

static void name_begins(struct tls_hello *h)
{
	h->name_left = (uint16_t)h->num;
	h->same = true;
	h->at = 0;
	enter(h, h->num > 0 ? HELLO_NAME : HELLO_NAME_LEN, 0);
}

static void number_read(struct tls_hello *h)
{
	switch ((enum hello_field)h->state) {
	case HELLO_TYPE:
		h->ext_type = (uint16_t)h->num;
		enter(h, HELLO_LEN, 0);
		break;
	case HELLO_LEN:
		h->left = h->num;
		if (h->ext_type == CLIENT_HELLO)
			enter(h, HELLO_ID, VERSION_AND_RANDOM);
		else
			enter(h, HELLO_TYPE, h->num);
		break;
	case HELLO_ID:
	case HELLO_SUITES:
	case HELLO_COMPRESSION:
		enter(h, (enum hello_field)(h->state + 1), h->num);
		break;
	case HELLO_EXTENSIONS:
		enter(h, HELLO_EXT_TYPE, 0);
		break;
	case HELLO_EXT_TYPE:
		h->ext_type = (uint16_t)h->num;
		enter(h, HELLO_EXT_LEN, 0);
		break;
	case HELLO_EXT_LEN:
		extension_begins(h);
		break;
	case HELLO_LIST:
		enter(h, HELLO_NAME_LEN, 0);
		break;
	case HELLO_NAME_LEN:
		name_begins(h);
		break;
	case HELLO_NAME:
	case HELLO_DONE:
		break;
	}
}

static void name_byte(struct tls_hello *h, const char *name, uint8_t byte)
{
	size_t len = strlen(name);

	h->same = h->same && h->at < len && (uint8_t)name[h->at] == byte;
	if (h->at < len)
		h->at++;
	if (--h->name_left > 0)
		return;
	h->found = h->found || (h->same && h->at == len);
	enter(h, HELLO_NAME_LEN, 0);
}

static void read_byte(struct tls_hello *h, const char *name, uint8_t byte)
{
	bool body = h->state > HELLO_LEN;
	bool list = h->state >= HELLO_LIST && h->state <= HELLO_NAME;

	if (h->need == 0 && h->state != HELLO_NAME)
		enter(h, (enum hello_field)h->state, h->skip);
	if (h->skip > 0) {
		h->skip--;
	} else if (h->state == HELLO_NAME) {
		name_byte(h, name, byte);
	} else {
		h->num = h->num << 8 | byte;
		if (--h->need == 0)
			number_read(h);
	}
	if (list && --h->ext_left == 0)
		list_ends(h);
	if (body && --h->left == 0)
		h->state = HELLO_DONE;
}

enum tls_alpn tls_hello_read(struct tls_hello *h, const char *name, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len && h->state != HELLO_DONE; i++)
		read_byte(h, name, p[i]);
	return (enum tls_alpn)h->alpn;
}
