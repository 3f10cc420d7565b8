/*
 * dirs.c - the directories of the storage areas, and reading directories without allocation.
 *
 * A directory is taken over (owner, mode 0700) only when we made it, or it is empty, or it holds
 * our lock file: a wrong path in the configuration must not change the rights of /etc or /tmp.
 */
#include "posix.h"

#include <sys/syscall.h>

static int areas[2] = { -1, -1 };

int posix_area_fd(enum port_area area)
{
	return (unsigned)area < 2 ? areas[area] : -1;
}

bool posix_dir_each(int fd, bool (*each)(void *context, const char *name), void *context)
{
	/* struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 type, name. */
	enum { LENGTH_AT = 16, NAME_AT = 19 };
	static _Alignas(8) char buf[4096];

	if (lseek(fd, 0, SEEK_SET) < 0)
		return false;
	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof buf);

		if (n <= 0)
			return n == 0;
		for (long at = 0; at + NAME_AT < n;) {
			const char *name = buf + at + NAME_AT;
			uint16_t length;

			memcpy(&length, buf + at + LENGTH_AT, sizeof length);
			if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !each(context, name))
				return true;
			at += length;
		}
	}
}

static bool not_empty(void *context, const char *name)
{
	(void)name;
	*(bool *)context = true;
	return false;
}

/* Ours from now on, too: an empty directory gets the mark. */
static bool is_ours(int fd)
{
	bool used = false;
	struct stat st;
	int mark;

	if (fstatat(fd, POSIX_LOCK_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (!posix_dir_each(fd, not_empty, &used) || used)
		return false;
	mark = openat(fd, POSIX_LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (mark >= 0)
		close(mark);
	return true;
}

struct gift { int fd; uint32_t uid, gid; };

static bool give_entry(void *context, const char *name)
{
	const struct gift *g = context;
	struct stat st;

	if (fstatat(g->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
			st.st_uid != g->uid &&
			fchownat(g->fd, name, g->uid, g->gid, AT_SYMLINK_NOFOLLOW) != 0)
		posix_logf(PORT_LOG_WARN, "this object stays somebody else's: ", name, "");
	return true;
}

/* Makes the directory and those above it, as far as they are not there. */
static void make(const char *path)
{
	char part[POSIX_PATH_MAX];

	if (!posix_copy(part, sizeof part, path))
		return;
	for (char *p = part + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0755) == 0)
			(void)chmod(part, 0755); /* our own mask is narrow */
		*p = '/';
	}
	(void)mkdir(part, 0700);
}

int posix_area_open(enum port_area area, const char *path, bool give, uint32_t uid, uint32_t gid)
{
	struct gift g = { -1, uid, gid };
	struct stat st;
	bool ours;
	int fd;

	make(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? E_ACCESS : E_IO;
	areas[area] = fd;
	if (fstat(fd, &st) != 0)
		return E_IO;
	ours = is_ours(fd);
	g.fd = fd;
	if (give && st.st_uid != uid) {
		if (!ours)
			return E_ACCESS;
		if (fchown(fd, uid, gid) != 0 || !posix_dir_each(fd, give_entry, &g))
			return E_IO;
	}
	if ((st.st_mode & 077) != 0 && ours)
		(void)fchmod(fd, 0700);
	else if ((st.st_mode & 077) != 0)
		posix_logf(PORT_LOG_WARN, "others may look into the directory ", path, "");
	if (!give && faccessat(fd, ".", R_OK | W_OK | X_OK, 0) != 0)
		return errno == EROFS ? E_IO : E_ACCESS;
	return E_OK;
}

static bool remove_temp(void *context, const char *name)
{
	if (name[0] == '~' && strcmp(name, POSIX_LOCK_NAME) != 0)
		(void)unlinkat(*(int *)context, name, 0);
	return true;
}

void posix_temps_remove(enum port_area area)
{
	int fd = posix_area_fd(area);

	(void)posix_dir_each(fd, remove_temp, &fd);
}
