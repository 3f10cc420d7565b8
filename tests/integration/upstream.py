"""A scriptable provider: answers every command as a test tells it, and keeps every octet it gets.

`script` maps a point of the dialogue to what happens there:

    greeting EHLO HELO STARTTLS AUTH MAIL RCPT DATA DOT BDAT RSET NOOP QUIT after_tls

A value is a reply (str gets its CRLF, bytes go out as they are, None sends nothing), DROP, RESET,
Delay(seconds, value), a list (one value a call, the last one stays), or a function
(session, line) -> value. A STARTTLS reply that starts with 220 is followed by the handshake.
"""
import base64
import re
import socket
import ssl
import struct
import threading
import time

DROP = object()
RESET = object()
HANG = object()
LIMIT = 64 * 1024 * 1024


class Delay:
	def __init__(self, seconds, value):
		self.seconds = seconds
		self.value = value


class Ended(Exception):
	"""The session is over, whoever ended it."""


class Delivered:
	"""A message that was taken in: envelope commands, octets before and after unstuffing."""

	def __init__(self, session, raw, data, by):
		self.session = session
		self.mail = session.mail
		self.rcpt = list(session.rcpt)
		self.raw = raw
		self.data = data
		self.by = by

	@property
	def reverse_path(self):
		return re.match(r"(?i)MAIL FROM:\s*<([^>]*)>", self.mail)[1]

	@property
	def recipients(self):
		return [re.match(r"(?i)RCPT TO:\s*<([^>]*)>", line)[1] for line in self.rcpt]


class Session:
	"""One connection to the upstream."""

	def __init__(self, upstream, sock):
		self.upstream = upstream
		self.sock = sock
		self.buffer = b""
		self.received = []  # (tls, octets) in order of arrival
		self.commands = []  # (tls, line)
		self.helo = self.auth = self.auth_name = self.password = None
		self.tls_version = self.reused = None
		self.handshake_error = None
		self.ended = threading.Event()
		self.forget()

	def forget(self):
		self.mail = None
		self.rcpt = []
		self.chunks = b""

	@property
	def secure(self):
		return isinstance(self.sock, ssl.SSLSocket)

	def octets(self, tls):
		return b"".join(part for secure, part in self.received if secure == tls)

	def verbs(self):
		return [line.split(" ")[0].upper() for _, line in self.commands]

	def fill(self):
		try:
			more = self.sock.recv(65536)
		except OSError as error:
			raise Ended(str(error)) from None
		if not more:
			raise Ended("closed")
		self.received.append((self.secure, more))
		self.buffer += more

	def line(self):
		while b"\n" not in self.buffer:
			if len(self.buffer) > 65536:
				raise Ended("line too long")
			self.fill()
		line, self.buffer = self.buffer.split(b"\n", 1)
		return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")

	def count(self, length):
		while len(self.buffer) < length:
			self.fill()
		data, self.buffer = self.buffer[:length], self.buffer[length:]
		return data

	def body(self):
		"""Raw content up to CRLF.CRLF."""
		parts = [b"\r\n" + self.buffer]
		self.buffer = b""
		size, tail = len(parts[0]), parts[0]
		while b"\r\n.\r\n" not in tail:
			if size > LIMIT:
				raise Ended("message too big")
			before = len(self.buffer)
			self.fill()
			parts.append(self.buffer[before:])
			size += len(parts[-1])
			tail = tail[-4:] + parts[-1]
			self.buffer = b""
		raw, self.buffer = b"".join(parts).split(b"\r\n.\r\n", 1)
		return (raw + b"\r\n")[2:]

	def handshake(self):
		try:
			self.sock.settimeout(min(20, self.upstream.idle))
			self.sock = self.upstream.context.wrap_socket(self.sock, server_side=True)
			self.sock.settimeout(self.upstream.idle)
		except OSError as error:
			self.handshake_error = str(error)
			raise Ended(str(error)) from None
		self.tls_version, self.reused = self.sock.version(), self.sock.session_reused

	def send(self, value):
		if isinstance(value, str):
			value = value.encode("utf-8") + b"\r\n"
		if value:
			try:
				self.sock.sendall(value)
			except OSError as error:
				raise Ended(str(error)) from None

	def act(self, point, line, default, before=lambda reply: None):
		"""Does what the script says at a point; returns the reply, which `before` sees first."""
		value = self.upstream.value(point, default)
		while True:
			if callable(value):
				value = value(self, line)
			elif isinstance(value, Delay):
				self.upstream.stopping.wait(value.seconds)
				value = value.value
			else:
				break
		if value is DROP or value is RESET:
			if value is RESET:
				self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
			self.sock.close()
			raise Ended("by script")
		if value is HANG:
			while True:
				self.fill()
		text = value.decode("latin-1") if isinstance(value, bytes) else (value or "")
		before(text)
		self.send(value)
		return text

	def run(self):
		up = self.upstream
		try:
			if up.mode == "implicit":
				self.handshake()
			self.act("greeting", "", f"220 {up.hostname} ESMTP test")
			while True:
				line = self.line()
				self.commands.append((self.secure, line))
				verb = line.split(" ")[0].upper()
				getattr(self, "on_" + verb.lower(), self.on_other)(line)
				if verb == "QUIT":
					raise Ended("QUIT")
		except Ended:
			pass
		finally:
			self.close()
			self.ended.set()

	def close(self):
		try:
			if self.secure:
				self.sock.settimeout(1)
				self.sock = self.sock.unwrap()
		except (OSError, ValueError):
			pass
		self.sock.close()

	def on_other(self, line):
		self.act(line.split(" ")[0].upper(), line, "500 5.5.2 unknown")

	def on_ehlo(self, line):
		self.forget()
		self.helo = line[5:]
		up = self.upstream
		words = up.capabilities_tls if self.secure or up.mode == "plain" else up.capabilities
		lines = [up.hostname] + list(words)
		text = "".join(f"250-{word}\r\n" for word in lines[:-1]) + f"250 {lines[-1]}"
		self.act("EHLO", line, text)

	def on_helo(self, line):
		self.forget()
		self.helo = line[5:]
		self.act("HELO", line, f"250 {self.upstream.hostname}")

	def on_starttls(self, line):
		if self.act("STARTTLS", line, "220 2.0.0 go ahead").startswith("220"):
			if self.buffer:
				raise Ended("the client spoke before the handshake")
			self.handshake()
			self.send(self.upstream.value("after_tls", None))

	def on_auth(self, line):
		words = line.split(" ")
		if "AUTH" in self.upstream.script:
			self.act("AUTH", line, None)
			return
		try:
			self.auth = words[1].upper()
			self.credentials(words[2] if len(words) > 2 else None)
		except (ValueError, IndexError):
			self.send("501 5.5.2 bad credentials")
			return
		right = self.upstream.users.get(self.auth_name) == self.password
		self.send("235 2.7.0 ok" if right else "535 5.7.8 wrong credentials")

	def credentials(self, initial):
		if self.auth == "PLAIN":
			text = self.challenge("", initial)
			_, self.auth_name, self.password = text.split("\0")
		elif self.auth == "LOGIN":
			self.auth_name = self.challenge("Username:", initial)
			self.password = self.challenge("Password:", None)
		else:
			raise ValueError(self.auth)

	def challenge(self, prompt, initial):
		if initial is None:
			self.send("334 " + base64.b64encode(prompt.encode()).decode())
			initial = self.line()
		return base64.b64decode(initial, validate=True).decode("utf-8")

	def on_mail(self, line):
		self.mail = line
		self.rcpt = []
		self.act("MAIL", line, "250 2.1.0 ok")

	def on_rcpt(self, line):
		if re.match(r"2\d\d[ -]", self.act("RCPT", line, "250 2.1.5 ok")):
			self.rcpt.append(line)

	def on_data(self, line):
		default = "354 go" if self.rcpt else "503 5.5.1 no recipient"
		if not self.act("DATA", line, default).startswith("354"):
			return
		raw = self.body()
		self.take(raw, re.sub(rb"(^|\r\n)\.", rb"\1", raw), "DATA", "DOT", line)

	def on_bdat(self, line):
		words = line.split(" ")
		chunk = self.count(int(words[1]))
		self.chunks += chunk
		if len(words) > 2 and words[2].upper() == "LAST":
			data, self.chunks = self.chunks, b""
			self.take(data, data, "BDAT", "DOT", line)
		else:
			self.act("BDAT", line, f"250 2.0.0 {len(chunk)} octets")

	def take(self, raw, data, by, point, line):
		message = Delivered(self, raw, data, by)

		def note(reply):
			if re.match(r"2\d\d[ -]", reply):
				self.upstream.add(message)

		self.act(point, line, "250 2.0.0 taken", note)
		self.mail, self.rcpt = None, []

	def on_rset(self, line):
		self.forget()
		self.act("RSET", line, "250 2.0.0 ok")

	def on_noop(self, line):
		self.act("NOOP", line, "250 2.0.0 ok")

	def on_quit(self, line):
		self.act("QUIT", line, "221 2.0.0 bye")


class Upstream:
	"""The listening side; `mode` is starttls, implicit or plain."""
	kind = Session

	def __init__(self, context, mode="starttls", script=None, users=None, capabilities=None,
			hostname="localhost", address="127.0.0.1", port=0, idle=60):
		self.context = context
		self.mode = mode
		self.script = dict(script or {})
		self.users = users if users is not None else {"user@example.test": "canary-Password-17"}
		self.hostname = hostname
		self.idle = idle
		common = ["PIPELINING", "SIZE 60000000", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN"]
		self.capabilities = capabilities if capabilities is not None else common + ["STARTTLS"]
		self.capabilities_tls = common + ["CHUNKING", "SMTPUTF8", "AUTH PLAIN LOGIN"]
		self.calls = {}
		self.sessions = []
		self.messages = []
		self.changed = threading.Condition()
		self.stopping = threading.Event()
		self.listener = socket.create_server((address, port), backlog=512)
		self.port = self.listener.getsockname()[1]
		threading.Thread(target=self.accept, daemon=True).start()

	def accept(self):
		while True:
			try:
				sock, _ = self.listener.accept()
			except OSError:
				return
			sock.settimeout(self.idle)
			session = self.kind(self, sock)
			with self.changed:
				self.sessions.append(session)
				self.changed.notify_all()
			threading.Thread(target=session.run, daemon=True).start()

	def value(self, point, default):
		if point not in self.script:
			return default
		value = self.script[point]
		if isinstance(value, list):
			with self.changed:
				call = self.calls.get(point, 0)
				self.calls[point] = call + 1
			return value[min(call, len(value) - 1)]
		return value

	def add(self, message):
		with self.changed:
			self.messages.append(message)
			self.changed.notify_all()

	def wait(self, count=1, seconds=30):
		"""The messages once there are at least `count`; fails after `seconds`."""
		end = time.monotonic() + seconds
		with self.changed:
			while len(self.messages) < count:
				left = end - time.monotonic()
				assert left > 0, f"{len(self.messages)} of {count} messages came"
				self.changed.wait(left)
			return list(self.messages)

	def wait_session(self, index=0, seconds=20):
		"""The session of that number once it has ended."""
		end = time.monotonic() + seconds
		with self.changed:
			while len(self.sessions) <= index:
				left = end - time.monotonic()
				assert left > 0, f"only {len(self.sessions)} sessions came"
				self.changed.wait(left)
			session = self.sessions[index]
		assert session.ended.wait(max(0.1, end - time.monotonic())), "the session goes on"
		return session

	def secrets_in_clear(self):
		"""AUTH commands, or the password in any form, that came before TLS."""
		found = []
		for session in self.sessions:
			clear = session.octets(False)
			if re.search(rb"(?im)^AUTH", clear):
				found.append(clear)
			for password in self.users.values():
				if password.encode() in clear:
					found.append(clear)
		return found

	def stop(self):
		self.stopping.set()
		try:
			self.listener.shutdown(socket.SHUT_RDWR)
		except OSError:
			pass
		self.listener.close()
		for session in list(self.sessions):
			try:
				socket.socket.shutdown(session.sock, socket.SHUT_RDWR)
			except OSError:
				pass
