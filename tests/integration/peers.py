"""Postfix, Exim and OpenSMTPD as providers, run from build/peers without being installed.

Each runs in its own mount and PID namespace, where its unpacked package lies over /usr and a private
/etc/passwd has the users that it is compiled for. Nothing of the machine changes, and ending the
namespace ends every process in it. That needs root; without root these tests are skipped.

A peer has `starttls` and `implicit` (ports), USER and PASSWORD as its account, and `wait(number)`,
which returns the octets of the messages that it delivered (line ends made CRLF).
"""
import base64
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time

import harness
import peer_config
from upstream import Upstream

PEERS = os.path.join(harness.ROOT, "build/peers")
START_S = 30
PR_SET_PDEATHSIG = 1
SPOOL_UID = 65534
USERS = (("postfix", 901), ("postdrop", 902), ("Debian-exim", 903), ("opensmtpd", 904),
	("opensmtpq", 905), ("_smtpd", 906), ("_smtpq", 907), ("dovecot", 908), ("dovenull", 909))
NAMESPACE = """set -e
mount --make-rprivate /
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/group /etc/group
mount -t overlay peer -o lowerdir={package}/usr:/usr /usr
{more}
{command} &
wait
"""


def unpacked(name):
	"""The unpacked package; fetched on first use."""
	if not os.path.exists(os.path.join(PEERS, name, ".complete")):
		subprocess.run([os.path.join(harness.ROOT, "tools/deps"), "peers", name], check=True,
			stdin=subprocess.DEVNULL)
	return os.path.join(PEERS, name)


class Peer:
	"""One server; subclasses write its configuration and say how it is started."""
	package = None
	more = ""

	def __init__(self, folder, authority):
		self.folder = folder
		self.authority = authority
		self.starttls, self.implicit = harness.free_port(), harness.free_port()
		self.address = "127.0.0.1"
		self.log = os.path.join(folder, "log")
		os.chmod(folder, 0o755)
		for kind in ("passwd", "group"):
			self.write_users(kind)
		self.configure()
		self.start()

	def write(self, name, text, mode=0o644):
		path = os.path.join(self.folder, name)
		os.makedirs(os.path.dirname(path), exist_ok=True)
		with open(path, "w", encoding="utf-8") as target:
			target.write(text)
		os.chmod(path, mode)
		return path

	def write_users(self, kind):
		with open("/etc/" + kind, encoding="utf-8") as source:
			known = source.read()
		lines = [line for line in known.splitlines() if line.split(":")[0] not in dict(USERS)]
		for name, number in USERS:
			lines.append(f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin"
				if kind == "passwd" else f"{name}:x:{number}:")
		self.write(kind, "\n".join(lines) + "\n")

	def values(self):
		cert, key = self.authority.leaf("rsa")
		return {"folder": self.folder, "starttls": self.starttls, "implicit": self.implicit,
			"cert": cert, "key": key, "user": harness.USER, "password": harness.PASSWORD}

	def start(self):
		package = unpacked(self.package)
		script = NAMESPACE.format(folder=self.folder, package=package, more=self.more,
			command=self.command())
		libc = ctypes.CDLL(None)
		libraries = ":".join(os.path.join(package, part) for part in
			("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/postfix"))
		with open(self.log, "wb") as log:
			self.child = subprocess.Popen(["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc",
				"sh", "-c", script], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
				start_new_session=True, env=dict(os.environ, LD_LIBRARY_PATH=libraries),
				preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
		for port in (self.starttls, self.implicit):
			self.wait_port(port)

	def wait_port(self, port):
		end = time.monotonic() + START_S
		while True:
			try:
				socket.create_connection((self.address, port), 5).close()
				return
			except OSError:
				assert self.child.poll() is None and time.monotonic() < end, (
					f"{self.package} does not listen on {port}:\n{self.tail()}")
				time.sleep(0.05)

	def tail(self):
		with open(self.log, encoding="utf-8", errors="replace") as log:
			return log.read()[-3000:]

	def stop(self):
		self.child.kill()
		self.child.wait()

	# --- delivered mail: a Maildir, unless a subclass says otherwise

	def inbox(self):
		return os.path.join(self.folder, "mail", "inbox", "new")

	def wait(self, number=1, seconds=30):
		end = time.monotonic() + seconds
		while True:
			names = sorted(os.listdir(self.inbox())) if os.path.isdir(self.inbox()) else []
			if len(names) >= number:
				return [self.read(os.path.join(self.inbox(), name)) for name in names]
			assert time.monotonic() < end, f"{len(names)} of {number} messages came\n{self.tail()}"
			time.sleep(0.05)

	@staticmethod
	def read(path):
		with open(path, "rb") as source:
			return source.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

	def forget(self):
		if os.path.isdir(self.inbox()):
			for name in os.listdir(self.inbox()):
				os.unlink(os.path.join(self.inbox(), name))


class Postfix(Peer):
	"""Delivers by virtual(8); asks DovecotAuth below about passwords."""
	package = "postfix"

	def configure(self):
		self.sasl = DovecotAuth(os.path.join(self.folder, "auth.sock"))
		self.write("etc/main.cf", peer_config.POSTFIX_MAIN.format(**self.values()))
		self.write("etc/master.cf", peer_config.POSTFIX_MASTER.format(**self.values()))
		self.write("etc/dynamicmaps.cf", "")
		for name in peer_config.POSTFIX_QUEUES:
			self.own("queue/" + name, 901, 0o700)
		self.own("queue/maildrop", 901, 0o1730, 902)
		self.own("queue/public", 901, 0o2710, 902)
		self.own("queue/pid", 0, 0o755)
		self.own("data", 901, 0o700)
		self.own("mail", SPOOL_UID, 0o755)

	def own(self, name, uid, mode, gid=0):
		path = os.path.join(self.folder, name)
		os.makedirs(path, exist_ok=True)
		os.chown(path, uid, gid)
		os.chmod(path, mode)

	def command(self):
		return f"/usr/lib/postfix/sbin/master -d -c {self.folder}/etc"

	def stop(self):
		super().stop()
		self.sasl.stop()


class Exim(Peer):
	"""Delivers by appendfile."""
	package = "exim"

	def configure(self):
		self.write("exim.conf", peer_config.EXIM.format(**self.values()))
		for name in ("spool", "exim-log", "mail"):
			os.makedirs(os.path.join(self.folder, name))
			os.chown(os.path.join(self.folder, name), 903, 903)

	def command(self):
		return f"/usr/sbin/exim4 -C {self.folder}/exim.conf -bdf -q1h"


class OpenSMTPD(Peer):
	"""Relays what it takes to a sink of ours, since its delivery agents stand at fixed paths.

	opensmtpd_tls.c says why something is preloaded.
	"""
	package = "opensmtpd"
	more = """mount -t tmpfs run /run
mount -t tmpfs spool /var/spool
mount -t tmpfs empty /var/lib
mkdir -p /run/opensmtpd /var/spool/smtpd /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd /run/opensmtpd"""

	def configure(self):
		self.sink = Upstream(None, "plain")
		hashed = subprocess.run(["openssl", "passwd", "-6", harness.PASSWORD], capture_output=True,
			text=True, check=True).stdout.strip()
		self.write("users", f"{harness.USER}\t{hashed}\n")
		self.write("smtpd.conf", peer_config.OPENSMTPD.format(sink=self.sink.port, **self.values()))
		for name in ("cert", "key"):
			with open(self.values()[name], encoding="ascii") as source:
				self.write(name + ".pem", source.read(), 0o600)

		subprocess.run(["gcc", "-shared", "-fPIC", "-o", os.path.join(self.folder, "tls.so"),
			os.path.join(os.path.dirname(os.path.abspath(__file__)), "opensmtpd_tls.c")], check=True)

	def command(self):
		return f"env LD_PRELOAD={self.folder}/tls.so /usr/sbin/smtpd -d -f {self.folder}/smtpd.conf"

	def wait(self, number=1, seconds=30):
		return [message.data for message in self.sink.wait(number, seconds)]

	def forget(self):
		self.sink.messages.clear()

	def stop(self):
		super().stop()
		self.sink.stop()


class DovecotAuth:
	"""The server half of Dovecot's authentication protocol, as far as Postfix uses it."""
	HELLO = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t1\nCUID\t1\n" \
		b"COOKIE\t00112233445566778899aabbccddeeff\nDONE\n"

	def __init__(self, path):
		self.listener = socket.socket(socket.AF_UNIX)
		self.listener.bind(path)
		os.chmod(path, 0o666)
		self.listener.listen(64)
		threading.Thread(target=self.accept, daemon=True).start()

	def accept(self):
		while True:
			try:
				peer, _ = self.listener.accept()
			except OSError:
				return
			threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

	def serve(self, peer):
		pending = {}
		with peer, peer.makefile("rb") as lines:
			peer.sendall(self.HELLO)
			for line in lines:
				words = line.decode().rstrip("\n").split("\t")
				if words[0] not in ("AUTH", "CONT"):
					continue
				if words[0] == "AUTH":
					pending[words[1]] = [words[2]]
					answer = next((word[5:] for word in words if word.startswith("resp=")), None)
				else:
					answer = words[2]
				peer.sendall(self.step(words[1], pending[words[1]], answer))

	@staticmethod
	def step(number, state, answer):
		"""What follows an answer: a prompt, or the verdict."""
		if answer is not None:
			state += base64.b64decode(answer + "==").decode().split("\0")[-2:]
		if len(state) < 3:
			prompt = {("LOGIN", 1): b"Username:", ("LOGIN", 2): b"Password:"}.get(
				(state[0], len(state)), b"")
			return b"CONT\t%s\t%s\n" % (number.encode(), base64.b64encode(prompt))
		verdict = "OK" if state[1:] == [harness.USER, harness.PASSWORD] else "FAIL"
		return f"{verdict}\t{number}\tuser={state[1]}\n".encode()

	def stop(self):
		self.listener.close()


KINDS = {"postfix": Postfix, "exim": Exim, "opensmtpd": OpenSMTPD}
