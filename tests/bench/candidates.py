"""What is measured: the gateway and its peers, each in front of the same sink.

Postfix and OpenSMTPD run like the servers of tests/integration/peers.py: in a mount and PID namespace
of their own with the unpacked package over /usr, which needs root. That module is not used itself
because it loads OpenSSL: whatever this program has mapped would make the peers' share of it smaller.
"""
import glob
import grp
import os
import pwd
import shutil
import time

import configs
import harness
import peer_config
import process

PEERS = os.path.join(harness.ROOT, "build/peers")
USERS = (("postfix", 901), ("postdrop", 902), ("_smtpd", 906), ("_smtpq", 907), ("opensmtpd", 904),
	("opensmtpq", 905), ("dovecot", 908), ("dovenull", 909))
NAMESPACE = """set -e
mount --make-rprivate /
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/group /etc/group
mount -t overlay peer -o lowerdir={package}/usr:/usr /usr
{more}
{command} &
wait
"""
CLEAN_RUN = """mount -t tmpfs run /run
mount -t tmpfs spool /var/spool
mount -t tmpfs empty /var/lib
mkdir -p /run/opensmtpd /var/spool/smtpd /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd /run/opensmtpd
mount --bind {trust} /etc/ssl/certs/ca-certificates.crt"""


def unpacked(name):
	path = os.path.join(PEERS, name)
	if not os.path.exists(os.path.join(path, ".complete")):
		raise process.Failed(f"{path} is missing: run tools/deps bench")
	return path


def libraries(name):
	"""LD_LIBRARY_PATH for programs of an unpacked package."""
	package = unpacked(name)
	found = glob.glob(f"{package}/usr/lib/*-linux-*") + glob.glob(f"{package}/lib/*-linux-*")
	return {"LD_LIBRARY_PATH": ":".join(found + [f"{package}/usr/lib/postfix"])}


def nginx_module():
	return os.path.join(unpacked("nginx"), "usr/lib/nginx/modules/ngx_stream_module.so")


def nginx_user():
	"""The line that makes nginx's worker unprivileged where we are root."""
	if os.geteuid() != 0:
		return ""
	entry = pwd.getpwnam("nobody")
	return f"user {entry.pw_name} {grp.getgrgid(entry.pw_gid).gr_name};"


class Candidate:
	"""One program with its configuration; `place` has the paths and ports of the run."""
	name = None
	kind = "relays bytes"
	needs_root = False

	def __init__(self, place):
		self.place = place
		self.child = None
		self.port = harness.free_port()
		self.folder = os.path.join(place.folder, self.name)
		self.log = os.path.join(place.folder, self.name + ".log")

	def values(self):
		return {"folder": self.folder, "port": self.port, "sink": self.place.sink_port,
			"trust": self.place.trust, "user": nginx_user()}

	def write(self, name, text, mode=0o644):
		path = os.path.join(self.folder, name)
		os.makedirs(os.path.dirname(path), exist_ok=True)
		with open(path, "w", encoding="utf-8") as target:
			target.write(text)
		os.chmod(path, mode)
		return path

	def start(self):
		if self.needs_root and os.geteuid() != 0:
			raise process.Failed("needs root for its namespace")
		shutil.rmtree(self.folder, ignore_errors=True)
		os.makedirs(self.folder)
		os.chmod(self.folder, 0o755)
		command, environment = self.prepare()
		self.child = process.start(command, self.log, self.place.core, environment)
		self.wait_ready()

	def wait_ready(self):
		process.wait_port(self.child, self.port, self.log)

	def prepare(self):
		"""Writes the configuration; returns the command and what it adds to the environment."""
		raise NotImplementedError

	def stop(self):
		process.stop(self.child)
		self.child = None

	def cpu(self):
		if self.child.poll() is not None:
			raise process.Failed(f"ended with {self.child.returncode}: {process.tail(self.log)}")
		return process.cpu(self.child.pid)

	def namespace(self, more, command):
		for kind in ("passwd", "group"):
			self.write_users(kind)
		script = NAMESPACE.format(folder=self.folder, package=unpacked(self.name), more=more,
			command=command)
		return (["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", script],
			libraries(self.name))

	def write_users(self, kind):
		with open("/etc/" + kind, encoding="utf-8") as source:
			lines = [line for line in source.read().splitlines()
				if line.split(":")[0] not in dict(USERS)]
		for name, number in USERS:
			lines.append(f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin"
				if kind == "passwd" else f"{name}:x:{number}:")
		self.write(kind, "\n".join(lines) + "\n")


class Mailwicket(Candidate):
	name = "mailwicket"
	kind = "relays mail"

	def prepare(self):
		many = {"max_connections": 500}
		sections = harness.standard(trust=self.place.trust,
			main={"state": os.path.join(self.folder, "state"), "log_level": "info",
				"control": os.path.join(self.folder, "control.sock"),
				"user": harness.unprivileged() if os.geteuid() == 0 else None},
			listener={"port": self.port, "max_per_client": 500, **many},
			account={"smtp_host": "127.0.0.1", "smtp_port": self.place.sink_port, "smtp_tls": "implicit", "auth": "none",
				"username": None, "password": None, **many})
		path = self.write("mailwicket.conf", harness.uci(sections), 0o600)
		return [self.place.binary, "run", "-c", path], None

	def wait_ready(self):
		end = time.monotonic() + process.START_S
		while " ready" not in process.tail(self.log, 50):
			if self.child.poll() is not None or time.monotonic() > end:
				raise process.Failed(f"does not start: {process.tail(self.log)}")
			time.sleep(0.02)
		super().wait_ready()


class Postfix(Candidate):
	name = "postfix"
	kind = "queues mail"
	needs_root = True

	def prepare(self):
		self.write("etc/main.cf", configs.POSTFIX_MAIN.format(**self.values()))
		self.write("etc/master.cf", configs.POSTFIX_MASTER.format(**self.values()))
		self.write("etc/dynamicmaps.cf", "")
		for name in peer_config.POSTFIX_QUEUES:
			self.own("queue/" + name, 901, 0o700)
		self.own("queue/maildrop", 901, 0o1730, 902)
		self.own("queue/public", 901, 0o2710, 902)
		self.own("queue/pid", 0, 0o755)
		self.own("data", 901, 0o700)
		return self.namespace("", f"/usr/lib/postfix/sbin/master -d -c {self.folder}/etc")

	def own(self, name, uid, mode, gid=0):
		path = os.path.join(self.folder, name)
		os.makedirs(path, exist_ok=True)
		os.chown(path, uid, gid)
		os.chmod(path, mode)


class OpenSMTPD(Candidate):
	name = "opensmtpd"
	kind = "queues mail"
	needs_root = True

	def prepare(self):
		path = self.write("smtpd.conf", configs.OPENSMTPD.format(**self.values()))
		return self.namespace(CLEAN_RUN.format(**self.values()), f"/usr/sbin/smtpd -d -f {path}")


class Nginx(Candidate):
	name = "nginx"

	def prepare(self):
		path = self.write("nginx.conf", configs.NGINX.format(module=nginx_module(), **self.values()))
		return nginx_command(self.folder, path), libraries("nginx")


class Stunnel(Candidate):
	name = "stunnel"

	def prepare(self):
		path = self.write("stunnel.conf", configs.STUNNEL.format(**self.values()))
		return [os.path.join(unpacked("stunnel"), "usr/bin/stunnel4"), path], libraries("stunnel")


def nginx_command(folder, path):
	return [os.path.join(unpacked("nginx"), "usr/sbin/nginx"), "-e", "stderr", "-p", folder, "-c", path]


PEER_KINDS = (Postfix, OpenSMTPD, Nginx, Stunnel)
