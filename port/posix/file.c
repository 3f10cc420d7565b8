/*
 * file.c - files outside the store: reading those that the configuration names, and replacing the
 * configuration itself. With a parent, opening and replacing happen there; reading goes through the
 * descriptor that it passes.
 */
#include "posix.h"

#include <stdio.h>


static uint32_t gateway_gid = UINT32_MAX;

void posix_file_group(uint32_t gid)
{
	gateway_gid = gid;
}

static int open_error(int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return E_NOENT;
	if (error == EACCES || error == EPERM || error == ELOOP)
		return E_ACCESS;
	return error == EMFILE || error == ENFILE || error == ENOMEM ? E_NOSLOT : E_IO;
}

/* A regular file's descriptor with its state. Never waits for a device or a FIFO. */
static int open_regular(const char *path, struct stat *st)
{
	bool is_config = posix_paths_known() && strcmp(path, posix_config_path()) == 0;
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (is_config ? O_NOFOLLOW : 0);
	int fd;

	if (!posix_paths_allow(path))
		return E_ACCESS;
	fd = open(path, flags);
	if (fd < 0)
		return open_error(errno);
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return E_ACCESS;
}

int posix_file_open_here(const char *path)
{
	struct stat st;
	int fd = open_regular(path, &st);

	/* Before the rights are given up only the owner's own command line names files. */
	if (fd >= 0 && posix_paths_known() && (st.st_mode & S_IWOTH) != 0) {
		close(fd);
		return E_ACCESS;
	}
	return fd;
}

int posix_file_exposed_here(const char *path)
{
	struct stat st;
	int result = 0, fd = open_regular(path, &st);
	bool strangers;

	if (fd < 0)
		return fd;
	close(fd);
	strangers = st.st_gid != 0 && st.st_gid != gateway_gid && st.st_gid != getegid();
	if ((st.st_mode & S_IROTH) != 0 || ((st.st_mode & S_IRGRP) != 0 && strangers))
		result |= PORT_FILE_OTHERS_READ;
	if ((st.st_mode & S_IWOTH) != 0 || ((st.st_mode & S_IWGRP) != 0 && strangers))
		result |= PORT_FILE_OTHERS_WRITE;
	return result;
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * 0x100000001b3u; /* FNV-1a, by words */
}

int port_file_open(const char *path, struct port_file **out, uint64_t *size, uint64_t *stamp)
{
	struct posix_handle *h;
	struct stat st;
	int result, fd = -1;

	if (posix_has_parent()) {
		result = posix_ask(POSIX_OP_OPEN, path, strlen(path) + 1, NULL, &fd);
		if (result < 0)
			return result;
	} else {
		fd = posix_file_open_here(path);
	}
	if (fd < 0)
		return fd;
	h = fstat(fd, &st) == 0 ? posix_handle_take(POSIX_FILE, fd, PORT_OWNER_NONE) : NULL;
	if (h == NULL) {
		close(fd);
		return E_NOSLOT;
	}
	*out = &posix_file_table[h->index];
	*size = (uint64_t)st.st_size;
	*stamp = mix(mix(0xcbf29ce484222325u, (uint64_t)st.st_ino), (uint64_t)st.st_size);
	*stamp = mix(mix(*stamp, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
	*stamp = mix(mix(*stamp, (uint64_t)st.st_ctim.tv_sec), (uint64_t)st.st_ctim.tv_nsec);
	return E_OK;
}

int port_file_read(struct port_file *f, uint64_t at, void *buf, size_t len)
{
	ssize_t n;

	do {
		n = pread(f->h.fd, buf, len > INT32_MAX ? INT32_MAX : len, (off_t)at);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? E_IO : (int)n;
}

void port_file_close(struct port_file *f)
{
	posix_handle_close(&f->h);
}

int port_file_exposed(const char *path)
{
	if (posix_has_parent())
		return posix_ask(POSIX_OP_EXPOSED, path, strlen(path) + 1, NULL, NULL);
	return posix_file_exposed_here(path);
}

/* ---- replacing the configuration ---- */

static char temp[POSIX_PATH_MAX + 16];
static int temp_fd = -1;

static int write_error(int error)
{
	if (error == ENOSPC || error == EDQUOT)
		return E_FULL;
	return error == EACCES || error == EPERM || error == EROFS ? E_ACCESS : E_IO;
}

void posix_replace_drop(void)
{
	if (temp_fd < 0)
		return;
	close(temp_fd);
	temp_fd = -1;
	(void)unlink(temp);
}

int posix_replace_begin(void)
{
	const char *path = posix_config_path();
	struct posix_text t = { temp, sizeof temp, 0 };
	mode_t mode = S_IRUSR | S_IWUSR;
	struct stat st;
	bool had;

	posix_replace_drop();
	if (path[0] == '\0')
		return E_ACCESS;
	had = lstat(path, &st) == 0;
	if (had && !S_ISREG(st.st_mode))
		return E_ACCESS;
	posix_put(&t, path);
	posix_put(&t, ".new~");
	(void)unlink(temp); /* of a run that was cut off */
	temp_fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (temp_fd < 0)
		return write_error(errno);
	if (had) {
		if (fchown(temp_fd, st.st_uid, st.st_gid) == 0)
			mode = st.st_mode & 0777;
		(void)fchmod(temp_fd, mode);
	}
	return E_OK;
}

int posix_replace_data(const void *buf, size_t len)
{
	int result;

	if (temp_fd < 0)
		return E_IO;
	if (posix_write_all(temp_fd, buf, len))
		return E_OK;
	result = write_error(errno);
	posix_replace_drop();
	return result;
}

/* Makes the names in the directory of `path` durable. */
static bool sync_directory(const char *path)
{
	char dir[POSIX_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	bool done;
	int fd;

	memcpy(dir, path, len);
	dir[len] = '\0';
	fd = open(len > 0 ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = fsync(fd) == 0;
	close(fd);
	return done;
}

int posix_replace_commit(void)
{
	const char *path = posix_config_path();
	int result;

	if (temp_fd < 0)
		return E_IO;
	if (fsync(temp_fd) != 0 || rename(temp, path) != 0) {
		result = write_error(errno);
		posix_replace_drop();
		return result;
	}
	close(temp_fd);
	temp_fd = -1;
	return sync_directory(path) ? E_OK : E_IO;
}

int port_file_replace(const char *path, const void *buf, size_t len)
{
	bool far = posix_has_parent();
	const char *at = buf;
	int result;

	if (posix_config_path()[0] == '\0' || strcmp(path, posix_config_path()) != 0)
		return E_ACCESS;
	result = far ? posix_ask(POSIX_OP_REPLACE_BEGIN, NULL, 0, NULL, NULL) : posix_replace_begin();
	while (result == E_OK && len > 0) {
		size_t part = len < POSIX_CHUNK ? len : POSIX_CHUNK;

		result = far ? posix_ask(POSIX_OP_REPLACE_DATA, at, part, NULL, NULL) :
			posix_replace_data(at, part);
		at += part;
		len -= part;
	}
	if (result != E_OK)
		return result;
	return far ? posix_ask(POSIX_OP_REPLACE_COMMIT, NULL, 0, NULL, NULL) : posix_replace_commit();
}
