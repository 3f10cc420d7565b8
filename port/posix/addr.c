/*
 * addr.c - addresses between our form (IPv4 as ::ffff:a.b.c.d) and the system's, and the meaning of
 * the system's error numbers on sockets.
 */
#include "posix.h"

#include <arpa/inet.h>
#include <net/if.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool posix_addr_is_v4(const struct port_addr *a)
{
	return memcmp(a->ip, v4_prefix, sizeof v4_prefix) == 0;
}

socklen_t posix_addr_out(const struct port_addr *a, union posix_sockaddr *out)
{
	memset(out, 0, sizeof *out);
	if (posix_addr_is_v4(a)) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(a->port);
		memcpy(&out->v4.sin_addr, a->ip + 12, 4);
		return sizeof out->v4;
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(a->port);
	memcpy(&out->v6.sin6_addr, a->ip, 16);
	out->v6.sin6_scope_id = a->zone;
	return sizeof out->v6;
}

void posix_addr_in(const union posix_sockaddr *s, struct port_addr *out)
{
	memset(out, 0, sizeof *out);
	if (s->any.sa_family == AF_INET) {
		memcpy(out->ip, v4_prefix, sizeof v4_prefix);
		memcpy(out->ip + 12, &s->v4.sin_addr, 4);
		out->port = ntohs(s->v4.sin_port);
	} else if (s->any.sa_family == AF_INET6) {
		memcpy(out->ip, &s->v6.sin6_addr, 16);
		out->port = ntohs(s->v6.sin6_port);
		if (out->ip[0] == 0xfe && (out->ip[1] & 0xc0) == 0x80)
			out->zone = s->v6.sin6_scope_id;
	}
}

static uint32_t zone_parse(const char *name)
{
	uint32_t n = 0;

	for (const char *p = name; *p >= '0' && *p <= '9' && n < 100000; p++) {
		n = n * 10 + (uint32_t)(*p - '0');
		if (p[1] == '\0')
			return n;
	}
	return if_nametoindex(name);
}

bool posix_addr_parse(const char *text, struct port_addr *out)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *zone = strchr(text, '%');
	size_t len = zone != NULL ? (size_t)(zone - text) : strlen(text);

	memset(out, 0, sizeof *out);
	if (len == 0 || len >= sizeof host)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (zone == NULL && inet_pton(AF_INET, host, out->ip + 12) == 1) {
		memcpy(out->ip, v4_prefix, sizeof v4_prefix);
		return true;
	}
	if (inet_pton(AF_INET6, host, out->ip) != 1)
		return false;
	if (zone != NULL)
		out->zone = zone_parse(zone + 1);
	return zone == NULL || out->zone != 0;
}

bool posix_is_want(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

int posix_net_error(int error)
{
	static const struct { int error, result; } list[] = {
		{ ECONNREFUSED, E_REFUSED }, { ETIMEDOUT, E_TIMEOUT }, { ENETUNREACH, E_UNREACH },
		{ EHOSTUNREACH, E_UNREACH }, { ENETDOWN, E_UNREACH }, { EHOSTDOWN, E_UNREACH },
		{ EADDRNOTAVAIL, E_UNREACH }, { EAFNOSUPPORT, E_UNREACH }, { EACCES, E_UNREACH },
		{ EPERM, E_UNREACH }, { EINVAL, E_UNREACH }, { ENODEV, E_UNREACH }, { ENONET, E_UNREACH },
		{ ENOENT, E_REFUSED }, { EMFILE, E_NOSLOT }, { ENFILE, E_NOSLOT }, { ENOBUFS, E_NOSLOT },
		{ ENOMEM, E_NOSLOT }, { EAGAIN, E_AGAIN }, { EINTR, E_AGAIN },
	};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		if (list[i].error == error)
			return list[i].result;
	}
	return E_RESET;
}
