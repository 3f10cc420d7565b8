"""Starts the programs of a run, looks at their whole process tree in /proc, and ends them by pid."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_S = 30
STOP_S = 5
PR_SET_PDEATHSIG = 1
TICKS = os.sysconf("SC_CLK_TCK")
WRAPPERS = ("unshare", "sh", "dash", "env")
LIBC = ("libc.so", "libc-", "ld-linux", "ld-", "libm.so", "libpthread.so", "libdl.so", "librt.so",
	"libresolv.so", "libnss_", "libcrypt.so")


class Failed(Exception):
	"""A program did not do what the run needs; the text says which and why."""


def cores():
	"""(core of the thing measured, core of generator and sink); one core: both the same."""
	usable = sorted(os.sched_getaffinity(0))
	return usable[-1], usable[0]


def start(command, log, core, environment=None):
	"""Starts a command in a session of its own on one core; it ends with this program."""
	libc = ctypes.CDLL(None)

	def prepare():
		os.sched_setaffinity(0, {core})
		libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
	with open(log, "ab") as target:
		return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=target, stderr=target,
			start_new_session=True, env=dict(os.environ, **(environment or {})), preexec_fn=prepare)


def stop(child):
	"""SIGTERM, then SIGKILL for the group that the child leads."""
	if child is None:
		return
	if child.poll() is None:
		child.terminate()
	try:
		child.wait(STOP_S)
	except subprocess.TimeoutExpired:
		pass
	try:
		os.killpg(child.pid, signal.SIGKILL)
	except ProcessLookupError:
		pass
	child.wait()


def tail(log, lines=3):
	try:
		with open(log, encoding="utf-8", errors="replace") as source:
			return " | ".join(source.read()[-2000:].splitlines()[-lines:])
	except OSError:
		return ""


def wait_port(child, port, log):
	end = time.monotonic() + START_S
	while True:
		try:
			socket.create_connection(("127.0.0.1", port), 5).close()
			return
		except OSError:
			if child.poll() is not None or time.monotonic() > end:
				raise Failed(f"nothing listens on port {port}: {tail(log)}") from None
			time.sleep(0.02)


# --- what a tree of processes uses

def tree(pid):
	"""The process and all that descend from it."""
	found = [pid]
	for parent in found:
		try:
			for task in os.listdir(f"/proc/{parent}/task"):
				with open(f"/proc/{parent}/task/{task}/children", encoding="ascii") as children:
					found += [int(word) for word in children.read().split()]
		except OSError:
			pass
	return found


def processes(pid):
	"""The tree without the shell and unshare(1) that a namespace needs."""
	found = []
	for one in tree(pid):
		try:
			with open(f"/proc/{one}/comm", encoding="utf-8") as source:
				if source.read().strip() not in WRAPPERS:
					found.append(one)
		except OSError:
			pass
	return found


def times_of(pid):
	"""(user, system, user of children that ended, system of those) in seconds."""
	with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as source:
		fields = source.read().rpartition(")")[2].split()
	return [int(word) / TICKS for word in fields[11:15]]


def cpu_of(pid):
	"""User and system time of a process and of its ended children."""
	user, system, child_user, child_system = times_of(pid)
	own = user + system
	try:  # the same sum in nanoseconds instead of ticks
		own = time.clock_gettime((~pid << 3) | 2)
	except OSError:
		pass
	return own + child_user + child_system


def cpu(pid):
	"""User and system seconds that the tree has used since it was started."""
	total = 0.0
	for one in tree(pid):
		try:
			total += cpu_of(one)
		except OSError:
			pass
	return total


def pss_kb(pid):
	total = 0
	for one in processes(pid):
		with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as source:
			total += sum(int(line.split()[1]) for line in source if line.startswith("Pss:"))
	return total


def mapped_files(pid):
	"""{path as the process sees it: path as we see it} of all code that the tree has mapped."""
	found = {}
	for one in processes(pid):
		try:
			with open(f"/proc/{one}/maps", encoding="utf-8") as source:
				for line in source:
					words = line.split(None, 5)
					if len(words) == 6 and "x" in words[1] and words[5].startswith("/"):
						path = words[5].strip()
						found.setdefault(path, f"/proc/{one}/root{path}")
		except OSError:
			pass
	return {path: seen for path, seen in found.items()
		if not os.path.basename(path).startswith(LIBC)}


def code_bytes(pid):
	"""Stripped size of the programs and libraries in use, without the C library."""
	total = 0
	with tempfile.TemporaryDirectory() as folder:
		copy = os.path.join(folder, "copy")
		for seen in mapped_files(pid).values():
			if shutil.which("strip"):
				done = subprocess.run(["strip", "-o", copy, seen], capture_output=True, check=False)
				if done.returncode == 0:
					total += os.path.getsize(copy)
					continue
			total += os.path.getsize(seen)
	return total
