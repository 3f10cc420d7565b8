/*
 * commands_show.c - `show`: a table of topics, each a generator with its cursor.
 */
#include <string.h>

#include "base/log.h"
#include "board.h"
#include "config/candidate.h"
#include "gateway/commands.h"
#include "gateway/listeners.h"
#include "gateway/pools.h"
#include "gateway/session.h"
#include "gateway/show.h"
#include "io/cert.h"

#ifndef MAILWICKET_VERSION
#define MAILWICKET_VERSION "0.0.0"
#endif

/* Places of the cursor; topics use the others. */
enum { AT, COUNT, FOUND, JSON = COMMAND_JSON, ROW_ROOM = 700 };

/* Begins a row of a JSON list, with a comma before all but the first. */
static void json_row(struct command_call *call, struct fmt *out)
{
	fmt_str(out, call->cursor[COUNT]++ == 0 ? "[" : ",");
}

static void json_end(struct command_call *call, struct fmt *out)
{
	fmt_str(out, call->cursor[COUNT] == 0 ? "[]\n" : "]\n");
}

static void json_text(struct fmt *out, const char *key, const char *text)
{
	fmt_printf(out, "\"%s\":", key);
	command_json_string(out, slice_str(text));
}

static int show_status(struct command_call *call, struct fmt *out)
{
	const struct settings *s = settings_running();
	uint64_t up_s = show_uptime_ms() / 1000;

	if (call->cursor[JSON] != 0) {
		fmt_printf(out, "{\"version\":\"" MAILWICKET_VERSION "\",\"uptime_s\":%llu,\"sessions\":%u,"
			"\"accounts\":%u,\"configuration\":%u,\"changes\":%s}\n", (unsigned long long)up_s,
			session_count(), (unsigned)s->account_count, (unsigned)settings_generation(),
			candidate_exists() ? "true" : "false");
		return E_OK;
	}
	fmt_printf(out, "mailwicket " MAILWICKET_VERSION " on " BOARD_NAME ", running for %llu s\n"
		"sessions: %u\naccounts: %u\nspool: off (delivery is direct)\n%s", (unsigned long long)up_s,
		session_count(), (unsigned)s->account_count,
		candidate_exists() ? "there are changes that were not committed\n" : "");
	return E_OK;
}

/* The lines of the text; as JSON a list of them. */
static int show_config(struct command_call *call, struct fmt *out)
{
	char line[SETTINGS_LINE_MAX];
	uint32_t *count = &call->cursor[COMMAND_CURSORS - 2];
	struct cfg_cursor at;

	command_cursor_load(call, &at);
	for (;;) {
		struct fmt f = fmt_on(line, sizeof line);

		if (out->cap - out->len < SETTINGS_LINE_MAX + 200) {
			command_cursor_keep(call, &at);
			return E_MORE;
		}
		if (settings_write(settings_running(), &at, false, &f) != E_MORE)
			break;
		if (call->cursor[JSON] == 0) {
			fmt_slice(out, fmt_result(&f));
			continue;
		}
		fmt_str(out, (*count)++ == 0 ? "[" : ",");
		command_json_string(out, slice_head(fmt_result(&f), f.len > 0 ? f.len - 1 : 0));
	}
	if (call->cursor[JSON] != 0)
		fmt_str(out, *count == 0 ? "[]\n" : "]\n");
	return E_OK;
}

/* One server of an account; nothing where it has none. */
static void server_put(struct command_call *call, struct fmt *out, const char *protocol,
	const char *host, unsigned port)
{
	if (host[0] == '\0')
		return;
	if (call->cursor[JSON] != 0) {
		fmt_printf(out, "\"%s_port\":%u,\"%s_host\":", protocol, port, protocol);
		command_json_string(out, slice_str(host));
		fmt_char(out, ',');
	} else {
		fmt_printf(out, "%s %s port %u, ", protocol, host, port);
	}
}

static void account_put(struct command_call *call, struct fmt *out, const struct settings *s,
	const struct cfg_account *a)
{
	const char *name = settings_text(s, a->head.name), *address = settings_text(s, a->address);
	unsigned now = show_account_connections(name);
	bool json = call->cursor[JSON] != 0;

	if (json) {
		json_row(call, out);
		fmt_char(out, '{');
		json_text(out, "name", name);
		fmt_char(out, ',');
	} else {
		fmt_printf(out, "%s: ", name);
	}
	server_put(call, out, "smtp", settings_text(s, a->smtp_host), a->smtp_port);
	server_put(call, out, "imap", settings_text(s, a->imap_host), a->imap_port);
	server_put(call, out, "pop3", settings_text(s, a->pop3_host), a->pop3_port);
	if (!json) {
		fmt_printf(out, "address %s, %u connections\n", address, now);
		return;
	}
	json_text(out, "address", address);
	fmt_printf(out, ",\"connections\":%u}", now);
}

static int show_accounts(struct command_call *call, struct fmt *out)
{
	const struct settings *s = settings_running();

	for (; call->cursor[AT] < s->account_count; call->cursor[AT]++) {
		if (out->cap - out->len < 2 * ROW_ROOM)
			return E_MORE;
		account_put(call, out, s, &s->account[call->cursor[AT]]);
	}
	if (call->cursor[JSON] != 0)
		json_end(call, out);
	return E_OK;
}

static int show_account(struct command_call *call, struct fmt *out)
{
	const struct settings *s = settings_running();
	char name[33];
	struct fmt f = fmt_on(name, sizeof name - 1);
	const struct cfg_account *a;

	if (call->words != 3)
		return command_fail(call, E_ARG, "usage: show account NAME");
	fmt_clean(&f, call->word[2], sizeof name - 1);
	a = settings_account(s, fmt_cstr(&f));
	if (a == NULL)
		return command_fail(call, E_NOENT, "there is no account '%s'", name);
	account_put(call, out, s, a);
	if (call->cursor[JSON] != 0)
		json_end(call, out);
	return E_OK;
}

static void session_put(struct fmt *out, const struct show_session *n)
{
	fmt_printf(out, "%llu %s %s %s by %s", (unsigned long long)n->id, n->type, n->client, n->state,
		n->listener);
	if (n->user[0] != '\0')
		fmt_printf(out, " user %s", n->user);
	if (n->account[0] != '\0')
		fmt_printf(out, " account %s", n->account);
	if (n->tls[0] != '\0')
		fmt_printf(out, " %s", n->tls);
	if (n->upstream_tls[0] != '\0')
		fmt_printf(out, " upstream %s", n->upstream_tls);
	fmt_printf(out, " %u s, %llu in, %llu out\n", (unsigned)n->age_s,
		(unsigned long long)n->bytes_in,
		(unsigned long long)n->bytes_out);
}

static void session_json(struct fmt *out, const struct show_session *n)
{
	fmt_printf(out, "{\"id\":%llu,\"type\":\"%s\",\"state\":\"%s\",\"age_s\":%u,\"bytes_in\":%llu,"
		"\"bytes_out\":%llu,\"tls\":\"%s\",\"upstream_tls\":\"%s\",", (unsigned long long)n->id,
		n->type, n->state, (unsigned)n->age_s, (unsigned long long)n->bytes_in,
		(unsigned long long)n->bytes_out, n->tls, n->upstream_tls);
	json_text(out, "client", n->client);
	fmt_char(out, ',');
	json_text(out, "listener", n->listener);
	fmt_char(out, ',');
	json_text(out, "user", n->user);
	fmt_char(out, ',');
	json_text(out, "account", n->account);
	fmt_char(out, '}');
}

static int show_sessions(struct command_call *call, struct fmt *out)
{
	struct show_session n;
	int at;

	for (;;) {
		if (out->cap - out->len < ROW_ROOM)
			return E_MORE;
		at = show_session(call->cursor[AT], &n);
		if (at < 0)
			break;
		call->cursor[AT] = (uint32_t)at + 1;
		if (call->cursor[JSON] != 0) {
			json_row(call, out);
			session_json(out, &n);
		} else {
			session_put(out, &n);
		}
	}
	if (call->cursor[JSON] != 0)
		json_end(call, out);
	else if (call->cursor[AT] == 0)
		fmt_str(out, "no sessions\n");
	return E_OK;
}

static int show_pools(struct command_call *call, struct fmt *out)
{
	for (; call->cursor[AT] < pools_count; call->cursor[AT]++) {
		const struct pool *p = pools[call->cursor[AT]];

		if (out->cap - out->len < ROW_ROOM)
			return E_MORE;
		if (call->cursor[JSON] != 0) {
			json_row(call, out);
			fmt_printf(out, "{\"name\":\"%s\",\"now\":%u,\"peak\":%u,\"count\":%u,\"refused\":%u,"
				"\"size\":%u}", p->name, (unsigned)p->now, (unsigned)p->peak, (unsigned)p->count,
				(unsigned)p->refused, (unsigned)p->size);
		} else {
			fmt_printf(out, "%s: %u of %u in use, peak %u, refused %u, %u bytes each\n", p->name,
				(unsigned)p->now, (unsigned)p->count, (unsigned)p->peak, (unsigned)p->refused,
				(unsigned)p->size);
		}
	}
	if (call->cursor[JSON] != 0)
		json_end(call, out);
	return E_OK;
}

static int show_memory(struct command_call *call, struct fmt *out)
{
	uint64_t total = 0, now = 0, peak = 0;

	for (unsigned i = 0; i < pools_count; i++) {
		total += (uint64_t)pools[i]->count * pools[i]->size;
		now += (uint64_t)pools[i]->now * pools[i]->size;
		peak += (uint64_t)pools[i]->peak * pools[i]->size;
	}
	fmt_printf(out, call->cursor[JSON] != 0 ? "{\"pools\":%llu,\"now\":%llu,\"peak\":%llu}\n" :
		"pools: %llu bytes, %llu in use now, at most %llu\n", (unsigned long long)total,
		(unsigned long long)now, (unsigned long long)peak);
	return E_OK;
}

static int show_network(struct command_call *call, struct fmt *out)
{
	char line[160];

	for (;;) {
		struct fmt f = fmt_on(line, sizeof line);
		int at;

		if (out->cap - out->len < ROW_ROOM)
			return E_MORE;
		at = listeners_show(call->cursor[AT], &f);
		if (at < 0)
			break;
		call->cursor[AT] = (uint32_t)at + 1;
		if (call->cursor[JSON] != 0) {
			json_row(call, out);
			command_json_string(out, fmt_result(&f));
		} else {
			fmt_str(out, "listening: ");
			fmt_slice(out, fmt_result(&f));
			fmt_char(out, '\n');
		}
	}
	if (call->cursor[JSON] != 0)
		json_end(call, out);
	return E_OK;
}

static void certificate_put(struct command_call *call, struct fmt *out, const struct cert_facts *n)
{
	if (call->cursor[JSON] != 0) {
		json_row(call, out);
		fmt_char(out, '{');
		json_text(out, "subject", n->subject);
		fmt_char(out, ',');
		json_text(out, "names", n->names);
		fmt_char(out, ',');
		json_text(out, "origin", n->origin);
		fmt_printf(out, ",\"days_left\":%d,\"sha256\":\"", (int)n->days_left);
	} else {
		fmt_printf(out, "%s (%s): for %s, by %s, %d days left, SHA-256 ", n->subject, n->origin,
			n->names, n->issuer, (int)n->days_left);
	}
	for (size_t i = 0; i < sizeof n->fingerprint; i++)
		fmt_printf(out, "%02x", (unsigned)n->fingerprint[i]);
	fmt_str(out, call->cursor[JSON] != 0 ? "\"}" : "\n");
}

static int show_certificates(struct command_call *call, struct fmt *out)
{
	struct cert_facts n;

	for (; call->cursor[AT] < 2u * identity_count(); call->cursor[AT]++) {
		if (out->cap - out->len < ROW_ROOM + 300)
			return E_MORE;
		if (identity_facts((uint8_t)(call->cursor[AT] / 2), call->cursor[AT] % 2 != 0, &n) != E_OK)
			continue;
		certificate_put(call, out, &n);
		call->cursor[FOUND] = 1;
	}
	if (call->cursor[JSON] != 0)
		json_end(call, out);
	else if (call->cursor[FOUND] == 0)
		fmt_str(out, "no certificates of our own: no listener uses TLS\n");
	return E_OK;
}

static const struct topic {
	const char *name, *help;
	int (*run)(struct command_call *call, struct fmt *out);
} topics[] = {
	{ "status", "version, uptime, sessions", show_status },
	{ "config", "the running configuration, secrets hidden", show_config },
	{ "accounts", "accounts with server and connections", show_accounts },
	{ "account", "one account", show_account },
	{ "sessions", "who is connected, and in which state", show_sessions },
	{ "pools", "memory slots: now, peak, refused", show_pools },
	{ "memory", "bytes in all pools", show_memory },
	{ "network", "listeners", show_network },
	{ "certificates", "our own certificates, with fingerprints", show_certificates },
	{ "log", "the last lines of the log", command_log_list },
};

static const char *topic_name(unsigned i)
{
	return i < sizeof topics / sizeof topics[0] ? topics[i].name : NULL;
}

const char *command_show_offer(unsigned i, const char **help)
{
	if (topic_name(i) != NULL)
		*help = topics[i].help;
	return topic_name(i);
}

int command_show(struct command_call *call, struct fmt *out)
{
	int i;

	if (call->ended)
		return E_OK;
	command_wants_json(call);
	i = call->words > 1 ? command_match(call->word[1], topic_name) : 0;
	if (i < 0)
		return command_fail(call, E_NOENT, "%s by that name; try `show ?`",
			i == E_LIMIT ? "there are several" : "nothing to show");
	return topics[i].run(call, out);
}
