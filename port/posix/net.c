/*
 * net.c - what the system knows of its network: name servers from /etc/resolv.conf, our own
 * addresses over netlink (the C library's way allocates), the host name.
 */
#include "posix.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define SERVERS_MAX 4
#define REPLIES_MAX 64 /* netlink datagrams of one answer */

static struct port_addr servers[SERVERS_MAX];
static int server_count;
static struct { bool known; int64_t s; int64_t ns; uint64_t inode; } seen;

static const char *skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* One line of resolv.conf (resolver(5)). */
static void take_line(const char *line)
{
	static const char keyword[] = "nameserver";
	char host[64];
	size_t len;
	const char *p = skip_space(line);

	if (strncmp(p, keyword, sizeof keyword - 1) != 0 || server_count >= SERVERS_MAX)
		return;
	p += sizeof keyword - 1;
	if (*p != ' ' && *p != '\t')
		return;
	p = skip_space(p);
	len = strcspn(p, " \t\r\n#;");
	if (len == 0 || len >= sizeof host)
		return;
	memcpy(host, p, len);
	host[len] = '\0';
	if (posix_addr_parse(host, &servers[server_count]))
		servers[server_count++].port = 53;
}

static void read_servers(void)
{
	struct port_file *f;
	uint64_t size, stamp, at = 0;
	char chunk[256], line[160] = "";
	size_t len = 0;
	int n;

	if (port_file_open(RESOLV_CONF, &f, &size, &stamp) != E_OK)
		return;
	server_count = 0;
	while ((n = port_file_read(f, at, chunk, sizeof chunk)) > 0) {
		at += (uint64_t)n;
		for (int i = 0; i < n; i++) {
			if (chunk[i] == '\n') {
				line[len] = '\0';
				take_line(line);
				len = 0;
			} else if (len < sizeof line - 1) {
				line[len++] = chunk[i];
			}
		}
	}
	port_file_close(f);
	line[len] = '\0';
	take_line(line);
}

int port_dns_servers(struct port_addr *out, int cap)
{
	struct stat st;
	int n = 0;

	if (stat(RESOLV_CONF, &st) == 0 && (!seen.known || seen.s != (int64_t)st.st_mtim.tv_sec ||
			seen.ns != (int64_t)st.st_mtim.tv_nsec || seen.inode != (uint64_t)st.st_ino)) {
		seen.known = true;
		seen.s = (int64_t)st.st_mtim.tv_sec;
		seen.ns = (int64_t)st.st_mtim.tv_nsec;
		seen.inode = (uint64_t)st.st_ino;
		read_servers();
	}
	for (; n < cap && n < server_count; n++)
		out[n] = servers[n];
	return n;
}

/* The address of one RTM_NEWADDR message, if there is one that others can reach us at. */
static bool take_address(const struct nlmsghdr *msg, size_t len, struct port_addr *out)
{
	const unsigned char *at = (const unsigned char *)msg;
	size_t pos = NLMSG_LENGTH(0), end = len;
	struct ifaddrmsg info;
	bool found = false;

	if (end < pos + sizeof info)
		return false;
	memcpy(&info, at + pos, sizeof info);
	memset(out, 0, sizeof *out);
	for (pos += NLMSG_ALIGN(sizeof info); pos + sizeof(struct rtattr) <= end;) {
		struct rtattr attr;
		size_t data = pos + RTA_LENGTH(0), bytes = info.ifa_family == AF_INET ? 4 : 16;

		memcpy(&attr, at + pos, sizeof attr);
		if (attr.rta_len < sizeof attr || pos + attr.rta_len > end)
			break;
		/* IFA_LOCAL is our side of a point-to-point link, where IFA_ADDRESS is the other's. */
		if ((attr.rta_type == IFA_LOCAL || (attr.rta_type == IFA_ADDRESS && !found)) &&
				data + bytes <= pos + attr.rta_len) {
			memcpy(out->ip + 16 - bytes, at + data, bytes);
			found = true;
		}
		pos += RTA_ALIGN((size_t)attr.rta_len);
	}
	if (info.ifa_family == AF_INET) {
		memset(out->ip + 10, 0xff, 2);
	} else if (out->ip[0] == 0xfe && (out->ip[1] & 0xc0) == 0x80) {
		out->zone = info.ifa_index;
	}
	return found && (info.ifa_family == AF_INET || info.ifa_family == AF_INET6);
}

/* One datagram of the answer. False when the answer is complete or broken. */
static bool take_reply(const unsigned char *buf, size_t len, struct port_addr *out, int cap, int *n)
{
	struct nlmsghdr msg;

	for (size_t pos = 0; pos + sizeof msg <= len; pos += NLMSG_ALIGN((size_t)msg.nlmsg_len)) {
		const void *at = buf + pos;

		memcpy(&msg, at, sizeof msg);
		if (msg.nlmsg_len < sizeof msg || msg.nlmsg_len > len - pos)
			return false;
		if (msg.nlmsg_type == NLMSG_DONE || msg.nlmsg_type == NLMSG_ERROR)
			return false;
		if (msg.nlmsg_type == RTM_NEWADDR && *n < cap && take_address(at, msg.nlmsg_len, &out[*n]))
			++*n;
	}
	return true;
}

int port_own_addresses(struct port_addr *out, int cap)
{
	static _Alignas(8) unsigned char buf[8192];
	struct { struct nlmsghdr head; struct ifaddrmsg info; } ask;
	struct timeval limit = { .tv_sec = 1 };
	int n = 0, fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return 0;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	memset(&ask, 0, sizeof ask);
	ask.head.nlmsg_len = sizeof ask;
	ask.head.nlmsg_type = RTM_GETADDR;
	ask.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ask.info.ifa_family = AF_UNSPEC;
	if (send(fd, &ask, sizeof ask, 0) == (ssize_t)sizeof ask) {
		for (int i = 0; i < REPLIES_MAX; i++) {
			ssize_t len = recv(fd, buf, sizeof buf, 0);

			if (len <= 0 || !take_reply(buf, (size_t)len, out, cap, &n))
				break;
		}
	}
	close(fd);
	return n;
}

int port_hostname(char *out, size_t cap)
{
	if (cap == 0 || gethostname(out, cap) != 0)
		return E_NOENT;
	out[cap - 1] = '\0';
	return out[0] != '\0' ? E_OK : E_NOENT;
}
