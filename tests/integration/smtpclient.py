"""An SMTP client that sends exactly the octets it is told, and contexts of old and new devices."""
import base64
import socket
import ssl
import time
import typing
import warnings


class Reply(typing.NamedTuple):
	code: int
	lines: list

	@property
	def text(self):
		return "\n".join(self.lines)


class Client:
	"""One connection. `tls` is a context for implicit TLS."""

	def __init__(self, port, host="127.0.0.1", tls=None, timeout=30, source=None, greet=True,
			name="localhost", first=b""):
		self.name = name
		self.buffer = b""
		self.session = None
		address = (source, 0) if source else None
		self.sock = socket.create_connection((host, port), timeout, address)
		self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		if first:
			self.sock.sendall(first)
		if tls:
			self.wrap(tls)
		self.greeting = self.reply() if greet else None

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.close()

	def wrap(self, context, session=None):
		self.sock = context.wrap_socket(self.sock, server_hostname=self.name, session=session)

	def send(self, octets):
		self.sock.sendall(octets)

	def line(self):
		while b"\n" not in self.buffer:
			more = self.sock.recv(65536)
			if not more:
				raise EOFError("closed; left: %r" % self.buffer)
			self.buffer += more
		line, self.buffer = self.buffer.split(b"\n", 1)
		assert line.endswith(b"\r"), f"a reply line without CR: {line!r}"
		assert len(line) < 512, "SS-54: a reply line of more than 512 octets"
		return line[:-1].decode("ascii")

	def reply(self):
		lines = []
		while True:
			line = self.line()
			assert line[:3].isdigit() and line[3:4] in ("-", " ", ""), f"not a reply: {line!r}"
			lines.append(line[4:])
			if line[3:4] != "-":
				return Reply(int(line[:3]), lines)

	def cmd(self, text):
		self.send(text.encode("utf-8", "surrogateescape") + b"\r\n")
		return self.reply()

	def ok(self, text, code=250):
		reply = self.cmd(text)
		assert reply.code == code, f"{text}: {reply}"
		return reply

	def ehlo(self, name="device.lan"):
		return self.ok("EHLO " + name)

	def starttls(self, context, session=None):
		self.ok("STARTTLS", 220)
		assert not self.buffer, "octets after the 220 of STARTTLS"
		self.wrap(context, session)

	def auth_plain(self, user, password, code=235):
		return self.ok("AUTH PLAIN " + b64(f"\0{user}\0{password}"), code)

	def auth_login(self, user, password, code=235):
		assert self.ok("AUTH LOGIN", 334).lines == ["VXNlcm5hbWU6"]
		assert self.ok(b64(user), 334).lines == ["UGFzc3dvcmQ6"]
		return self.ok(b64(password), code)

	def envelope(self, sender="scanner@device.lan", recipients=("owner@example.test",)):
		self.ok(f"MAIL FROM:<{sender}>")
		for recipient in recipients:
			self.ok(f"RCPT TO:<{recipient}>")

	def data(self, octets):
		"""DATA with content that is already stuffed and ends in CRLF; the verdict."""
		self.ok("DATA", 354)
		self.send(octets + b".\r\n")
		return self.reply()

	def mail(self, content=b"Subject: x\r\n\r\nbody\r\n", **envelope):
		self.envelope(**envelope)
		return self.data(content)

	def until_end(self, seconds=20):
		"""Everything that still comes until the other side closes."""
		end = time.monotonic() + seconds
		got, self.buffer = self.buffer, b""
		while True:
			left = end - time.monotonic()
			assert left > 0, f"not closed within {seconds} s; got {got[-200:]!r}"
			self.sock.settimeout(left)
			try:
				more = self.sock.recv(65536)
			except (ConnectionResetError, ssl.SSLEOFError):
				return got
			except TimeoutError:
				continue
			if not more:
				return got
			got += more

	def quit(self):
		self.ok("QUIT", 221)
		assert self.until_end() == b""
		self.close()

	def close(self):
		self.sock.close()


def b64(text):
	return base64.b64encode(text.encode("utf-8") if isinstance(text, str) else text).decode()


def any_certificate():
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.check_hostname = False
	context.verify_mode = ssl.CERT_NONE
	context.maximum_version = ssl.TLSVersion.TLSv1_2
	return context


def trusting(authority):
	context = any_certificate()
	context.load_verify_locations(authority)
	context.check_hostname = True
	context.verify_mode = ssl.CERT_REQUIRED
	return context


def ancient(version=ssl.TLSVersion.TLSv1, ciphers="ALL:@SECLEVEL=0"):
	"""A device of 2008: one old version, every suite."""
	context = any_certificate()
	with warnings.catch_warnings():
		warnings.simplefilter("ignore", DeprecationWarning)
		context.minimum_version = version
		context.maximum_version = version
	context.set_ciphers(ciphers)
	return context
