"""Who is measured as a proxy of mailboxes, and how each is set up.

A door is one way in: protocol (imap, pop3), front (plain, tls) and what the far end's TLS does
(resumed, full). Relays of bytes have a port for each door; who knows about logins finds the far end
by the name that signs in, which is the far end's. nginx mail knows no TLS to the far end and talks
plain to it: its figures leave that work out.
"""
import collections
import os

import candidates
import harness
import mailbox_configs as configs
import process

Door = collections.namedtuple("Door", "protocol front upstream")
DOORS = tuple(Door(protocol, front, upstream) for protocol in ("imap", "pop3")
	for front in ("plain", "tls") for upstream in ("resumed", "full"))
PASSWORD = "secret"
MANY = 1000


def user_of(upstream):
	return f"{upstream}@example.test"


class Proxy(candidates.Candidate):
	"""A candidate with a port for each of the wanted doors; doors of one port share it."""
	by_login = True

	def __init__(self, place, doors=DOORS):
		super().__init__(place)
		self.doors = doors
		self.ports = {}
		for door in doors:
			key = self.key(door)
			if key not in self.ports:
				self.ports[key] = harness.free_port()

	def key(self, door):
		return (door.protocol, door.front) if self.by_login else door

	def port_of(self, door):
		return self.ports[self.key(door)]

	def wait_ready(self):
		for port in self.ports.values():
			process.wait_port(self.child, port, self.log)

	def sink(self, door):
		return self.place.mail_sinks[f"{door.protocol}-{door.upstream}"]

	def values(self):
		return {"folder": self.folder, "trust": self.place.trust, "cert": self.place.cert,
			"key": self.place.key, "user": candidates.nginx_user()}

	def each(self, text, tls_text=""):
		"""A piece of configuration for each door; `tls_text` is put in as {tls} where the front has TLS."""
		parts = []
		for number, door in enumerate(self.doors):
			values = dict(self.values(), name=f"door{number}", port=self.port_of(door), sink=self.sink(door),
				protocol=door.protocol, ssl=" ssl" if door.front == "tls" else "")
			tls = tls_text.format(**values) if door.front == "tls" else ""
			parts.append(text.format(tls=tls, **values))
		return "".join(parts)


class Mailwicket(Proxy):
	name = "mailwicket"

	def prepare(self):
		sections = {("gateway", "main"): {"hostname": "gateway.test", "spool": "off",
			"trust": self.place.trust, "state": os.path.join(self.folder, "state"), "log_level": "info",
			"control": os.path.join(self.folder, "control.sock"),
			"user": harness.unprivileged() if os.geteuid() == 0 else None}}
		for (protocol, front), port in self.ports.items():
			files = {"certificate": self.place.cert, "key": self.place.key} if front == "tls" else {}
			sections["listener", f"{protocol}_{front}"] = {"protocol": protocol, "port": port,
				"address": ["127.0.0.1"], "tls": "implicit" if front == "tls" else "off",
				"max_connections": MANY, "max_per_client": MANY, **files}
		for upstream in sorted({door.upstream for door in self.doors}):
			account = {"provider": "generic", "address": user_of(upstream), "password": PASSWORD,
				"username": user_of(upstream), "max_connections": MANY}
			for protocol in sorted({door.protocol for door in self.doors}):
				account.update({f"{protocol}_host": "127.0.0.1", f"{protocol}_tls": "implicit",
					f"{protocol}_port": self.place.mail_sinks[f"{protocol}-{upstream}"]})
			sections["account", upstream] = account
			sections["user", upstream + "_user"] = {"name": user_of(upstream), "password": PASSWORD,
				"account": upstream}
		path = self.write("mailwicket.conf", harness.uci(sections), 0o600)
		return [self.place.binary, "run", "-c", path], None


class Nginx(Proxy):
	name = "nginx"
	by_login = False

	def prepare(self):
		servers = self.each(configs.NGINX_SERVER, configs.NGINX_TLS)
		path = self.write("nginx.conf", configs.NGINX.format(module=candidates.nginx_module(),
			servers=servers, **self.values()))
		return candidates.nginx_command(self.folder, path), candidates.libraries("nginx")


class NginxMail(Proxy):
	"""Its auth_http helper is another nginx, which is not counted."""
	name = "nginx_mail"

	def __init__(self, place, doors=DOORS):
		super().__init__(place, doors)
		self.helper, self.helper_port = None, harness.free_port()

	def sink(self, door):
		return self.place.mail_sinks[f"{door.protocol}-plain"]

	def nginx(self, name, text):
		program = os.path.join(candidates.unpacked("nginx_mail"), "usr/sbin/nginx")
		return [program, "-e", "stderr", "-p", self.folder, "-c", self.write(name, text)]

	def prepare(self):
		values = dict(self.values(), helper=self.helper_port, **{f"{protocol}_sink":
			self.place.mail_sinks[f"{protocol}-plain"] for protocol in ("imap", "pop3")})
		self.helper = process.start(self.nginx("helper.conf", configs.NGINX_HELPER.format(**values)), self.log,
			self.place.load_core, candidates.libraries("nginx_mail"))
		process.wait_port(self.helper, self.helper_port, self.log)
		seen = dict.fromkeys(self.key(door) for door in self.doors)
		servers = "".join(configs.NGINX_MAIL_SERVER.format(port=self.ports[key], protocol=key[0],
			tls=configs.NGINX_TLS.format(**values) if key[1] == "tls" else "",
			ssl=" ssl" if key[1] == "tls" else "") for key in seen)
		module = os.path.join(candidates.unpacked("nginx_mail"), "usr/lib/nginx/modules/ngx_mail_module.so")
		return (self.nginx("nginx.conf", configs.NGINX_MAIL.format(module=module, servers=servers, **values)),
			candidates.libraries("nginx_mail"))

	def stop(self):
		super().stop()
		process.stop(self.helper)
		self.helper = None


class Stunnel(Proxy):
	"""TLS to TLS are two services in a row."""
	name = "stunnel"
	by_login = False

	def prepare(self):
		parts = [configs.STUNNEL]
		for number, door in enumerate(self.doors):
			values = dict(self.values(), name=f"door{number}", port=self.port_of(door), sink=self.sink(door),
				between=harness.free_port())
			if door.front == "tls":
				parts.append(configs.STUNNEL_SERVER.format(**values))
				values["port"] = values["between"]
			parts.append(configs.STUNNEL_CLIENT.format(**values))
		path = self.write("stunnel.conf", "".join(parts))
		program = os.path.join(candidates.unpacked("stunnel"), "usr/bin/stunnel4")
		return [program, path], candidates.libraries("stunnel")


class HAProxy(Proxy):
	name = "haproxy"
	by_login = False

	def prepare(self):
		with open(self.place.cert, encoding="ascii") as cert, open(self.place.key, encoding="ascii") as key:
			self.write("both.pem", cert.read() + key.read(), 0o600)
		user = "\tuser nobody" if os.geteuid() == 0 else ""
		text = configs.HAPROXY.format(user=user) + self.each(configs.HAPROXY_DOOR, configs.HAPROXY_TLS)
		program = os.path.join(candidates.unpacked("haproxy"), "usr/sbin/haproxy")
		return [program, "-db", "-f", self.write("haproxy.cfg", text)], candidates.libraries("haproxy")


class Dovecot(Proxy):
	name = "dovecot"
	needs_root = True

	def prepare(self):
		for protocol in ("imap", "pop3"):
			self.write("users." + protocol, "".join(f"{user_of(upstream)}:{{PLAIN}}{PASSWORD}::::::proxy=y "
				f"host=127.0.0.1 port={self.place.mail_sinks[f'{protocol}-{upstream}']} ssl=yes\n"
				for upstream in ("resumed", "full")))
		protocols = list(dict.fromkeys(protocol for protocol, _ in self.ports))
		services = "".join(configs.DOVECOT_SERVICE.format(protocol=protocol, listeners="".join(
			configs.DOVECOT_LISTENER.format(name=protocol + ("s" if front == "tls" else ""), port=port,
				ssl="yes" if front == "tls" else "no")
			for (of, front), port in self.ports.items() if of == protocol), unused="".join(
			configs.DOVECOT_UNUSED.format(name=protocol + suffix) for front, suffix in (("plain", ""),
				("tls", "s")) if (protocol, front) not in self.ports)) for protocol in protocols)
		path = self.write("dovecot.conf", configs.DOVECOT.format(protocols=" ".join(protocols),
			services=services, **self.values()))
		return self.namespace("", f"/usr/sbin/dovecot -F -c {path}")


class Perdition(Proxy):
	"""One daemon a door, one process a connection."""
	name = "perdition"
	by_login = False

	def prepare(self):
		program = os.path.join(candidates.unpacked("perdition"), "usr/sbin/perdition")
		environment = candidates.libraries("perdition")
		environment["LD_LIBRARY_PATH"] += ":" + os.path.join(candidates.unpacked("perdition"), "usr/lib")
		user = "--username nobody --group nogroup" if os.geteuid() == 0 else ""
		lines = [configs.PERDITION.format(program=program, port=self.port_of(door), sink=self.sink(door),
			protocol={"imap": "IMAP4", "pop3": "POP3"}[door.protocol] + ("S" if door.front == "tls" else ""),
			mode="ssl_all" if door.front == "tls" else "ssl_outgoing", user_words=user,
			**self.values()) for door in self.doors]
		return ["sh", "-c", "\n".join(lines + ["wait"])], environment


PEER_KINDS = (Nginx, NginxMail, Stunnel, HAProxy, Dovecot, Perdition)
