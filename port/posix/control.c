/*
 * control.c - the control socket: who may reach it (0660, group mailwicket: DECISIONS 15), a name
 * left behind by a dead process, and the credentials of those who come.
 */
#include "posix.h"

static int sock = -1;
static char name[POSIX_PATH_MAX];
static uid_t starter;

static int fill(const char *path, union posix_sockaddr *addr)
{
	memset(addr, 0, sizeof *addr);
	addr->local.sun_family = AF_UNIX;
	return posix_copy(addr->local.sun_path, sizeof addr->local.sun_path, path) ? E_OK : E_IO;
}

/* A socket of that name exists: does somebody answer? If not, it is removed. */
static int clear_stale(const char *path, const union posix_sockaddr *addr)
{
	struct stat st;
	int probe, result;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? E_OK : E_IO;
	if (!S_ISSOCK(st.st_mode))
		return E_IO;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return E_IO;
	if (connect(probe, &addr->any, sizeof addr->local) == 0 || errno == EAGAIN)
		result = E_INUSE; /* a full queue is somebody's too */
	else
		result = errno == ECONNREFUSED ? E_OK : errno == EACCES ? E_ACCESS : E_IO;
	close(probe);
	if (result == E_OK && unlink(path) != 0)
		result = E_IO;
	return result;
}

int posix_control_open(const char *path, bool root)
{
	union posix_sockaddr addr;
	uint32_t gid;
	mode_t mask;
	int result;

	starter = getuid();
	if (fill(path, &addr) != E_OK || !posix_copy(name, sizeof name, path))
		return E_IO;
	result = clear_stale(path, &addr);
	if (result != E_OK) {
		name[0] = '\0';
		return result;
	}
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return E_IO;
	mask = umask(0117);
	result = bind(sock, &addr.any, sizeof addr.local);
	umask(mask);
	if (result != 0) {
		name[0] = '\0';
		return errno == EACCES ? E_ACCESS : E_IO;
	}
	if (root && posix_group_find("mailwicket", &gid) && lchown(path, 0, gid) != 0)
		posix_logf(PORT_LOG_WARN, "the group mailwicket could not be given ", path, "");
	return listen(sock, SOMAXCONN) == 0 ? E_OK : E_IO;
}

void posix_control_close(void)
{
	if (sock >= 0)
		close(sock);
	sock = -1;
}

int posix_control_watch(void)
{
	if (sock < 0)
		return E_OK;
	return posix_handle_new(POSIX_CONTROL, sock, PORT_OWNER_NONE) != NULL ? E_OK : E_IO;
}

void posix_control_unlink(void)
{
	if (name[0] != '\0')
		(void)unlink(name);
	name[0] = '\0';
}

int posix_control_accept(bool *full_rights)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	int fd;

	do {
		fd = accept4(sock, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return -1;
	*full_rights = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
		(peer.uid == 0 || peer.uid == getuid() || peer.uid == starter);
	return fd;
}
