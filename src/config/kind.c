/*
 * kind.c - one function a kind: from text to the bytes of a field. Each says whether the text is a
 * value; the sentence for a wrong one is made in one place from the row (kind_parse()).
 */
#include <string.h>

#include "base/addr.h"
#include "base/base64.h"
#include "config/value.h"

static bool printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	return true;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z');
}

/* A host name of letters, digits, '-' and '_' in labels of 1 to 63; the last one is not a
 * number. */
static bool host_name_good(struct slice text)
{
	size_t label = 0, digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c == '.') {
			if (label == 0 || text.p[i - 1] == '-')
				return false;
			label = digits = 0;
			continue;
		}
		if ((!is_alnum(c) && c != '_' && (c != '-' || label == 0)) || ++label > 63)
			return false;
		digits += is_digit(c) ? 1 : 0;
	}
	return label > digits && text.p[text.len - 1] != '-';
}

static bool host_good(struct slice text)
{
	struct port_addr a;

	return host_name_good(text) || (addr_parse(text, &a) == E_OK && text.p[0] != '[');
}

static bool address_good(struct slice text)
{
	static const char special[] = { '<', '>', '(', ')', '[', ']', ',', ';', ':', '\\', '"', '*',
		'?' };
	size_t at = slice_find(text, '@');

	for (size_t i = 0; i < at; i++)
		if (text.p[i] <= ' ' || memchr(special, text.p[i], sizeof special) != NULL)
			return false;
	return at > 0 && at <= 64 && at < text.len && host_name_good(slice_from(text, at + 1));
}

static bool name_good(struct slice text)
{
	static const char joins[] = { '_', '-', '.' };

	for (size_t i = 0; i < text.len; i++)
		if (!is_alnum(text.p[i]) && memchr(joins, text.p[i], sizeof joins) == NULL)
			return false;
	return true;
}

bool section_name_good(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.p[i]) && text.p[i] != '_' && (text.p[i] < 'a' || text.p[i] > 'z'))
			return false;
	return text.len > 0 && text.len <= SECTION_NAME_MAX;
}

/* "10.0.0.1:514" or "[fd00::1]:514". */
static bool log_good(struct slice text)
{
	struct port_addr a;
	struct slice at = slice_from(text, strlen("udp://")), port;
	size_t end = at.len;
	uint64_t v;

	if (slice_eq(text, slice_str("stderr")) || slice_eq(text, slice_str("syslog")))
		return true;
	if (!slice_starts(text, "udp://"))
		return false;
	while (end > 0 && at.p[end - 1] != ':')
		end--;
	if (end < 2)
		return false;
	port = slice_from(at, end);
	at = slice_head(at, end - 1);
	if (slice_find(at, ':') < at.len && at.p[0] != '[')
		return false;
	return addr_parse(at, &a) == E_OK && slice_u64(port, UINT16_MAX, &v) == E_OK && v > 0;
}

static bool pin_good(struct slice text)
{
	uint8_t pin[33];

	return slice_starts(text, "sha256/") &&
		base64_decode(slice_from(text, strlen("sha256/")), pin, sizeof pin) == 32;
}

bool kind_text_good(uint8_t kind, struct slice text)
{
	if (!printable(text))
		return false;
	switch (kind) {
	case KIND_NAME:
		return name_good(text);
	case KIND_REFERENCE:
		return section_name_good(text);
	case KIND_HOST:
	case KIND_LIST_HOST:
		return host_good(text);
	case KIND_LIST_DOMAIN:
		return host_name_good(text);
	case KIND_ADDRESS:
		return address_good(text);
	case KIND_LOG:
		return log_good(text);
	case KIND_LIST_PIN:
		return pin_good(text);
	case KIND_PASSWORD:
		return !slice_eq(text, slice_str(VALUE_HIDDEN));
	default:
		return true;
	}
}

/* ---- numbers with units ---- */

const struct unit_table size_units = { { { 'G', 1u << 30 }, { 'M', 1u << 20 }, { 'K', 1u << 10 },
	{ '\0', 1 } } };
const struct unit_table time_units = { { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } } };

static uint64_t unit_factor(const struct unit_table *t, uint8_t letter)
{
	for (int i = 0; i < 4; i++) {
		uint8_t own = byte_lower((uint8_t)t->unit[i].letter);

		if (own != '\0' && own == byte_lower(letter))
			return t->unit[i].factor;
	}
	return 0;
}

/* Digits and a unit; without one only where the table has a nameless unit. */
static bool quantity(struct slice text, const struct unit_table *t, uint64_t *out)
{
	uint64_t factor = text.len > 0 ? unit_factor(t, text.p[text.len - 1]) : 0, v;

	if (factor == 0 && t->unit[3].letter == '\0')
		factor = 1;
	else if (factor != 0)
		text.len--;
	if (factor == 0 || slice_u64(text, UINT64_MAX / 2, &v) != E_OK || v > UINT64_MAX / 2 / factor)
		return false;
	*out = v * factor;
	return true;
}

static bool rate(const struct setting *row, struct slice text, struct cfg_rate *out)
{
	size_t at = slice_find(text, '/');
	struct slice unit = slice_from(text, at + 1);
	uint64_t count, per_s = unit.len == 1 ? unit_factor(&time_units, unit.p[0]) : 0;

	if (per_s == 0 || slice_u64(slice_head(text, at), row->hi, &count) != E_OK || count < row->lo)
		return false;
	*out = (struct cfg_rate){ (uint32_t)count, (uint32_t)per_s };
	return true;
}

/* ---- addresses ---- */

static bool net(uint8_t kind, struct slice text, struct cfg_net *out)
{
	struct addr_prefix prefix;
	struct port_addr a = { { 0 }, 0, 0 };

	out->bits = 128;
	out->port = 0;
	if (kind == KIND_NET || kind == KIND_LIST_NET) {
		if (addr_prefix_parse(text, &prefix) != E_OK)
			return false;
		memcpy(out->ip, prefix.ip, 16);
		out->bits = prefix.bits;
		return text.p[0] != '[';
	}
	if (kind == KIND_LIST_SERVER ? addr_parse_server(text, 53, &a) : addr_parse(text, &a))
		return false;
	memcpy(out->ip, a.ip, 16);
	out->port = a.port;
	return a.zone == 0 && text.p[0] != '[';
}

static bool board_net(struct slice text, struct cfg_net *out)
{
	size_t at = slice_find(text, '/');
	uint64_t bits;

	if (slice_eq(text, slice_str("dhcp"))) {
		*out = (struct cfg_net){ { 0 }, 0, 0 };
		return true;
	}
	if (!net(KIND_IP, slice_head(text, at), out) || slice_u64(slice_from(text, at + 1), 128, &bits))
		return false;
	bits += memcmp(out->ip, "\0\0\0\0\0\0\0\0\0\0\377\377", 12) == 0 ? 96 : 0;
	out->bits = (uint8_t)bits;
	return bits > 0 && bits <= 128;
}

/* ---- the whole ---- */

static bool number(const struct setting *row, struct slice text, uint64_t *v)
{
	bool good;

	if (row->kind == KIND_SIZE)
		good = quantity(text, &size_units, v);
	else if (row->kind == KIND_DURATION)
		good = quantity(text, &time_units, v);
	else if (row->kind == KIND_DAYS && slice_eq(text, slice_str("forever")))
		return *v = CFG_FOREVER, true;
	else
		good = slice_u64(text, UINT64_MAX / 2, v) == E_OK;
	return good && *v >= row->lo && *v <= row->hi;
}

static bool store_number(const struct setting *row, struct slice text, void *field)
{
	uint64_t v;

	if (!number(row, text, &v))
		return false;
	if (row->kind == KIND_BOOL)
		*(uint8_t *)field = (uint8_t)v;
	else if (row->kind == KIND_PORT)
		*(uint16_t *)field = (uint16_t)v;
	else if (row->kind == KIND_SIZE)
		*(uint64_t *)field = v;
	else
		*(uint32_t *)field = (uint32_t)v;
	return true;
}

static bool store_word(const struct setting *row, struct slice text, uint8_t *field)
{
	for (uint8_t i = 0; i < row->word_count; i++) {
		if (!slice_eq(text, slice_str(row->words[i])))
			continue;
		*field = i;
		return true;
	}
	return false;
}

static bool store_text(struct settings *s, const struct setting *row, struct slice text,
	text_ref *field, bool *room)
{
	text_ref ref;

	if (text.len < row->lo || text.len > row->hi || !kind_text_good(row->kind, text))
		return false;
	ref = text_add(s, text);
	*room = ref != 0;
	*field = *room ? ref : *field;
	return true;
}

static bool store_item(struct settings *s, const struct setting *row, struct slice text,
	struct cfg_item *item, bool *room)
{
	bool is_net = row->kind == KIND_LIST_IP || row->kind == KIND_LIST_NET ||
		row->kind == KIND_LIST_SERVER;

	if (is_net && !net(row->kind, text, &item->net))
		return false;
	return store_text(s, row, text, &item->text, room);
}

int kind_parse(struct settings *s, const struct setting *row, struct slice text, void *field,
	struct fmt *why)
{
	bool room = true, good;

	if (kind_is_text(row->kind))
		good = store_text(s, row, text, field, &room);
	else if (kind_is_list(row->kind))
		good = store_item(s, row, text, field, &room);
	else if (row->kind == KIND_CHOICE)
		good = store_word(row, text, field);
	else if (row->kind == KIND_RATE)
		good = rate(row, text, field);
	else if (row->kind == KIND_BOARD_NET)
		good = board_net(text, field);
	else if (row->kind == KIND_IP || row->kind == KIND_NET)
		good = net(row->kind, text, field);
	else
		good = store_number(row, text, field);
	if (!good) {
		kind_explain(row, text, why);
		return E_ARG;
	}
	if (!room)
		fmt_str(why, "the configuration is too large: no room for its texts");
	return room ? E_OK : E_LIMIT;
}
