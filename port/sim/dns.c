/*
 * dns.c - the built-in name server: a table of records, answered over UDP and TCP as RFC 1035 says,
 * or wrongly where a fault is set. Names in answers are not compressed, but the owner of a record
 * that was asked for points to the question.
 */
#include "world.h"

enum { FAULTS = 16, NAME_CAP = 256, MESSAGE_CAP = 1400, TCP_CLIENTS = 8, TCP_CAP = 600 };
enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28 };
enum { FLAG_QR = 0x80, FLAG_TC = 0x02, FLAG_RD_RA = 0x80 };
enum { OK = 0, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5 };

static struct {
	char name[NAME_CAP], value[NAME_CAP];
	int type;
	uint32_t ttl_s;
} record[SIM_DNS_RECORDS];
static struct {
	char name[NAME_CAP];
	enum sim_dns_fault fault;
} faults[FAULTS];
static int records, fault_count, queries;
static struct {
	int listener;                        /* + 1; 0: not yet */
	int end[TCP_CLIENTS];                /* + 1 */
	size_t have[TCP_CLIENTS];
	uint8_t in[TCP_CLIENTS][TCP_CAP];
} tcp[4];

struct message {
	uint8_t bytes[MESSAGE_CAP];
	size_t len;
};

void world_dns_reset(void)
{
	records = fault_count = queries = 0;
	memset(tcp, 0, sizeof tcp);
}

int sim_dns_queries(void) { return queries; }

static void copy_name(char out[NAME_CAP], const char *name)
{
	size_t len = strlen(name);

	if (len >= NAME_CAP)
		world_broken("too long a name");
	for (size_t i = 0; i <= len; i++)
		out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
}

void sim_dns_add(const char *name, const char *type, const char *value, uint32_t ttl_s)
{
	static const struct { const char *name; int type; } types[] = {
		{ "A", TYPE_A }, { "AAAA", TYPE_AAAA }, { "CNAME", TYPE_CNAME }, { "PTR", TYPE_PTR },
		{ "MX", TYPE_MX }, { "TXT", TYPE_TXT }
	};

	if (records == SIM_DNS_RECORDS || strlen(value) >= NAME_CAP)
		world_broken("too many records, or too long a value");
	copy_name(record[records].name, name);
	memcpy(record[records].value, value, strlen(value) + 1);
	record[records].type = 0;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].name, type) == 0)
			record[records].type = types[i].type;
	if (record[records].type == 0)
		world_broken("no such record type");
	record[records++].ttl_s = ttl_s;
}

void sim_dns_fault(const char *name, enum sim_dns_fault fault)
{
	int i;
	char low[NAME_CAP];

	copy_name(low, name == NULL ? "" : name);
	for (i = 0; i < fault_count && strcmp(faults[i].name, low) != 0; i++)
		;
	if (i == FAULTS)
		world_broken("too many DNS faults");
	if (i == fault_count)
		fault_count++;
	memcpy(faults[i].name, low, sizeof low);
	faults[i].fault = fault;
}

static enum sim_dns_fault fault_of(const char *name)
{
	enum sim_dns_fault found = SIM_DNS_OK;

	for (int i = 0; i < fault_count; i++) {
		if (strcmp(faults[i].name, name) == 0)
			return faults[i].fault;
		if (faults[i].name[0] == '\0')
			found = faults[i].fault;
	}
	return found;
}

/* ---- writing ---- */

static void put(struct message *m, unsigned byte)
{
	if (m->len < MESSAGE_CAP)
		m->bytes[m->len++] = (uint8_t)byte;
}

static void put16(struct message *m, unsigned value)
{
	put(m, value >> 8);
	put(m, value & 0xff);
}

static void put_name(struct message *m, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		put(m, (unsigned)n);
		for (size_t i = 0; i < n; i++)
			put(m, (uint8_t)name[i]);
		name += n + (name[n] == '.');
	}
	put(m, 0);
}

static void put_value(struct message *m, int type, const char *value)
{
	struct port_addr a;
	unsigned preference = 0;

	if (type == TYPE_A || type == TYPE_AAAA) {
		a = sim_addr(value, 0);
		for (int i = type == TYPE_A ? 12 : 0; i < 16; i++)
			put(m, a.ip[i]);
	} else if (type == TYPE_TXT) {
		put(m, (unsigned)strlen(value));
		for (; *value != '\0'; value++)
			put(m, (uint8_t)*value);
	} else {
		if (type == TYPE_MX) {
			for (; *value >= '0' && *value <= '9'; value++)
				preference = preference * 10 + (unsigned)(*value - '0');
			put16(m, preference);
			value += *value == ' ';
		}
		put_name(m, strcmp(value, ".") == 0 ? "" : value);
	}
}

/* A record under the question's name (a pointer to offset 12), or under one of its own. */
static void put_record(struct message *m, int i, bool at_question)
{
	size_t at;

	if (at_question)
		put16(m, 0xc00c);
	else
		put_name(m, record[i].name);
	put16(m, (unsigned)record[i].type);
	put16(m, 1);
	put16(m, record[i].ttl_s >> 16);
	put16(m, record[i].ttl_s & 0xffff);
	at = m->len;
	put16(m, 0);
	put_value(m, record[i].type, record[i].value);
	m->bytes[at] = (uint8_t)((m->len - at - 2) >> 8);
	m->bytes[at + 1] = (uint8_t)(m->len - at - 2);
}

/* Answers for `name`, along CNAMEs; their number. *known: the name has records of some type. */
static int put_answers(struct message *m, const char *name, int type, bool *known)
{
	int count = 0;
	const char *at = name;

	*known = false;
	for (int hop = 0; hop < 16; hop++) {
		const char *alias = NULL;

		for (int i = 0; i < records; i++) {
			if (strcmp(record[i].name, at) != 0)
				continue;
			*known = true;
			if (record[i].type == TYPE_CNAME)
				alias = record[i].value;
			if (record[i].type != type && record[i].type != TYPE_CNAME)
				continue;
			put_record(m, i, at == name);
			count++;
		}
		if (alias == NULL || type == TYPE_CNAME)
			break;
		at = alias;
	}
	return count;
}

/* ---- a query ---- */

/* The question's name in lower case; offset behind its type and class, or 0 for a bad query. */
static size_t read_question(const uint8_t *msg, size_t len, char name[NAME_CAP], int *type)
{
	size_t at = 12, n = 0;

	if (len < 17 || (msg[2] & FLAG_QR) != 0 || msg[4] != 0 || msg[5] != 1)
		return 0;
	while (at < len && msg[at] != 0) {
		size_t label = msg[at++];

		if (label > 63 || at + label >= len || n + label + 2 > NAME_CAP)
			return 0;
		if (n > 0)
			name[n++] = '.';
		for (; label > 0; label--, at++)
			name[n++] = (char)(msg[at] >= 'A' && msg[at] <= 'Z' ? msg[at] + 32 : msg[at]);
	}
	name[n] = '\0';
	if (at + 5 > len)
		return 0;
	*type = msg[at + 1] << 8 | msg[at + 2];
	return at + 5;
}

static void spoil(struct message *m, enum sim_dns_fault fault)
{
	if (fault == SIM_DNS_WRONG_ID)
		m->bytes[1] ^= 1;
	if (fault == SIM_DNS_WRONG_NAME)
		m->bytes[13] ^= 1;
	if (fault == SIM_DNS_GARBAGE)
		for (size_t i = 12; i < m->len; i++)
			m->bytes[i] = (uint8_t)sim_random(256);
}

/* The answer to a query into `m`; false: none is sent. */
static bool answer(const uint8_t *msg, size_t len, bool over_tcp, struct message *m, bool *twice)
{
	char name[NAME_CAP];
	int type = 0, count = 0, code = OK;
	size_t question = read_question(msg, len, name, &type);
	enum sim_dns_fault fault;
	bool known = true, cut;

	if (question == 0)
		return false;
	queries++;
	fault = fault_of(name);
	cut = fault == SIM_DNS_TRUNCATE && !over_tcp;
	*twice = fault == SIM_DNS_TWICE;
	m->len = question;
	memcpy(m->bytes, msg, question);
	if (fault == SIM_DNS_SERVFAIL || fault == SIM_DNS_REFUSED)
		code = fault == SIM_DNS_REFUSED ? REFUSED : SERVFAIL;
	else if (!cut)
		count = put_answers(m, name, type, &known);
	if (!known)
		code = NXDOMAIN;
	m->bytes[2] = (uint8_t)(FLAG_QR | (msg[2] & 1) | (cut ? FLAG_TC : 0));
	m->bytes[3] = (uint8_t)(FLAG_RD_RA | code);
	m->bytes[6] = 0;
	m->bytes[7] = (uint8_t)count;
	memset(m->bytes + 8, 0, 4);
	spoil(m, fault);
	return fault != SIM_DNS_SILENT;
}

void world_dns_datagram(int socket, const uint8_t *msg, size_t len)
{
	struct message m;
	bool twice;

	if (!answer(msg, len, false, &m, &twice))
		return;
	for (int i = 0; i <= (int)twice; i++)
		sim_udp_reply(socket, m.bytes, m.len, 0);
}

/* ---- TCP: a length, then the message (RFC 1035 4.2.2) ---- */

static void serve_client(int s, int i)
{
	int end = tcp[s].end[i] - 1, n;
	uint8_t *in = tcp[s].in[i];
	struct message m;
	uint8_t head[2];
	bool twice;
	size_t want;

	n = sim_peer_read(end, in + tcp[s].have[i], TCP_CAP - tcp[s].have[i]);
	if (n > 0)
		tcp[s].have[i] += (size_t)n;
	want = tcp[s].have[i] < 2 ? TCP_CAP : 2 + (size_t)(in[0] << 8 | in[1]);
	if (tcp[s].have[i] >= want && answer(in + 2, want - 2, true, &m, &twice)) {
		head[0] = (uint8_t)(m.len >> 8);
		head[1] = (uint8_t)m.len;
		sim_peer_write(end, head, 2);
		sim_peer_write(end, m.bytes, m.len);
	}
	if (tcp[s].have[i] >= want)
		tcp[s].have[i] = 0;
	if ((n < 0 && n != E_AGAIN) || tcp[s].have[i] >= TCP_CAP) {
		sim_peer_close(end);
		tcp[s].end[i] = 0;
	}
}

static void serve_server(int s, const struct port_addr *at)
{
	int end;

	if (tcp[s].listener == 0)
		tcp[s].listener = sim_peer_listen(at) + 1;
	if (tcp[s].listener <= 0)
		return;
	for (int i = 0; i < TCP_CLIENTS; i++) {
		if (tcp[s].end[i] == 0 && (end = sim_peer_accept(tcp[s].listener - 1)) >= 0) {
			tcp[s].end[i] = end + 1;
			tcp[s].have[i] = 0;
		}
		if (tcp[s].end[i] != 0)
			serve_client(s, i);
	}
}

void world_dns_serve_tcp(void)
{
	struct port_addr server[4];
	int count = records == 0 ? 0 : port_dns_servers(server, 4);

	for (int s = 0; s < count; s++)
		serve_server(s, &server[s]);
}
