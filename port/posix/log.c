/*
 * log.c - lines to the standard error, to syslog (RFC 3164, as the C library writes it) or to a
 * collector over UDP (RFC 5424). Nothing here waits: the standard error is asked first whether it
 * takes a line, the sockets are non-blocking. What was lost is counted, and said once it works.
 */
#include "posix.h"

#include <poll.h>

#define LINE_MAX_LEN 1400
#define RETRY_MS 1000
#define FACILITY_MAIL (2 << 3)

enum sink { SINK_STDERR, SINK_SYSLOG, SINK_UDP };

static const struct { const char *name; int severity; } levels[] = {
	[PORT_LOG_ERROR] = { "ERROR", 3 },
	[PORT_LOG_WARN] = { "WARN", 4 },
	[PORT_LOG_INFO] = { "INFO", 6 },
	[PORT_LOG_DEBUG] = { "DEBUG", 7 },
};

static enum sink sink;
static int sock = -1;
static union posix_sockaddr collector;
static socklen_t collector_len;
static uint64_t retry_ms;
static uint64_t lost;

static int64_t wall_time(void)
{
	int64_t now;

	(void)port_time(&now);
	return now;
}

static bool sock_open(void)
{
	sock = socket(collector.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return false;
	if (connect(sock, &collector.any, collector_len) == 0)
		return true;
	close(sock);
	sock = -1;
	return false;
}

/* "HOST:PORT", HOST in brackets when it is IPv6. */
static bool parse_target(const char *text, struct port_addr *out)
{
	char host[64];
	const char *colon = strrchr(text, ':'), *end = colon;
	uint32_t port = 0;

	if (colon == NULL || colon[1] == '\0')
		return false;
	if (text[0] == '[') {
		text++;
		if (*--end != ']')
			return false;
	} else if (memchr(text, ':', (size_t)(end - text)) != NULL) {
		return false;
	}
	if (end <= text || (size_t)(end - text) >= sizeof host)
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	for (const char *p = colon + 1; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || port > 6553)
			return false;
		port = port * 10 + (uint32_t)(*p - '0');
	}
	if (port == 0 || port > 65535 || !posix_addr_parse(host, out))
		return false;
	out->port = (uint16_t)port;
	return true;
}

int port_log_open(const char *where)
{
	static const char device[] = "/dev/log";
	enum sink wanted = SINK_STDERR;
	struct port_addr to;

	if (strcmp(where, "syslog") == 0)
		wanted = SINK_SYSLOG;
	else if (strncmp(where, "udp://", 6) == 0)
		wanted = SINK_UDP;
	else if (strcmp(where, "stderr") != 0)
		return E_ARG;
	if (wanted == SINK_UDP && !parse_target(where + 6, &to))
		return E_ARG;
	if (sock >= 0)
		close(sock);
	sock = -1;
	sink = wanted;
	retry_ms = 0;
	if (sink == SINK_SYSLOG) {
		memset(&collector, 0, sizeof collector);
		collector.local.sun_family = AF_UNIX;
		memcpy(collector.local.sun_path, device, sizeof device);
		collector_len = sizeof collector.local;
	} else if (sink == SINK_UDP) {
		collector_len = posix_addr_out(&to, &collector);
	}
	return E_OK;
}

/* Length of the valid UTF-8 sequence at `s` that no terminal takes for a command, else 0. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
		s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > left || (s[0] == 0xc2 && s[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

static void put_escaped(struct posix_text *t, const char *line, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)line;

	for (size_t i = 0; i < len;) {
		size_t n = s[i] >= 0x20 && s[i] < 0x7f ? 1 : s[i] >= 0x80 ? utf8_len(s + i, len - i) : 0;
		char code[4] = { '\\', 'x', hex[s[i] >> 4], hex[s[i] & 15] };

		if (n > 0)
			posix_put_len(t, line + i, n);
		else
			posix_put_len(t, code, sizeof code);
		i += n > 0 ? n : 1;
	}
}

static void put_syslog_head(struct posix_text *t)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char stamp[24];
	struct posix_text s = { stamp, sizeof stamp, 0 };

	posix_put_time(&s, wall_time());
	posix_put_len(t, months + 3 * ((stamp[5] - '0') * 10 + stamp[6] - '1'), 3);
	posix_put(t, " ");
	posix_put_len(t, stamp[8] == '0' ? " " : stamp + 8, 1);
	posix_put_len(t, stamp + 9, 1);
	posix_put(t, " ");
	posix_put_len(t, stamp + 11, 8);
	posix_put(t, " mailwicket[");
	posix_put_number(t, (uint64_t)getpid(), 1);
	posix_put(t, "]: ");
}

static void put_udp_head(struct posix_text *t)
{
	char host[64];

	posix_put(t, "1 ");
	posix_put_time(t, wall_time());
	posix_put(t, " ");
	posix_put(t, port_hostname(host, sizeof host) == E_OK ? host : "-");
	posix_put(t, " mailwicket ");
	posix_put_number(t, (uint64_t)getpid(), 1);
	posix_put(t, " - - ");
}

static void put_head(struct posix_text *t, enum port_level level)
{
	if (sink == SINK_STDERR) {
		posix_put_time(t, wall_time());
		posix_put(t, " ");
		posix_put(t, levels[level].name);
		posix_put(t, " ");
		return;
	}
	posix_put(t, "<");
	posix_put_number(t, (uint64_t)(FACILITY_MAIL | levels[level].severity), 1);
	posix_put(t, ">");
	if (sink == SINK_SYSLOG)
		put_syslog_head(t);
	else
		put_udp_head(t);
}

static bool send_stderr(const char *line, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
		return false;
	return write(STDERR_FILENO, line, len) >= 0;
}

static bool send_socket(const char *line, size_t len)
{
	uint64_t now_ms;

	for (int i = 0; i < 2; i++) {
		if (sock < 0) {
			now_ms = port_clock_ms();
			if (now_ms < retry_ms || !sock_open()) {
				retry_ms = now_ms < retry_ms ? retry_ms : now_ms + RETRY_MS;
				return false;
			}
		}
		if (send(sock, line, len, MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS)
			return false;
		/* An answer to an earlier datagram, or syslog was started again. */
		if (sink == SINK_SYSLOG) {
			close(sock);
			sock = -1;
		}
	}
	return false;
}

static bool emit(enum port_level level, const char *line, size_t len)
{
	static char text[LINE_MAX_LEN];
	struct posix_text t = { text, sizeof text - 1, 0 };

	put_head(&t, level);
	put_escaped(&t, line, len);
	if (sink != SINK_STDERR)
		return send_socket(text, t.len);
	text[t.len++] = '\n';
	return send_stderr(text, t.len);
}

void port_log(enum port_level level, const char *line, size_t len)
{
	char text[64];
	struct posix_text t = { text, sizeof text, 0 };

	if ((size_t)level >= sizeof levels / sizeof levels[0])
		level = PORT_LOG_DEBUG;
	if (lost > 0) {
		posix_put_number(&t, lost, 1);
		posix_put(&t, " lines of this log were lost");
		if (!emit(PORT_LOG_WARN, text, t.len)) {
			lost++;
			return;
		}
		lost = 0;
	}
	if (!emit(level, line, len))
		lost++;
}
