/*
 * seccomp.c - the filter of system calls (AR-04). What the running gateway uses is allowed;
 * starting or tracing programs, making processes and executable memory end it; everything else
 * fails with EPERM. Each call is one compare and one return: no jump is longer than a few rows.
 */
#include "posix.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || defined(__arm__) || \
	defined(__mips__)
#define KNOWN_MACHINE 1
#else
#define KNOWN_MACHINE 0
#endif

#if KNOWN_MACHINE && !POSIX_SANITIZED

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define MACHINE AUDIT_ARCH_ARM
#elif defined(__MIPSEB__)
#define MACHINE AUDIT_ARCH_MIPS
#else
#define MACHINE AUDIT_ARCH_MIPSEL
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u /* older kernels read it as "kill the thread" */
#endif

/* The low half of a 64-bit argument; the high half is not looked at where a number fits 32 bits. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ARG(n) ((uint32_t)offsetof(struct seccomp_data, args) + 8u * (n) + 4u)
#else
#define ARG(n) ((uint32_t)offsetof(struct seccomp_data, args) + 8u * (n))
#endif

static const int allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_close, SYS_exit, SYS_exit_group, SYS_fsync,
	SYS_fdatasync, SYS_fcntl, SYS_openat, SYS_unlinkat, SYS_lseek, SYS_getdents64, SYS_flock,
	SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getpid, SYS_gettid,
	SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getppid, SYS_uname, SYS_getrandom,
	SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_restart_syscall, SYS_epoll_ctl,
	SYS_epoll_pwait, SYS_ppoll, SYS_munmap, SYS_brk, SYS_madvise, SYS_dup, SYS_faccessat,
	SYS_pread64, SYS_pwrite64, SYS_futex,
#ifdef SYS_open
	SYS_open, SYS_unlink, SYS_stat, SYS_lstat, SYS_rename,
#endif
#ifdef SYS_time
	SYS_time,
#endif
#ifdef SYS_statx
	SYS_statx,
#endif
#ifdef SYS_poll
	SYS_poll, SYS_epoll_wait,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_renameat2
	SYS_renameat2,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_fstat
	SYS_fstat,
#endif
#ifdef SYS_fstatfs
	SYS_fstatfs,
#endif
#ifdef SYS_fstat64
	SYS_fstat64, SYS_stat64, SYS_lstat64, SYS_fstatat64, SYS_fstatfs64, SYS_fcntl64, SYS__llseek,
#endif
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64, SYS_ppoll_time64, SYS_clock_nanosleep_time64,
#endif
#ifdef SYS_sigreturn
	SYS_sigreturn,
#endif
#ifdef SYS_getuid32
	SYS_getuid32, SYS_geteuid32, SYS_getgid32, SYS_getegid32,
#endif
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
#ifdef SYS_send
	SYS_send, SYS_recv,
#endif
	SYS_bind, SYS_listen, SYS_accept4, SYS_connect, SYS_shutdown, SYS_sendto, SYS_recvfrom,
	SYS_sendmsg, SYS_recvmsg, SYS_setsockopt, SYS_getsockopt, SYS_getsockname, SYS_getpeername,
	SYS_fchown, SYS_fchmod,
};

static const int deadly[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_clone, SYS_unshare, SYS_setns,
	SYS_process_vm_readv, SYS_process_vm_writev,
#ifdef SYS_fork
	SYS_fork,
#endif
#ifdef SYS_vfork
	SYS_vfork,
#endif
#ifdef SYS_clone3
	SYS_clone3,
#endif
};

static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define PROGRAM_MAX (2 * (COUNT(allowed) + COUNT(deadly) + COUNT(families)) + 40)

static struct sock_filter program[PROGRAM_MAX];
static unsigned short length;

static void emit(unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	program[length++] = (struct sock_filter){
		(uint16_t)code, (uint8_t)yes, (uint8_t)no, k
	};
}

static void load(uint32_t at)
{
	emit(BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

static void give(uint32_t action)
{
	emit(BPF_RET | BPF_K, action, 0, 0);
}

/* When the loaded value is `k`: the action. */
static void when(uint32_t k, uint32_t action)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	give(action);
}

/* When the call is `number`: looks at an argument, the values of which are then tried by `when`;
 * `tries` of them follow, then the fallback. */
static void look(int number, unsigned arg, size_t tries)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (unsigned)(2 * tries + 2));
	load(ARG(arg));
}

static void add_memory(int number)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4);
	load(ARG(2));
	emit(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	give(SECCOMP_RET_KILL_PROCESS);
	give(SECCOMP_RET_ALLOW);
}

/* Refuses raw sockets of whatever family, then goes on with the call's number loaded again. */
static void refuse_raw(uint32_t refuse)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5);
	load(ARG(1));
	emit(BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
	when(SOCK_RAW, refuse);
	load(offsetof(struct seccomp_data, nr));
}

static void build(void)
{
	const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;

	length = 0;
	load(offsetof(struct seccomp_data, arch));
	emit(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	give(SECCOMP_RET_KILL_PROCESS);
	load(offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	emit(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1); /* the x32 numbers */
	give(SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < COUNT(allowed); i++)
		when((uint32_t)allowed[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < COUNT(deadly); i++)
		when((uint32_t)deadly[i], SECCOMP_RET_KILL_PROCESS);
	refuse_raw(refuse);
	look(SYS_socket, 0, COUNT(families));
	for (size_t i = 0; i < COUNT(families); i++)
		when((uint32_t)families[i], SECCOMP_RET_ALLOW);
	give(refuse);
	look(SYS_ioctl, 1, 1);
	when(SIOCGIFINDEX, SECCOMP_RET_ALLOW); /* the zone in "nameserver fe80::1%br-lan" */
	give(refuse);
	/* abort() raises a signal of its own. */
	look(SYS_tgkill, 0, 1);
	when((uint32_t)getpid(), SECCOMP_RET_ALLOW);
	give(refuse);
	look(SYS_tkill, 0, 1);
	when((uint32_t)getpid(), SECCOMP_RET_ALLOW);
	give(refuse);
#ifdef SYS_mmap2
	add_memory(SYS_mmap2);
#endif
#if defined(SYS_mmap) && !defined(__i386__) /* there its argument is a pointer to arguments */
	add_memory(SYS_mmap);
#endif
	add_memory(SYS_mprotect);
	give(refuse);
}

const char *posix_seccomp(void)
{
	struct sock_fprog prog = { .filter = program };

	build();
	prog.len = length;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) != 0)
		return "this kernel has no seccomp";
	return NULL;
}

#else

const char *posix_seccomp(void)
{
	return KNOWN_MACHINE ? "built with a sanitizer" : "this machine is not in our list";
}

#endif
