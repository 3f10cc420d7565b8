"""IMAP and POP3 clients that send exactly the octets they are told, and gateways for mailboxes."""
import base64
import hmac
import os
import re
import time
import typing

import harness
from smtpclient import Client, any_certificate, b64

LOCAL_USER, LOCAL_PASSWORD = "reader", "canary-Local-23"
DIRECT = bool(os.environ.get("MAILWICKET_DIRECT"))  # the tests' own proof: clients go to the server


class Result(typing.NamedTuple):
	"""What an IMAP command led to: everything before the tagged line, and that line's parts."""
	untagged: list
	status: str
	text: str

	@property
	def code(self):
		"""The response code without its arguments; None when there is none."""
		match = re.match(r"\[([A-Z/-]+)[\] ]", self.text)
		return match[1] if match else None


class Lines(Client):
	"""What both protocols share: lines of octets, and counted octets."""

	def line(self):
		while b"\n" not in self.buffer:
			self.more()
		line, self.buffer = self.buffer.split(b"\n", 1)
		assert line.endswith(b"\r"), f"a line without CR: {line[-80:]!r}"
		return line[:-1]

	def more(self):
		more = self.sock.recv(65536)
		if not more:
			raise EOFError("closed; left: %r" % self.buffer[-200:])
		self.buffer += more

	def count(self, length):
		parts, have = [self.buffer], len(self.buffer)
		while have < length:
			more = self.sock.recv(65536)
			if not more:
				raise EOFError(f"closed after {have} of {length} octets")
			parts.append(more)
			have += len(more)
		whole = b"".join(parts)
		self.buffer = whole[length:]
		return whole[:length]


class Imap(Lines):
	"""One connection. The greeting is the whole first response."""

	number = 0

	def reply(self):
		return self.response()

	def response(self):
		"""One response with its literals, without the last CRLF."""
		whole = self.line()
		while match := re.search(rb"\{(\d+)\}$", whole):
			whole += b"\r\n" + self.count(int(match[1])) + self.line()
		return whole

	def tag(self):
		self.number += 1
		return f"t{self.number}"

	def start(self, text):
		"""Sends a command with a fresh tag; returns the tag."""
		tag = self.tag()
		text = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
		self.send(tag.encode() + b" " + text + b"\r\n")
		return tag

	def finish(self, tag):
		"""Everything up to the tagged line."""
		untagged = []
		while True:
			response = self.response()
			if response.startswith(tag.encode() + b" "):
				_, status, text = (response + b" ").decode("utf-8", "replace").split(" ", 2)
				return Result(untagged, status, text.rstrip(" "))
			assert response[:2] in (b"* ", b"+ "), f"neither untagged nor {tag}: {response[:200]!r}"
			untagged.append(response)

	def cmd(self, text):
		return self.finish(self.start(text))

	def ok(self, text, code="OK"):
		result = self.cmd(text)
		assert result.status == code, f"{text}: {result}"
		return result

	def continued(self):
		"""The text of a continuation request."""
		response = self.response()
		assert response.startswith(b"+ ") or response == b"+", response
		return response[2:]

	def literal(self, tag):
		"""Waits for leave to send a literal; a refusal is returned instead of None."""
		response = self.response()
		if response.startswith(b"+"):
			return None
		assert response.startswith(tag.encode() + b" "), response
		return response

	def starttls(self, context=None, session=None):
		self.ok("STARTTLS")
		assert not self.buffer, "octets after the OK of STARTTLS"
		self.wrap(context or any_certificate(), session)

	def login(self, user=LOCAL_USER, password=LOCAL_PASSWORD, code="OK"):
		return self.ok(f'LOGIN "{user}" "{password}"', code)

	def authenticate(self, mechanism, user=LOCAL_USER, password=LOCAL_PASSWORD, initial=True):
		if mechanism == "PLAIN" and initial:
			return self.cmd("AUTHENTICATE PLAIN " + b64(f"\0{user}\0{password}"))
		tag = self.start("AUTHENTICATE " + mechanism)
		for answer in answers(mechanism, user, password):
			self.send(answer(self.continued()) + b"\r\n")
		return self.finish(tag)

	def fetch(self, what):
		"""{number: octets of the one literal} of a FETCH of a body."""
		found = {}
		for response in self.ok(f"FETCH {what}").untagged:
			match = re.match(rb"\* (\d+) FETCH \([^{]*\{(\d+)\}\r\n", response)
			if match:
				found[int(match[1])] = response[match.end():match.end() + int(match[2])]
		return found

	def idle(self):
		"""Begins IDLE; returns its tag for `done`."""
		tag = self.start("IDLE")
		self.continued()
		return tag

	def done(self, tag):
		self.send(b"DONE\r\n")
		return self.finish(tag)

	def quit(self):
		result = self.ok("LOGOUT")
		assert any(line.startswith(b"* BYE") for line in result.untagged), result
		assert self.until_end() == b""
		self.close()


def answers(mechanism, user, password):
	"""What a client says to each challenge of a mechanism."""
	def plain(_):
		return b64(f"\0{user}\0{password}").encode()

	def name(challenge):
		assert base64.b64decode(challenge).lower().startswith(b"user"), challenge
		return b64(user).encode()

	def word(_):
		return b64(password).encode()

	def cram(challenge):
		digest = hmac.new(password.encode(), base64.b64decode(challenge), "md5").hexdigest()
		return b64(f"{user} {digest}").encode()

	return {"PLAIN": [plain], "LOGIN": [name, word], "CRAM-MD5": [cram]}[mechanism]


class Pop(Lines):
	"""One connection; replies are text, with the status in front."""

	def reply(self):
		line = self.line()
		assert line[:3] == b"+OK" or line[:4] == b"-ERR" or line[:1] == b"+", line[:200]
		return line.decode("utf-8", "replace")

	def cmd(self, text):
		self.send((text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text) + b"\r\n")
		return self.reply()

	def ok(self, text, code="+OK"):
		reply = self.cmd(text)
		assert reply.split(" ")[0] == code, f"{text}: {reply}"
		return reply

	def lines(self):
		"""The lines of a multi-line answer after its status line, unstuffed, up to the dot."""
		end = self.buffer if self.buffer.startswith(b".\r\n") else None
		parts, tail = [b"\r\n" + self.buffer], b"\r\n" + self.buffer
		while end is None and b"\r\n.\r\n" not in tail:
			more = self.sock.recv(65536)
			if not more:
				raise EOFError("closed in a multi-line answer")
			parts.append(more)
			tail = tail[-4:] + more
		raw, self.buffer = b"".join(parts).split(b"\r\n.\r\n", 1)
		return (raw + b"\r\n").replace(b"\r\n..", b"\r\n.")[2:]

	def multi(self, text):
		self.ok(text)
		return self.lines()

	def capa(self):
		return self.multi("CAPA").decode().split("\r\n")[:-1]

	def starttls(self, context=None, session=None):
		self.ok("STLS")
		assert not self.buffer, "octets after the +OK of STLS"
		self.wrap(context or any_certificate(), session)

	def login(self, user=LOCAL_USER, password=LOCAL_PASSWORD, code="+OK"):
		self.ok(f"USER {user}")
		return self.ok(f"PASS {password}", code)

	def authenticate(self, mechanism, user=LOCAL_USER, password=LOCAL_PASSWORD, initial=True):
		if mechanism == "PLAIN" and initial:
			return self.cmd("AUTH PLAIN " + b64(f"\0{user}\0{password}"))
		self.send(b"AUTH " + mechanism.encode() + b"\r\n")
		for answer in answers(mechanism, user, password):
			challenge = self.reply()
			assert challenge.startswith("+ "), challenge
			self.send(answer(challenge[2:].encode()) + b"\r\n")
		return self.reply()

	def quit(self):
		self.ok("QUIT")
		assert self.until_end() == b""
		self.close()


KINDS = {"imap": Imap, "pop3": Pop}


# --- gateways in front of mailboxes

def sections(authority, imap=None, pop3=None, security="starttls", tls="off", main=None, listener=None,
		account=None, more=None, own=False):
	"""Listeners 'imap' and 'pop3', the account 'office' at two ports, the user LOCAL_USER.

	`own` leaves the listeners to the gateway's own certificate; else they have the authority's.
	"""
	cert, key = (None, None) if own or tls == "off" else authority.leaf("ec")
	made = {("gateway", "main"): {"hostname": "gateway.test", "account": "office", "spool": "off",
		"log_level": "info", "trust": authority.trust, **(main or {})}}
	for name in KINDS:
		made[("listener", name)] = {"protocol": name, "address": ["127.0.0.1"], "tls": tls,
			"port": harness.free_port(), "max_connections": "1000", "max_per_client": "1000",
			"certificate": cert, "key": key, "plain_auth": "1" if tls == "detect" else None,
			**(listener or {})}
	made[("account", "office")] = {"provider": "generic", "address": harness.USER,
		"username": harness.USER, "password": harness.PASSWORD, "max_connections": "1000",
		"smtp_host": "localhost", "smtp_port": "9",
		"imap_host": "localhost", "imap_port": imap or 9, "imap_tls": security,
		"pop3_host": "localhost", "pop3_port": pop3 or 9, "pop3_tls": security, **(account or {})}
	made[("user", LOCAL_USER)] = {"password": LOCAL_PASSWORD, "account": "office"}
	made.update(more or {})
	return made


class Way:
	"""Where a client goes: to a gateway's listener, or (MAILWICKET_DIRECT) straight to Dovecot.

	`tls` is what the client does: off, starttls, implicit; with 'detect-' in front at such a listener.
	"""

	def __init__(self, gateway, server, tls, account=harness.USER):
		self.gateway, self.server, self.tls = gateway, server, tls.removeprefix("detect-")
		self.account = account
		self.user = account if DIRECT else LOCAL_USER
		self.password = harness.PASSWORD if DIRECT else LOCAL_PASSWORD

	def port(self, protocol):
		if DIRECT:
			return getattr(self.server, protocol + ("s" if self.tls == "implicit" else ""))
		return self.gateway.port(protocol)

	def connect(self, protocol, **options):
		"""A raw client, TLS done where this way has it."""
		context = any_certificate()
		client = KINDS[protocol](self.port(protocol), tls=context if self.tls == "implicit" else None,
			**options)
		if self.tls == "starttls":
			client.starttls(context)
		return client

	def sign_in(self, protocol, **options):
		client = self.connect(protocol, **options)
		client.login(self.user, self.password)
		return client


TEMPORARY = {"imap": "UNAVAILABLE", "pop3": "SYS/TEMP"}
BUSY = {"imap": "INUSE", "pop3": "IN-USE"}
WRONG = {"imap": "AUTHENTICATIONFAILED", "pop3": "AUTH"}
LIMIT = {"imap": "LIMIT", "pop3": "SYS/TEMP"}


def attempt(client, user=LOCAL_USER, password=LOCAL_PASSWORD):
	"""Signs in with LOGIN, or USER and PASS: (response code or None, the whole last line).

	The response code of a success is "OK".
	"""
	if isinstance(client, Imap):
		result = client.cmd(f'LOGIN "{user}" "{password}"')
		assert result.status in ("OK", "NO"), result
		return "OK" if result.status == "OK" else result.code, result.text
	reply = client.cmd(f"USER {user}")
	if reply.startswith("+OK"):
		reply = client.cmd(f"PASS {password}")
	match = re.match(r"-ERR \[([A-Z/-]+)\] ", reply)
	return "OK" if reply.startswith("+OK") else match and match[1], reply


def verdict(gate, user=LOCAL_USER, password=LOCAL_PASSWORD, protocol=None, **options):
	"""What a client with a connection of its own hears: (response code, text)."""
	protocol = protocol or gate.protocol
	with KINDS[protocol](gate.port(protocol), timeout=100, **options) as client:
		return attempt(client, user, password)


def pause_until(condition, seconds, what):
	"""Waits for something that nobody reports."""
	end = time.monotonic() + seconds
	while not condition():
		assert time.monotonic() < end, what
		time.sleep(0.05)
