/*
 * users.c - /etc/passwd and /etc/group, read by hand: the C library's way allocates, and in a
 * static program it wants shared libraries.
 */
#include "posix.h"

/* Value of a field of decimal digits, or false. */
static bool number(const char *s, size_t len, uint32_t *out)
{
	uint64_t n = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s[i] - '0');
	}
	*out = (uint32_t)n;
	return n < UINT32_MAX;
}

/* Takes "name:password:id:id2:…"; id2 may be missing. */
static bool take_line(const char *line, const char *name, uint32_t *id, uint32_t *id2)
{
	size_t len = strlen(name), field;
	const char *p = line + len + 1;

	if (strncmp(line, name, len) != 0 || line[len] != ':')
		return false;
	p += strcspn(p, ":");
	if (*p++ != ':')
		return false;
	field = strcspn(p, ":");
	if (!number(p, field, id))
		return false;
	p += field;
	return id2 == NULL || (*p == ':' && number(p + 1, strcspn(p + 1, ":"), id2));
}

static bool find(const char *path, const char *name, uint32_t *id, uint32_t *id2)
{
	char chunk[256], line[256];
	size_t len = 0;
	bool found = false;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	while (!found && (n = read(fd, chunk, sizeof chunk)) > 0) {
		for (ssize_t i = 0; i < n && !found; i++) {
			if (chunk[i] != '\n') {
				if (len < sizeof line - 1)
					line[len++] = chunk[i];
				continue;
			}
			line[len] = '\0';
			len = 0;
			found = take_line(line, name, id, id2);
		}
	}
	line[len] = '\0';
	close(fd);
	return found || take_line(line, name, id, id2);
}

bool posix_user_find(const char *name, uint32_t *uid, uint32_t *gid)
{
	return name[0] != '\0' && find("/etc/passwd", name, uid, gid);
}

bool posix_group_find(const char *name, uint32_t *gid)
{
	return name[0] != '\0' && find("/etc/group", name, gid, NULL);
}
