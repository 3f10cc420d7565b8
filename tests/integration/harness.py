"""Starts the gateway for a test, talks to its console, and looks at it from outside."""
import ctypes
import json
import os
import pwd
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("MAILWICKET") or os.path.join(ROOT, "build/linux/mailwicket"))
SMALL = os.path.abspath(os.environ.get("MAILWICKET_SMALL")
	or os.path.join(ROOT, "build/linux-small/mailwicket"))
START_S = 30
STOP_S = 10
IDLE_S = 15
PASSWORD = "canary-Password-17"
USER = "user@example.test"
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior|panic|abort",
	re.I)
ERROR = re.compile(r"(^|[\s<\[])(error|err)[\]>:=\s]", re.I)
EPHEMERAL = 32000
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def free_port():
	"""A port below the range that the system takes for outgoing connections."""
	for _ in range(200):
		port = random.randrange(15000, EPHEMERAL)
		with socket.socket() as probe:
			probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
			try:
				probe.bind(("127.0.0.1", port))
				return port
			except OSError:
				continue
	raise RuntimeError("no free port")


def let_others_in(folder):
	"""pytest's folders are private, but a gateway or server without root's rights has to pass them."""
	for part in [folder] + list(folder.parents):
		if os.stat(part).st_mode & 0o005 == 0o005:
			return
		os.chmod(part, 0o755)


def end_with_parent():
	"""In a child: SIGTERM when the test run is gone, so that nothing outlives it."""
	LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def uci(sections):
	"""UCI text of {(type, name or None): {option: str, number or list}}; keys may be (type, name, n)."""
	lines = []
	for key, options in sections.items():
		lines.append(f"config {key[0]}" + (f" '{key[1]}'" if key[1] else ""))
		for option, value in options.items():
			if isinstance(value, (list, tuple)):
				lines += [f"\tlist {option} '{item}'" for item in value]
			elif value is not None:
				lines.append(f"\toption {option} '{value}'")
		lines.append("")
	return "\n".join(lines)


def unprivileged():
	"""The user that a gateway started as root becomes."""
	for name in ("mailwicket", "nobody"):
		try:
			pwd.getpwnam(name)
			return name
		except KeyError:
			continue
	raise RuntimeError("no unprivileged user")


def standard(upstream=None, trust=None, main=None, listener=None, account=None, more=None):
	"""A gateway with one plain listener 'scan' and one account 'office' at an upstream."""
	sections = {
		("gateway", "main"): {"hostname": "gateway.test", "account": "office", "log_level": "info",
			"admin": "owner@example.test", "spool": "off", "trust": trust, **(main or {})},
		("listener", "scan"): {"protocol": "smtp", "address": ["127.0.0.1"], "port": free_port(),
			"tls": "off", "auth": "optional", **(listener or {})},
		("account", "office"): {"provider": "generic", "address": USER, "username": USER,
			"password": PASSWORD, "smtp_host": "localhost", "smtp_port": upstream.port if upstream else 9,
			"smtp_tls": "implicit" if upstream and upstream.mode == "implicit" else "starttls",
			"from": "rewrite", **(account or {})},
	}
	for key, options in (more or {}).items():
		sections[key] = options
	return sections


class Gateway:
	"""One running gateway. `sections` is what `uci` takes, or UCI text."""

	def __init__(self, sections, binary=None, wait=True, environment=None):
		self.binary = binary or BINARY
		self.folder = tempfile.mkdtemp(prefix="mw-")
		os.chmod(self.folder, 0o755)
		self.config = os.path.join(self.folder, "mailwicket.conf")
		self.sections = sections
		self.allowed = []
		self.child = None
		self.write(self.complete(sections))
		self.lines = []
		self.ended = threading.Event()
		self.changed = threading.Condition()
		self.environment = dict(os.environ, **(environment or {}))
		if wait:
			try:
				self.start()
			except BaseException:
				self.stop()
				self.remove()
				raise

	def complete(self, sections):
		"""State, control socket and user of this run, where the sections don't say them."""
		if isinstance(sections, str):
			return sections
		main = sections.setdefault(("gateway", "main"), {})
		main.setdefault("state", os.path.join(self.folder, "state"))
		main.setdefault("control", os.path.join(self.folder, "control.sock"))
		if os.geteuid() == 0:
			main.setdefault("user", unprivileged())
		return uci(sections)

	def write(self, text):
		self.text = text
		temporary = self.config + ".new"
		with open(os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w",
				encoding="utf-8") as target:
			target.write(text)
		os.replace(temporary, self.config)

	def port(self, name="scan"):
		return int(self.sections[("listener", name)]["port"])

	# --- life

	def start(self):
		seen = len(self.lines)
		self.ended.clear()
		self.child = subprocess.Popen([self.binary, "run", "-c", self.config], text=True,
			stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
			errors="backslashreplace", start_new_session=True, env=self.environment,
			preexec_fn=end_with_parent)
		self.reader = threading.Thread(target=self.read, daemon=True)
		self.reader.start()
		self.wait_log(r"mailwicket \S+ ready", START_S, seen)
		self.descriptors_at_start = self.descriptors()

	def read(self):
		for line in self.child.stderr:
			with self.changed:
				self.lines.append(line.rstrip("\n"))
				self.changed.notify_all()
		with self.changed:
			self.ended.set()
			self.changed.notify_all()

	def wait_log(self, pattern, seconds=10, start=0):
		"""The first line at or after `start` that matches; fails when it doesn't come."""
		end = time.monotonic() + seconds
		seen = start
		with self.changed:
			while True:
				while seen < len(self.lines):
					if re.search(pattern, self.lines[seen]):
						return self.lines[seen]
					seen += 1
				left = end - time.monotonic()
				assert left > 0 and not self.ended.is_set(), (
					f"no line {pattern!r}; the log:\n" + "\n".join(self.lines[-30:]))
				self.changed.wait(left)

	def reload(self):
		self.child.send_signal(signal.SIGHUP)

	def stop(self):
		"""SIGTERM; returns the exit status, and kills what is left after STOP_S."""
		if self.child is None:
			return 0
		if self.child.poll() is None:
			self.child.terminate()
			try:
				self.child.wait(STOP_S)
			except subprocess.TimeoutExpired:
				os.killpg(self.child.pid, signal.SIGKILL)
				self.child.wait()
				raise AssertionError("the gateway did not end within 10 s of SIGTERM\n"
					+ "\n".join(self.lines[-30:])) from None
		self.reader.join(5)
		return self.child.returncode

	def remove(self):
		shutil.rmtree(self.folder, ignore_errors=True)

	# --- looking in

	def pids(self):
		"""The process that was started and its children."""
		found = [self.child.pid]
		for pid in found:
			try:
				with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
					found += [int(word) for word in children.read().split()]
			except OSError:
				pass
		return found

	def descriptors(self):
		"""Open descriptors of all its processes; 0 where only root may look into them."""
		try:
			return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids())
		except PermissionError:
			return 0

	def run(self, *arguments, text=None, seconds=60):
		return subprocess.run([self.binary, *arguments], input=text, text=True, capture_output=True,
			timeout=seconds, check=False, env=self.environment,
			stdin=subprocess.DEVNULL if text is None else None)

	def console(self, command=None, script=None, ok=True):
		"""The output of one command, or of a script piped to the console."""
		words = ["console", "-c", self.config, *shlex.split(command or "")]
		done = self.run(*words, text=script)
		if ok:
			assert done.returncode == 0, f"console {command or script!r}: {done}"
			return done.stdout
		return done

	def test(self):
		return self.run("test", "-c", self.config)

	def check(self, *arguments):
		return self.run("check", "-c", self.config, *arguments)

	def pool(self, name):
		"""What `show pools` says of one pool: now, peak, count, refused."""
		return next(row for row in json.loads(self.console("show pools --json")) if row["name"] == name)

	def pools(self):
		"""{pool: slots in use}."""
		return {row["name"]: row["now"] for row in json.loads(self.console("show pools --json"))}

	def wait_idle(self, seconds=IDLE_S):
		"""Every pool empty and every descriptor of a session closed.

		One descriptor more than at the moment of `ready` is the control socket's or the log's.
		"""
		end = time.monotonic() + seconds
		while True:
			busy = {name: now for name, now in self.pools().items() if now}
			descriptors = self.descriptors()
			if not self.residents(busy) and descriptors <= self.descriptors_at_start + 1:
				return
			assert time.monotonic() < end, (f"not idle: {busy}, {descriptors} descriptors, "
				f"{self.descriptors_at_start} at start")
			time.sleep(0.1)

	def residents(self, busy):
		"""What is left of `busy` without the session of the console that asks and fixed tables."""
		return {name: now for name, now in busy.items() if name not in RESIDENT or now > RESIDENT[name]}

	def unexpected(self):
		"""Log lines that a good run doesn't have."""
		allowed = [re.compile(pattern) for pattern in self.allowed]
		bad = [line for line in self.lines if SANITIZER.search(line) or ERROR.search(line)]
		return [line for line in bad if SANITIZER.search(line)
			or not any(pattern.search(line) for pattern in allowed)]


# Pools that may hold something while nothing happens: the console that asks, listeners, caches.
RESIDENT = {"consoles": 1}
