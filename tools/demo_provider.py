#!/usr/bin/python3
"""A small mail provider for demonstrations: strict where real providers are strict.

It listens on six loopback ports: submission, IMAP and POP3, each with STARTTLS and with implicit TLS.
It makes its own authority and certificate with the openssl command, and keeps mail in memory. It prints

    port NAME NUMBER        one line a listener: smtp-starttls, smtp-implicit, imap-starttls, …
    trust PATH              the authority that a client has to trust
    ready                   every port is bound
    message JSON            one line a message that has been accepted
    login JSON              one line a client that signed in to read its mailbox

and ends at SIGTERM, SIGINT, or when its standard input is closed.

A protocol is a class in a file of its own whose `serve()` talks over a Connection; all of them share
the accounts and mailboxes of one Store.
"""
import argparse
import email.parser
import hashlib
import json
import os
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time

from demo_imap import Imap
from demo_mailbox import Mailbox
from demo_pop3 import Pop3
from demo_submission import Submission

MAX_LINE = 12288
MAX_DATA = 60 * 1024 * 1024
IDLE_S = 300
SERVICES = {"smtp-starttls": (Submission, False), "smtp-implicit": (Submission, True),
	"imap-starttls": (Imap, False), "imap-implicit": (Imap, True),
	"pop3-starttls": (Pop3, False), "pop3-implicit": (Pop3, True)}


# --- accounts and mail -----------------------------------------------------------------------------

class Message:
	"""One message as it was taken in: envelope, the session that brought it, and its octets."""

	def __init__(self, uid, session, reverse_path, recipients, data):
		self.uid = uid
		self.received = time.time()
		self.session = session
		self.reverse_path = reverse_path
		self.recipients = recipients
		self.data = data

	def describe(self):
		headers = email.parser.BytesHeaderParser().parsebytes(self.data)
		shown = {name: [str(value) for value in headers.get_all(name, [])]
			for name in ("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Received")}
		return dict(self.session, uid=self.uid, reverse_path=self.reverse_path,
			recipients=self.recipients, octets=len(self.data), headers=shown,
			sha256=hashlib.sha256(self.data).hexdigest())


class Account:
	"""A login, the addresses that it may send as, and its mailbox."""

	def __init__(self, address, password):
		self.name = address
		self.password = password
		self.addresses = {address.lower()}
		self.mailbox = Mailbox()


class Store:
	"""All accounts and mailboxes of the provider; safe to use from every session's thread."""

	def __init__(self, accounts, report):
		self.accounts = {account.name.lower(): account for account in accounts}
		self.outbox = []
		self.lock = threading.Lock()
		self.report = report
		self.next_uid = 1

	def sign_in(self, name, password):
		account = self.accounts.get(name.lower())
		return account if account and account.password == password else None

	def deliver(self, session, reverse_path, recipients, data):
		with self.lock:
			message = Message(self.next_uid, session, reverse_path, recipients, data)
			self.next_uid += 1
			for recipient in recipients:
				account = self.accounts.get(recipient.lower())
				if account:
					account.mailbox.add(data, message.received)
				else:
					self.outbox.append(message)
			self.report("message", message.describe())
		return message

	def report_login(self, protocol, mechanism, account, connection):
		self.report("login", {"protocol": protocol, "mechanism": mechanism, "name": account.name,
			"tls": connection.sock.version(), "cipher": connection.sock.cipher()[0],
			"messages": len(account.mailbox.snapshot())})


# --- connections -----------------------------------------------------------------------------------

class Connection:
	"""A socket with line input, which may turn into TLS in the middle."""

	def __init__(self, sock, context):
		self.sock = sock
		self.context = context
		self.buffer = b""
		self.sock.settimeout(IDLE_S)
		self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

	@property
	def secure(self):
		return isinstance(self.sock, ssl.SSLSocket)

	def start_tls(self):
		if self.buffer:
			raise ConnectionError("octets before the TLS handshake")
		self.sock = self.context.wrap_socket(self.sock, server_side=True)

	def send(self, text):
		self.sock.sendall(text.encode("ascii", "replace") + b"\r\n")

	def send_octets(self, data):
		self.sock.sendall(data)

	def waits(self):
		"""Whether octets are here already, so that a look at the socket would miss them."""
		return bool(self.buffer) or (self.secure and self.sock.pending() > 0)

	def fill(self):
		more = self.sock.recv(65536)
		if not more:
			raise ConnectionError("closed by the other side")
		self.buffer += more

	def line(self):
		"""One line up to LF, without its end; a line longer than MAX_LINE ends the session."""
		while b"\n" not in self.buffer:
			if len(self.buffer) > MAX_LINE:
				raise ConnectionError("line too long")
			self.fill()
		line, self.buffer = self.buffer.split(b"\n", 1)
		return line.rstrip(b"\r")

	def octets(self, count):
		while len(self.buffer) < count:
			self.fill()
		data, self.buffer = self.buffer[:count], self.buffer[count:]
		return data

	def data(self):
		"""What follows DATA up to CRLF.CRLF and nothing else, dots unstuffed."""
		self.buffer = b"\r\n" + self.buffer
		start = 0
		while (end := self.buffer.find(b"\r\n.\r\n", start)) < 0:
			start = max(0, len(self.buffer) - 4)
			if start > MAX_DATA:
				raise ConnectionError("message too big")
			self.fill()
		raw, self.buffer = self.buffer[:end + 2], self.buffer[end + 5:]
		return raw.replace(b"\r\n.", b"\r\n")[2:]

	def close(self):
		try:
			if self.secure:
				self.sock = self.sock.unwrap()
		except (OSError, ValueError):
			pass
		self.sock.close()


# --- certificates, ports, start --------------------------------------------------------------------

def openssl(*arguments):
	subprocess.run(("openssl",) + arguments, check=True, stdin=subprocess.DEVNULL,
		stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_certificates(folder):
	"""An authority (ca.pem) and a leaf for localhost (leaf.pem with its chain, leaf.key)."""
	os.makedirs(folder, exist_ok=True)
	name = {key: os.path.join(folder, key) for key in
		("ca.key", "ca.pem", "leaf.key", "leaf.csr", "leaf.crt", "leaf.pem", "leaf.ext")}
	key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")
	openssl("req", "-x509", *key, "-keyout", name["ca.key"], "-out", name["ca.pem"], "-days", "30",
		"-subj", "/O=Mailwicket demo/CN=Demo authority",
		"-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
	openssl("req", *key, "-keyout", name["leaf.key"], "-out", name["leaf.csr"],
		"-subj", "/O=Mailwicket demo/CN=localhost")
	with open(name["leaf.ext"], "w", encoding="ascii") as ext:
		ext.write("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth\n"
			"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n")
	openssl("x509", "-req", "-in", name["leaf.csr"], "-CA", name["ca.pem"], "-CAkey", name["ca.key"],
		"-CAcreateserial", "-days", "20", "-sha256", "-extfile", name["leaf.ext"],
		"-out", name["leaf.crt"])
	with open(name["leaf.pem"], "wb") as chain:
		for part in ("leaf.crt", "ca.pem"):
			with open(name[part], "rb") as source:
				chain.write(source.read())
	os.chmod(name["ca.pem"], 0o644)
	return name


def make_context(names):
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.minimum_version = ssl.TLSVersion.TLSv1_2
	context.load_cert_chain(names["leaf.pem"], names["leaf.key"])
	return context


class Listener(socketserver.ThreadingTCPServer):
	"""One port: each connection is served by `protocol` in a thread of its own."""
	daemon_threads = True
	allow_reuse_address = True

	def __init__(self, port, implicit, protocol, context):
		self.implicit = implicit
		self.protocol = protocol
		self.context = context
		super().__init__(("127.0.0.1", port), None)

	def finish_request(self, request, client_address):
		connection = Connection(request, self.context)
		try:
			if self.implicit:
				connection.start_tls()
			self.protocol(connection).serve()
		except OSError as error:
			print(f"session ended: {error}", file=sys.stderr)
		finally:
			connection.close()


def say(line):
	print(line, flush=True)


def main():
	parser = argparse.ArgumentParser(description="small mail provider on loopback")
	parser.add_argument("--folder", required=True, help="where certificates are made")
	parser.add_argument("--account", action="append", default=[], metavar="ADDRESS:PASSWORD")
	for name in SERVICES:
		parser.add_argument(f"--{name}-port", type=int, default=0)
	parser.add_argument("--hostname", default="localhost")
	options = parser.parse_args()
	accounts = [Account(*text.split(":", 1)) for text in options.account]
	store = Store(accounts, lambda kind, values: say(f"{kind} {json.dumps(values)}"))
	names = make_certificates(options.folder)
	context = make_context(names)

	listeners = {}
	for name, (protocol, implicit) in SERVICES.items():
		port = getattr(options, name.replace("-", "_") + "_port")
		listeners[name] = Listener(port, implicit,
			lambda connection, protocol=protocol: protocol(store, connection, options.hostname), context)
	for name, listener in listeners.items():
		threading.Thread(target=listener.serve_forever, daemon=True).start()
		say(f"port {name} {listener.server_address[1]}")
	say("trust " + names["ca.pem"])
	say("ready")
	signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
	signal.signal(signal.SIGINT, lambda *_: os._exit(0))
	while sys.stdin.buffer.read(4096):
		pass


if __name__ == "__main__":
	main()
