"""Scriptable providers of mailboxes: IMAP and POP3 twins of upstream.py's submission server.

Points of the script, beside `greeting` and `after_tls`, are the commands: for IMAP CAPABILITY
STARTTLS LOGIN AUTHENTICATE LOGOUT and whatever else comes, for POP3 CAPA STLS USER PASS AUTH QUIT
and so on. `TAG` in a value stands for the tag of the command. A STARTTLS or STLS reply that says
OK is followed by the handshake. A client that has signed in is answered `TAG OK`, `+OK`, unless the
script knows better; every octet that it sends is kept.
"""
import base64
import hmac
import re

from upstream import Ended, Session, Upstream

IMAP_CAPS = "IMAP4rev1 SASL-IR LITERAL+ ID IDLE"
IMAP_AFTER = IMAP_CAPS + " UIDPLUS CONDSTORE COMPRESS=DEFLATE XTEST"
POP3_CAPS = ("TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE")


class MailSession(Session):
	"""What IMAP and POP3 have in common: signing in."""

	def right(self):
		return self.upstream.users.get(self.auth_name) == self.password

	def exchange(self, mechanism, initial):
		"""Takes a SASL exchange; raises ValueError where it is none."""
		self.auth = mechanism
		if mechanism == "PLAIN":
			_, self.auth_name, self.password = self.challenge("", initial).split("\0")
		elif mechanism == "LOGIN":
			self.auth_name = self.challenge("Username:", initial)
			self.password = self.challenge("Password:", None)
		elif mechanism == "CRAM-MD5":
			nonce = "<1896.697170952@test>"
			self.auth_name, digest = self.challenge(nonce, None).rsplit(" ", 1)
			known = self.upstream.users.get(self.auth_name, "")
			fits = hmac.new(known.encode(), nonce.encode(), "md5").hexdigest() == digest
			self.password = known if fits else "wrong"
		else:
			raise ValueError(mechanism)

	def challenge(self, prompt, initial):
		if initial is None:
			self.send("+ " + base64.b64encode(prompt.encode()).decode())
			initial = self.line()
		return base64.b64decode("" if initial == "=" else initial, validate=True).decode("utf-8")

	def barrier(self, reply, good):
		"""After a reply to STARTTLS or STLS."""
		if re.match(good, reply):
			if self.buffer:
				raise Ended("the client spoke before the handshake")
			self.handshake()
			self.send(self.upstream.value("after_tls", None))

	def verbs(self):
		return [self.verb(line) for _, line in self.commands]

	def run(self):
		try:
			if self.upstream.mode == "implicit":
				self.handshake()
			self.act("greeting", "", self.greeting())
			while True:
				line = self.line()
				self.commands.append((self.secure, line))
				verb = self.verb(line)
				handler = "on_" + verb.lower() if verb in self.known else "on_other"
				getattr(self, handler)(line)
				if verb in ("LOGOUT", "QUIT"):
					raise Ended(verb)
		except Ended:
			pass
		finally:
			self.close()
			self.ended.set()


class ImapSession(MailSession):
	known = {"CAPABILITY", "STARTTLS", "LOGIN", "AUTHENTICATE", "IDLE", "LOGOUT"}
	tag = "*"
	signed_in = False

	@staticmethod
	def verb(line):
		return (line.split(" ") + ["", ""])[1].upper()

	def greeting(self):
		return f"* OK [CAPABILITY {self.caps()}] test ready"

	def caps(self):
		up = self.upstream
		if self.secure or up.mode == "plain":
			return up.capabilities_tls
		return up.capabilities

	def send(self, value):
		if isinstance(value, str):
			value = value.encode("utf-8") + b"\r\n"
		super().send(value and value.replace(b"TAG", self.tag.encode()))

	def line(self):
		line = super().line()
		if re.match(r"[^ ]+ \S", line):
			self.tag = line.split(" ")[0]
		return line

	def on_other(self, line):
		verb = self.verb(line)
		self.act(verb, line, f"TAG OK {verb} done" if self.signed_in else "TAG BAD not now")

	def on_capability(self, line):
		words = self.upstream.capabilities_after if self.signed_in else self.caps()
		self.act("CAPABILITY", line, f"* CAPABILITY {words}\r\nTAG OK done")

	def on_starttls(self, line):
		self.barrier(self.act("STARTTLS", line, "TAG OK go ahead"), "(?s).*TAG OK")

	def on_login(self, line):
		tag, arguments = line.split(" ", 2)[0], line.split(" ", 2)[2]
		words = []
		while len(words) < 2:
			word, arguments = self.word(arguments)
			words.append(word)
		self.tag = tag
		self.auth, (self.auth_name, self.password) = "command", words
		self.verdict("LOGIN", line)

	def word(self, text):
		"""The first argument of the text, and the rest; literals are read."""
		text = text.lstrip(" ")
		if text.startswith('"'):
			match = re.match(r'"((?:\\.|[^"\\])*)"(.*)', text)
			return re.sub(r"\\(.)", r"\1", match[1]), match[2]
		match = re.match(r"\{(\d+)(\+?)\}$", text)
		if match:
			if not match[2]:
				self.send("+ go")
			word = self.count(int(match[1])).decode("utf-8")
			rest = super().line()
			self.commands.append((self.secure, rest))
			return word, rest
		word, _, rest = text.partition(" ")
		return word, rest

	def on_authenticate(self, line):
		if "AUTHENTICATE" in self.upstream.script:
			self.verdict("AUTHENTICATE", line)
			return
		words = line.split(" ")
		try:
			self.exchange(words[2].upper(), words[3] if len(words) > 3 else None)
		except ValueError:
			self.send("TAG BAD credentials")
			return
		self.verdict("AUTHENTICATE", line)

	def verdict(self, point, line):
		right = self.right()
		default = (f"TAG OK [CAPABILITY {self.upstream.capabilities_after}] signed in" if right
			else "TAG NO [AUTHENTICATIONFAILED] wrong")
		self.signed_in = "TAG OK" in self.act(point, line, default)

	def on_idle(self, line):
		self.act("IDLE", line, "+ idling")
		tag = self.tag
		self.line()
		self.tag = tag
		self.send("TAG OK IDLE done")

	def on_logout(self, line):
		self.act("LOGOUT", line, "* BYE test leaves\r\nTAG OK done")


class PopSession(MailSession):
	known = {"CAPA", "STLS", "USER", "PASS", "AUTH", "QUIT"}
	signed_in = False

	@staticmethod
	def verb(line):
		return line.split(" ")[0].upper()

	def greeting(self):
		return "+OK test ready"

	def on_other(self, line):
		self.act(self.verb(line), line, "+OK done" if self.signed_in else "-ERR not now")

	def on_capa(self, line):
		up = self.upstream
		words = up.capabilities_tls if self.secure or up.mode == "plain" else up.capabilities
		self.act("CAPA", line, "+OK\r\n" + "".join(f"{word}\r\n" for word in words) + ".")

	def on_stls(self, line):
		self.barrier(self.act("STLS", line, "+OK go ahead"), r"\+OK")

	def on_user(self, line):
		self.auth, self.auth_name = "USER", line[5:]
		self.act("USER", line, "+OK go on")

	def on_pass(self, line):
		self.password = line[5:]
		self.verdict("PASS", line)

	def on_auth(self, line):
		if "AUTH" in self.upstream.script:
			self.verdict("AUTH", line)
			return
		words = line.split(" ")
		try:
			self.exchange(words[1].upper(), words[2] if len(words) > 2 else None)
		except (ValueError, IndexError):
			self.send("-ERR credentials")
			return
		self.verdict("AUTH", line)

	def verdict(self, point, line):
		default = "+OK signed in" if self.right() else "-ERR [AUTH] wrong"
		self.signed_in = self.act(point, line, default).startswith("+OK")

	def on_quit(self, line):
		self.act("QUIT", line, "+OK bye")


class MailUpstream(Upstream):
	"""`capabilities` and `capabilities_tls` are what is told before and inside TLS."""
	SECRET = rb"(?im)^(\S+ )?(LOGIN|AUTHENTICATE|USER|PASS|AUTH)\b"

	def secrets_in_clear(self):
		"""Sign-in commands, or the password in any form, that came before TLS."""
		found = []
		for session in self.sessions:
			clear = session.octets(False)
			forms = [form for password in self.users.values() for form in secret_forms(password)]
			if re.search(self.SECRET, clear) or any(form in clear for form in forms):
				found.append(clear)
		return found


class ImapUpstream(MailUpstream):
	kind = ImapSession
	point = "AUTHENTICATE"

	def __init__(self, context, mode="starttls", capabilities=None, mechanisms=("PLAIN", "LOGIN"), **more):
		super().__init__(context, mode, **more)
		auth = " ".join([IMAP_CAPS] + ["AUTH=" + name for name in mechanisms])
		self.capabilities = capabilities if capabilities is not None else auth + " STARTTLS"
		self.capabilities_tls = auth
		self.capabilities_after = IMAP_AFTER


class PopUpstream(MailUpstream):
	kind = PopSession
	point = "AUTH"

	def __init__(self, context, mode="starttls", capabilities=None, mechanisms=("PLAIN", "LOGIN"), **more):
		super().__init__(context, mode, **more)
		sasl = POP3_CAPS + ("USER", "SASL " + " ".join(mechanisms))
		self.capabilities = capabilities if capabilities is not None else sasl + ("STLS",)
		self.capabilities_tls = sasl


def secret_forms(secret):
	"""The octets that would betray a secret: as it is, in hex, and inside any base64 text."""
	raw = secret.encode()
	forms = [raw, raw.hex().encode()]
	for shift in range(3):
		text = base64.b64encode(b"x" * shift + raw)
		forms.append(text[4 if shift else 0:len(text) - 4])
	return forms


KINDS = {"imap": ImapUpstream, "pop3": PopUpstream}
