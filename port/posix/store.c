/*
 * store.c - objects as files of a directory. A new object is written under a temporary name, which
 * starts with '~' and so can't be an object's; commit is fsync, rename, fsync of the directory.
 * Every call finishes at once: E_AGAIN is never said here.
 */
#include "posix.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/statvfs.h>

static int store_error(int error)
{
	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		return E_FULL;
	if (error == ENOENT)
		return E_NOENT;
	if (error == EACCES || error == EPERM)
		return E_ACCESS;
	return error == EMFILE || error == ENFILE || error == ENOMEM ? E_NOSLOT : E_IO;
}

/* "~PID.SLOT": two processes that have not locked the area don't meet. */
static void temp_name(const struct port_object *o, char *out, size_t cap)
{
	struct posix_text t = { out, cap, 0 };

	posix_put(&t, "~");
	posix_put_number(&t, (uint64_t)getpid(), 1);
	posix_put(&t, ".");
	posix_put_number(&t, o->h.index, 1);
}

static struct port_object *take(enum port_area area, const char *name, port_owner owner)
{
	struct posix_handle *h = posix_handle_take(POSIX_OBJECT, -1, owner);
	struct port_object *o;

	if (h == NULL)
		return NULL;
	o = &posix_object_table[h->index];
	o->area = (uint8_t)area;
	o->made = false;
	o->broken = false;
	(void)posix_copy(o->name, sizeof o->name, name);
	return o;
}

int port_store_create(enum port_area area, const char *name, port_owner owner,
	struct port_object **out)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, dir = posix_area_fd(area);
	struct port_object *o;
	char temp[32];
	int result;

	if (!posix_name_valid(name))
		return E_ARG;
	if (dir < 0)
		return E_ACCESS;
	o = take(area, name, owner);
	if (o == NULL)
		return E_NOSLOT;
	temp_name(o, temp, sizeof temp);
	o->h.fd = openat(dir, temp, flags, 0600);
	if (o->h.fd < 0 && errno == EEXIST && unlinkat(dir, temp, 0) == 0)
		o->h.fd = openat(dir, temp, flags, 0600); /* an earlier process of our number */
	if (o->h.fd < 0) {
		result = store_error(errno);
		posix_handle_free(&o->h);
		return result == E_NOENT ? E_IO : result;
	}
	o->made = true;
	*out = o;
	return E_OK;
}

int port_store_append(struct port_object *o, const void *buf, size_t len)
{
	if (o->broken)
		return E_IO;
	if (posix_write_all(o->h.fd, buf, len))
		return len > INT32_MAX ? INT32_MAX : (int)len;
	o->broken = true;
	return store_error(errno) == E_FULL ? E_FULL : E_IO;
}

int port_store_sync(struct port_object *o)
{
	if (!o->broken && fdatasync(o->h.fd) == 0)
		return E_OK;
	/* The system may have forgotten the bytes that it failed to write: the next sync would lie. */
	o->broken = true;
	return E_IO;
}

void port_store_drop(struct port_object *o)
{
	char temp[32];

	if (o->made) {
		temp_name(o, temp, sizeof temp);
		(void)unlinkat(posix_area_fd(o->area), temp, 0);
	}
	posix_handle_close(&o->h);
}

int port_store_commit(struct port_object *o)
{
	int dir = posix_area_fd(o->area), result;
	char temp[32];

	if (o->broken || fsync(o->h.fd) != 0) {
		port_store_drop(o);
		return E_IO;
	}
	if (o->made) {
		temp_name(o, temp, sizeof temp);
		if (renameat(dir, temp, dir, o->name) != 0) {
			result = store_error(errno) == E_FULL ? E_FULL : E_IO;
			port_store_drop(o);
			return result;
		}
		o->made = false;
		posix_scan_forget(o->area);
	}
	result = fsync(dir) == 0 ? E_OK : E_IO;
	posix_handle_close(&o->h);
	return result;
}

static int open_object(enum port_area area, const char *name, port_owner owner, int flags,
	struct port_object **out, uint64_t *size)
{
	int result, dir = posix_area_fd(area);
	struct port_object *o;
	struct stat st;

	if (!posix_name_valid(name) || dir < 0)
		return E_NOENT;
	o = take(area, name, owner);
	if (o == NULL)
		return E_NOSLOT;
	o->h.fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (o->h.fd < 0) {
		result = store_error(errno);
		posix_handle_free(&o->h);
		return result == E_NOENT || result == E_NOSLOT ? result : E_IO;
	}
	if (fstat(o->h.fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		posix_handle_close(&o->h);
		return E_IO;
	}
	*size = (uint64_t)st.st_size;
	*out = o;
	return E_OK;
}

int port_store_open(enum port_area area, const char *name, port_owner owner,
	struct port_object **out, uint64_t *size)
{
	return open_object(area, name, owner, O_RDONLY, out, size);
}

int port_store_extend(enum port_area area, const char *name, port_owner owner,
	struct port_object **out, uint64_t *size)
{
	return open_object(area, name, owner, O_RDWR | O_APPEND, out, size);
}

int port_store_read(struct port_object *o, uint64_t at, void *buf, size_t len)
{
	ssize_t n;

	do {
		n = pread(o->h.fd, buf, len > INT32_MAX ? INT32_MAX : len, (off_t)at);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? E_IO : (int)n;
}

int port_store_remove(enum port_area area, const char *name)
{
	int dir = posix_area_fd(area);

	if (!posix_name_valid(name) || dir < 0)
		return E_NOENT;
	if (unlinkat(dir, name, 0) != 0)
		return errno == ENOENT ? E_NOENT : E_IO;
	posix_scan_removed(area, name);
	return E_OK;
}

int port_store_rename(enum port_area area, const char *from, const char *to)
{
	int dir = posix_area_fd(area);
	struct stat st;

	if (!posix_name_valid(from) || dir < 0)
		return E_NOENT;
	if (!posix_name_valid(to))
		return E_IO;
	/* The area has one writer: nothing comes between this look and the rename. */
	if (fstatat(dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return E_EXIST;
	if (renameat(dir, from, dir, to) != 0)
		return errno == ENOENT ? E_NOENT : E_IO;
	posix_scan_forget(area);
	return fsync(dir) == 0 ? E_OK : E_IO;
}

int port_store_free(enum port_area area, uint64_t *bytes)
{
	int dir = posix_area_fd(area);
	struct statvfs st;

	if (dir < 0 || fstatvfs(dir, &st) != 0)
		return E_IO;
	*bytes = (uint64_t)st.f_bavail * (uint64_t)st.f_frsize;
	return E_OK;
}

int port_store_lock(enum port_area area)
{
	static int locks[2] = { -1, -1 };
	int fd, result, dir = posix_area_fd(area);

	if (dir < 0)
		return E_IO;
	if (locks[area] >= 0)
		return E_OK;
	fd = openat(dir, POSIX_LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return E_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		result = errno == EWOULDBLOCK ? E_INUSE : E_IO;
		close(fd);
		return result;
	}
	locks[area] = fd; /* kept until the process ends */
	posix_temps_remove(area);
	return E_OK;
}
