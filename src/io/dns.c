/*
 * dns.c - the stub resolver: questions under way.
 *
 * A caller asks by dns_lookup() until it gets something else than E_AGAIN. The outcome of a
 * question, good or bad, goes into dns_cache.c first, and the waiters find it there. Servers are
 * asked in turn, two seconds each, by UDP from a fresh port; an answer that was cut off is asked
 * for again by TCP. The later tries leave out the mixed letter case, for servers that do not
 * repeat it.
 */
#include "io/dns.h"

#include <string.h>

#include "base/addr.h"
#include "board.h"
#include "io/dns_cache.h"

enum { TRIES_MAX = 6, PLAIN_CASE_FROM = 3, TCP_BUFFER = 2048, DNS_PORT = 53 };

const char *const dns_query_state_name[DNS_QUERY_STATES] = {
	"free", "udp", "tcp-send", "tcp-read",
};

static struct query {
	uint8_t state;                 /* enum dns_query_state */
	uint8_t type, tries, server, server_count;
	struct port_addr servers[DNS_SERVERS_MAX];
	char name[DNS_NAME_MAX + 1];   /* lower case, without final dot */
	uint8_t name_len;
	uint8_t message[DNS_QUERY_MAX];
	uint16_t message_len;
	uint64_t try_ms, total_ms;     /* deadlines */
	struct port_udp *udp;
	struct port_tcp *tcp;
	uint8_t buf[TCP_BUFFER];       /* TCP: length and message, out or in */
	uint16_t buf_len;
	struct waiter_list waiting;
} queries[BOARD_DNS_QUERIES];

static struct {
	struct port_addr servers[DNS_SERVERS_MAX];
	int server_count;
	struct waiter_list slot_waiting;
} state;

void dns_servers_set(const struct port_addr *servers, int count)
{
	state.server_count = count < DNS_SERVERS_MAX ? count : DNS_SERVERS_MAX;
	for (int i = 0; i < state.server_count; i++)
		state.servers[i] = servers[i];
}

/* ---- questions ---- */

static port_owner owner(const struct query *q)
{
	return owner_of(OWNER_DNS, (uint16_t)(q - queries));
}

static void sockets_close(struct query *q)
{
	if (q->udp != NULL)
		port_udp_close(q->udp);
	if (q->tcp != NULL)
		port_abort(q->tcp);
	q->udp = NULL;
	q->tcp = NULL;
}

static void finish(struct query *q, int result, const struct dns_answer *answer)
{
	sockets_close(q);
	dns_cache_keep(slice_of(q->name, q->name_len), (enum dns_type)q->type, result, answer);
	waiter_wake_all(&q->waiting);
	q->state = DNS_FREE;
	waiter_wake_all(&state.slot_waiting);
}

static void fail(struct query *q, int result)
{
	static const struct dns_answer none;

	if (result != E_TIMEOUT && result != E_PROTO)
		result = E_UNREACH; /* no socket, no connection: nobody was reached */
	finish(q, result, &none);
}

static int build(struct query *q)
{
	uint8_t random[2 + 32];
	int n;

	if (port_entropy(random, sizeof random) != E_OK)
		return E_AGAIN;
	if (q->tries >= PLAIN_CASE_FROM)
		memset(random + 2, 0, 32);
	n = dns_query_build(slice_of(q->name, q->name_len), (enum dns_type)q->type,
		(uint16_t)(random[0] << 8 | random[1]), random + 2, q->message, sizeof q->message);
	q->message_len = (uint16_t)(n > 0 ? n : 0);
	return n > 0 ? E_OK : n;
}

/* One try at the server in turn. E_OK, or why it could not even begin. */
static int try_udp(struct query *q)
{
	const struct port_addr *to = &q->servers[q->server];
	int e = build(q);

	if (e == E_OK)
		e = port_udp_open(to, owner(q), &q->udp);
	if (e != E_OK)
		return e;
	q->state = DNS_BY_UDP;
	return port_udp_send(q->udp, q->message, q->message_len);
}

/* The next try, at the next server; the question fails when there have been enough. */
static void try_next(struct query *q, int why)
{
	uint64_t now = port_clock_ms();
	int e = why;

	do {
		sockets_close(q);
		if (q->tries >= TRIES_MAX || now >= q->total_ms) {
			fail(q, e);
			return;
		}
		q->server = (uint8_t)(q->tries % q->server_count);
		q->tries++;
		q->try_ms = now + DNS_TRY_MS;
		e = try_udp(q);
	} while (e != E_OK && e != E_AGAIN);
}

static void try_tcp(struct query *q)
{
	struct port_addr to = q->servers[q->server];

	sockets_close(q);
	if (port_connect(&to, owner(q), &q->tcp) != E_OK) {
		try_next(q, E_UNREACH);
		return;
	}
	q->buf[0] = (uint8_t)(q->message_len >> 8);
	q->buf[1] = (uint8_t)q->message_len;
	memcpy(q->buf + 2, q->message, q->message_len);
	q->buf_len = 0;
	q->state = DNS_TCP_SEND;
	due_mark(owner(q));
}

/* ---- answers ---- */

static struct slice asked(const struct query *q)
{
	return slice_of(q->message, q->message_len);
}

static void udp_step(struct query *q)
{
	uint8_t message[DNS_UDP_MAX];
	struct dns_answer answer;
	int n, e = E_ARG;

	while (e == E_ARG) {
		n = port_udp_receive(q->udp, message, sizeof message);
		if (n == E_AGAIN)
			return;
		if (n < 0) {
			try_next(q, E_UNREACH);
			return;
		}
		e = dns_response_parse(slice_of(message, (size_t)n < sizeof message ? (size_t)n :
			sizeof message), asked(q), &answer);
	}
	if (e == E_LIMIT)
		try_tcp(q);
	else if (e != E_PROTO)
		finish(q, e, &answer);
	else if (q->tries < 2 * q->server_count)
		try_next(q, E_PROTO);
	else
		fail(q, E_PROTO); /* every server has said so twice */
}

static void tcp_send(struct query *q)
{
	size_t total = 2u + q->message_len;

	while (q->buf_len < total) {
		int n = port_write(q->tcp, q->buf + q->buf_len, total - q->buf_len);

		if (n == E_AGAIN)
			return;
		if (n < 0) {
			try_next(q, n);
			return;
		}
		q->buf_len = (uint16_t)(q->buf_len + n);
	}
	q->buf_len = 0;
	q->state = DNS_TCP_READ;
	due_mark(owner(q));
}

static void tcp_whole(struct query *q)
{
	struct dns_answer answer;
	int e = dns_response_parse(slice_of(q->buf + 2, q->buf_len - 2u), asked(q), &answer);

	if (e == E_OK || e == E_NOENT)
		finish(q, e, &answer);
	else
		try_next(q, E_PROTO);
}

static void tcp_read(struct query *q)
{
	for (;;) {
		size_t want = q->buf_len < 2 ? 2 : 2u + (size_t)(q->buf[0] << 8 | q->buf[1]);
		int n;

		if (want > sizeof q->buf) {
			try_next(q, E_PROTO);
			return;
		}
		if (q->buf_len >= 2 && q->buf_len == want) {
			tcp_whole(q);
			return;
		}
		n = port_read(q->tcp, q->buf + q->buf_len, want - q->buf_len);
		if (n == E_AGAIN)
			return;
		if (n < 0) {
			try_next(q, n == E_EOF ? E_PROTO : n);
			return;
		}
		q->buf_len = (uint16_t)(q->buf_len + n);
	}
}

void dns_step(uint16_t query_index)
{
	static void (*const steps[DNS_QUERY_STATES])(struct query *) = {
		[DNS_BY_UDP] = udp_step, [DNS_TCP_SEND] = tcp_send, [DNS_TCP_READ] = tcp_read,
	};
	struct query *q = &queries[query_index];

	if (q->state != DNS_FREE && (q->udp != NULL || q->tcp != NULL))
		steps[q->state](q);
}

/* ---- asking ---- */

static struct query *query_find(const char *name, size_t len, enum dns_type type)
{
	for (int i = 0; i < BOARD_DNS_QUERIES; i++) {
		struct query *q = &queries[i];

		if (q->state != DNS_FREE && q->type == type &&
				slice_eq(slice_of(q->name, q->name_len), slice_of(name, len)))
			return q;
	}
	return NULL;
}

static struct query *query_free(void)
{
	for (int i = 0; i < BOARD_DNS_QUERIES; i++)
		if (queries[i].state == DNS_FREE)
			return &queries[i];
	return NULL;
}

static void query_start(struct query *q, const char *name, size_t len, enum dns_type type)
{
	memset(q, 0, sizeof *q);
	memcpy(q->name, name, len);
	q->name_len = (uint8_t)len;
	q->type = (uint8_t)type;
	q->state = DNS_BY_UDP;
	q->total_ms = port_clock_ms() + DNS_TOTAL_MS;
	memcpy(q->servers, state.servers, sizeof q->servers);
	q->server_count = (uint8_t)state.server_count;
	if (state.server_count == 0) {
		int n = port_dns_servers(q->servers, DNS_SERVERS_MAX);

		q->server_count = (uint8_t)(n > 0 ? n : 0);
	}
	for (int i = 0; i < q->server_count; i++)
		if (q->servers[i].port == 0)
			q->servers[i].port = DNS_PORT;
	if (q->server_count == 0)
		fail(q, E_UNREACH);
	else
		try_next(q, E_UNREACH);
}

int dns_lookup(const char *name, enum dns_type type, struct waiter *w, port_owner asker,
	struct dns_answer *out)
{
	char key[DNS_NAME_MAX + 1];
	struct slice n = slice_str(name);
	struct query *q;
	int e = dns_known(n, type, out);

	if (e != E_AGAIN)
		return e;
	if (!dns_name_valid(n))
		return E_ARG;
	if (n.p[n.len - 1] == '.')
		n.len--;
	for (size_t i = 0; i < n.len; i++)
		key[i] = (char)byte_lower(n.p[i]);
	n = slice_of(key, n.len);
	e = dns_cache_find(n, type, out);
	if (e != E_AGAIN)
		return e;
	q = query_find(key, n.len, type);
	if (q == NULL) {
		q = query_free();
		if (q == NULL) {
			waiter_join(&state.slot_waiting, w, asker);
			return E_AGAIN;
		}
		query_start(q, key, n.len, type);
		if (q->state == DNS_FREE)
			return dns_cache_find(n, type, out);
	}
	waiter_join(&q->waiting, w, asker);
	return E_AGAIN;
}

/* RFC 1035 3.5 and RFC 3596 2.5. */
static void reverse_name(struct fmt *f, const struct port_addr *a)
{
	if (addr_is_v4(a)) {
		fmt_printf(f, "%u.%u.%u.%u.in-addr.arpa", a->ip[15], a->ip[14], a->ip[13], a->ip[12]);
		return;
	}
	for (int i = 15; i >= 0; i--)
		fmt_printf(f, "%x.%x.", a->ip[i] & 15u, (unsigned)a->ip[i] >> 4);
	fmt_str(f, "ip6.arpa");
}

int dns_lookup_address(const uint8_t ip[16], struct waiter *w, port_owner asker,
	struct dns_answer *out)
{
	char name[80];
	struct fmt f = fmt_on(name, sizeof name);
	struct port_addr a = { { 0 }, 0, 0 };

	memcpy(a.ip, ip, 16);
	reverse_name(&f, &a);
	return dns_lookup(fmt_cstr(&f), DNS_PTR, w, asker, out);
}

/* ---- time ---- */

static uint64_t query_deadline_ms(const struct query *q)
{
	return q->try_ms < q->total_ms ? q->try_ms : q->total_ms;
}

PORT_IDLE uint64_t dns_deadline_ms(void)
{
	uint64_t at = UINT64_MAX;

	for (int i = 0; i < BOARD_DNS_QUERIES; i++)
		if (queries[i].state != DNS_FREE && query_deadline_ms(&queries[i]) < at)
			at = query_deadline_ms(&queries[i]);
	return at;
}

void dns_tick(void)
{
	uint64_t now = port_clock_ms();

	for (int i = 0; i < BOARD_DNS_QUERIES; i++)
		if (queries[i].state != DNS_FREE && query_deadline_ms(&queries[i]) <= now)
			try_next(&queries[i], E_TIMEOUT);
}

void dns_reset(void)
{
	memset(queries, 0, sizeof queries);
	dns_cache_reset();
	memset(&state, 0, sizeof state);
}
