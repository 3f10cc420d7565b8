/*
 * settings.h - the whole configuration as typed structs in static memory, and how one becomes
 * another.
 *
 * Three instances exist: the running one, the candidate that the console edits, and a spare that a
 * load fills before it takes the running one's place: a load that fails changes nothing.
 * Texts lie in the instance's arena as NUL-terminated strings named by offset; lists are ranges of
 * its items. A struct and its texts may change at any reload: who needs a value later copies it,
 * with settings_generation().
 *
 * For a row `OPTION(account, smtp_host, HOST, …)` of settings.def there is a field `smtp_host` in
 * struct cfg_account; an option that was not given has its default in the field. What a section is
 * called stands in `head.name` (routes: empty).
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"
#include "board.h"
#include "port.h"

/* ---- values ---- */

/* A text in an instance's arena; 0 is the empty text, which equals an absent option. */
typedef uint32_t text_ref;

/* A number or choice that was not given and has no default. */
#define CFG_UNSET_WORD 255u

/* A range of an instance's items; see settings_item(). */
struct cfg_list {
	uint16_t first, count;
};

/* An address, network or server. IPv4 as ::ffff:a.b.c.d with bits counted from the front of the 16
 * bytes (a.b.c.d/24 has 120). bits 0 with an address of all zeroes matches everything. */
struct cfg_net {
	uint8_t ip[16];
	uint8_t bits;   /* 0 to 128 */
	uint16_t port;  /* of HOST#PORT; else 0 */
};

/* One element of a list: its text, and for lists of addresses what the text means. */
struct cfg_item {
	text_ref text;
	struct cfg_net net;
};

/* `count` messages in `per_s` seconds; count 0: not given. */
struct cfg_rate {
	uint32_t count, per_s;
};

#define CFG_FOREVER UINT32_MAX /* a DAYS value */

/* Kinds of values. X(KIND, type of the field, what a value looks like, for errors and help). */
#define SETTINGS_KINDS(X) \
	X(TEXT,        text_ref, "a text") \
	X(NAME,        text_ref, "a name of letters, digits, '_', '-' and '.'") \
	X(REFERENCE,   text_ref, "the name of an account section") \
	X(HOST,        text_ref, "a host name or an address") \
	X(ADDRESS,     text_ref, "a mail address like name@example.com") \
	X(PATTERN,     text_ref, "an address or a pattern with * and ?") \
	X(PATH,        text_ref, "the path of a file or directory") \
	X(LOG,         text_ref, "stderr, syslog or udp://ADDRESS:PORT") \
	X(PASSWORD,    text_ref, "a secret") \
	X(BOOL,        uint8_t,  "0 or 1") \
	X(CHOICE,      uint8_t,  "one of some words") \
	X(PORT,        uint16_t, "a port from 1 to 65535") \
	X(NUMBER,      uint32_t, "a number") \
	X(SIZE,        uint64_t, "a size like 500K, 50M or 2G") \
	X(DURATION,    uint32_t, "a time like 30s, 5m, 12h or 5d") \
	X(DAYS,        uint32_t, "a number of days, or forever") \
	X(RATE,        struct cfg_rate, "a rate like 30/m (s, m, h or d)") \
	X(IP,          struct cfg_net, "an IPv4 or IPv6 address") \
	X(NET,         struct cfg_net, "an address or a network like 192.168.1.0/24") \
	X(BOARD_NET,   struct cfg_net, "dhcp, or an address with its prefix like 192.168.1.2/24") \
	X(LIST_IP,     struct cfg_list, "an IPv4 or IPv6 address") \
	X(LIST_NET,    struct cfg_list, "an address or a network like 192.168.1.0/24") \
	X(LIST_SERVER, struct cfg_list, "an address, or ADDRESS#PORT") \
	X(LIST_HOST,   struct cfg_list, "a host name or an address") \
	X(LIST_DOMAIN, struct cfg_list, "a domain like example.com") \
	X(LIST_PIN,    struct cfg_list, "sha256/ and 44 characters of base64")

#define SETTINGS_KIND_ENUM(kind, type, text) KIND_##kind,
/* The kinds as numbers: lists last, texts first. */
enum setting_kind { SETTINGS_KINDS(SETTINGS_KIND_ENUM) KIND_COUNT };
#undef SETTINGS_KIND_ENUM

/* Field types CFG_FIELD_KIND, in the order above. */
#define SETTINGS_KIND_TYPE(kind, type, text) typedef type cfg_field_##kind;
SETTINGS_KINDS(SETTINGS_KIND_TYPE)
#undef SETTINGS_KIND_TYPE

/* Flags of a setting. */
#define SETTING_RESTART  1u  /* takes effect at the next start only */
#define SETTING_REQUIRED 2u  /* a section without it is refused */
#define SETTING_SECRET   4u  /* never shown or logged */
#define SETTING_FILE     8u  /* names a file that is read */

/* Section types with the most sections of each, in the order in which they are saved. */
#define SETTINGS_SECTIONS(X) SETTINGS_SINGLE(X) SETTINGS_MANY(X)
#define SETTINGS_SINGLE(X) \
	X(gateway, 1) \
	X(network, 1)
#define SETTINGS_MANY(X) \
	X(listener, BOARD_CONFIG_SECTIONS / 8) \
	X(account, BOARD_CONFIG_SECTIONS / 2) \
	X(user, BOARD_CONFIG_SECTIONS) \
	X(route, BOARD_CONFIG_SECTIONS) \
	X(fetch, BOARD_CONFIG_SECTIONS / 8)

#define SETTINGS_SECTION_ENUM(type, max) SECTION_##type,
enum section_type { SETTINGS_SECTIONS(SETTINGS_SECTION_ENUM) SECTION_TYPES };
#undef SETTINGS_SECTION_ENUM

/* The words of each choice, as enum cfg_SET { CFG_ID, … , CFG_SET_COUNT }. */
#define WORDS_BEGIN(set) enum cfg_##set {
#define WORD(id, text) CFG_##id,
#define WORDS_END(set) CFG_##set##_COUNT };
#define SECTION_BEGIN(type, help)
#define SECTION_END(type)
#define OPTION(section, name, kind, def, lo, hi, flags, help)
#define CHOICE(section, name, set, def, flags, help)
#include "config/settings_rows.h"

/* What every section begins with. */
struct cfg_section {
	text_ref name;      /* of the section; 0 for routes */
	uint64_t given;  /* a bit for each option that was given, by its place in the section */
};

/* struct cfg_gateway, cfg_listener, cfg_account, cfg_user, cfg_route, cfg_fetch, cfg_network.
 * Choices hold a value of enum cfg_SET, or CFG_UNSET_WORD; the field of a secret holds what its
 * _file says, too. */
#define WORDS_BEGIN(set)
#define WORD(id, text)
#define WORDS_END(set)
#define SECTION_BEGIN(type, help) struct cfg_##type { struct cfg_section head;
#define SECTION_END(type) };
#define OPTION(section, name, kind, def, lo, hi, flags, help) cfg_field_##kind name;
#define CHOICE(section, name, set, def, flags, help) uint8_t name;
#include "config/settings_rows.h"

#define SETTINGS_ITEMS (4 * BOARD_CONFIG_SECTIONS)

/* A whole configuration: `account[0 .. account_count)` and so on for each section type. gateway[0]
 * and network[0] always exist, with defaults where the text has no such section (their counts then
 * are 0). */
struct settings {
	uint32_t text_len;
	uint16_t item_count;
#define SETTINGS_COUNT(type, max) uint16_t type##_count;
	SETTINGS_SECTIONS(SETTINGS_COUNT)
#undef SETTINGS_COUNT
#define SETTINGS_ARRAY(type, max) struct cfg_##type type[max];
	SETTINGS_SINGLE(SETTINGS_ARRAY)
	char text[BOARD_CONFIG_TEXT];
	SETTINGS_MANY(SETTINGS_ARRAY)
#undef SETTINGS_ARRAY
	struct cfg_item item[SETTINGS_ITEMS];
};

/* The text of a reference, never NULL; lives until the instance changes. */
const char *settings_text(const struct settings *s, text_ref ref);

/* The same as a slice. */
struct slice settings_slice(const struct settings *s, text_ref ref);

/* Element i < list.count of a list. */
const struct cfg_item *settings_item(const struct settings *s, struct cfg_list list, unsigned i);

/* ---- lookups ---- */

/* The account with a section name; NULL when there is none (or the name is empty). */
const struct cfg_account *settings_account(const struct settings *s, const char *name);

/* The `login client` account that has the domain of a login NAME@DOMAIN (ASCII case-blind);
 * NULL. */
const struct cfg_account *settings_account_of_domain(const struct settings *s, struct slice login);

/* The user with a login name (ASCII case-blind): option name, or the section's; NULL. */
const struct cfg_user *settings_user(const struct settings *s, struct slice login);

/* The login name of a user: option name, or the section's. */
const char *settings_user_name(const struct settings *s, const struct cfg_user *user);

/* Whether the user's password is an RFC 5803 string for crypto_verifier_check(), not a clear
 * text. */
bool settings_user_hashed(const struct settings *s, const struct cfg_user *user);

/* Whether `ip` (16 bytes, port_addr form) lies in a network. */
bool cfg_net_has(const struct cfg_net *net, const uint8_t ip[16]);

/* Whether it lies in one of a list's networks; an empty list has none. */
bool settings_list_has(const struct settings *s, struct cfg_list list, const uint8_t ip[16]);

/* Whether a client may connect to a listener: `allow`, by default loopback, private (RFC 1918),
 * link-local and unique-local networks. With the PROXY protocol ask for the address in the
 * header. */
bool settings_allows(const struct settings *s, const struct cfg_listener *l, const uint8_t ip[16]);

/* Loopback, RFC 1918, link-local (169.254/16, fe80::/10) or unique-local (fc00::/7): the addresses
 * to which `smtp_tls off` may talk, and the default of `allow`. */
bool cfg_ip_is_local(const uint8_t ip[16]);

/* Reads an IPv4 or IPv6 literal, without brackets, port or zone. E_OK or E_ARG. */
int cfg_ip_parse(struct slice text, uint8_t ip[16]);

/* ---- loading ---- */

/* What is wrong: the line (0: the file as a whole) and the sentence `FILE:LINE: …`,
 * NUL-terminated. */
struct settings_error {
	uint32_t line;
	char text[400];
};

/* The running configuration; before the first load one of defaults only. */
const struct settings *settings_running(void);

/* Grows by one with every configuration that becomes the running one; 0 before the first load. */
uint32_t settings_generation(void);

/* Reads and validates a configuration text; when it is right, it becomes the running one. `file` is
 * what errors call it. Files named by options NAME_file are read by port_file_open(). E_OK; E_ARG
 * with
 * *err filled and nothing changed. */
int settings_load(struct slice text, const char *file, struct settings_error *err);

/* As settings_load() from a file, of at most BOARD_CONFIG_TEXT bytes; refuses one that others may
 * write, or that holds secrets and others may read. The path is what `commit` replaces. */
int settings_load_file(const char *path, struct settings_error *err);

/* As settings_load_file() but only validates: nothing becomes the running one (`mailwicket test`).
 * Reads what was validated through *out until the next call of this module; NULL: not wanted. */
int settings_check_file(const char *path, struct settings_error *err, const struct settings **out);

/* Warnings about a configuration that is valid, counted from 0: one sentence each, appended to
 * `out`. E_OK, or E_NOENT when there is no such warning (`out` untouched). */
int settings_warning(const struct settings *s, unsigned number, struct fmt *out);

/* The path that settings_load_file() took last; "" before. */
const char *settings_path(void);

/* Puts everything back: the running configuration is one of defaults, no candidate. */
void settings_reset(void);

#endif
