"""The demo provider's POP3 service (RFC 1939, 2449, 2595, 5034): TLS before any password."""
import demo_sasl

BEFORE_LOGIN = {"CAPA", "STLS", "USER", "PASS", "AUTH", "QUIT", "NOOP"}
ANY_TIME = {"CAPA", "QUIT", "NOOP"}


class Refused(Exception):
	"""The text of an -ERR."""


class Pop3:
	"""One session. The maildrop is locked from login to the end, as RFC 1939 wants it."""

	def __init__(self, store, connection, hostname):
		self.store = store
		self.connection = connection
		self.hostname = hostname
		self.name = None
		self.mailbox = None
		self.entries = []
		self.deleted = set()

	def serve(self):
		self.connection.send(f"+OK {self.hostname} POP3 demo provider")
		try:
			while self.command():
				pass
		finally:
			if self.mailbox:
				self.mailbox.maildrop.release()

	def command(self):
		line = self.connection.line().decode("utf-8", "replace")
		verb, _, argument = line.partition(" ")
		verb = verb.upper()
		known = getattr(self, "do_" + verb.lower(), None) if verb.isalpha() else None
		legal = verb in ANY_TIME or (verb in BEFORE_LOGIN) == (self.mailbox is None)
		try:
			if not known or not legal:
				raise Refused("Unknown command" if not known else "Not in this state")
			reply = known(argument)
		except Refused as why:
			reply = f"-ERR {why}"
		if reply:
			self.connection.send(reply)
		return verb != "QUIT"

	# --- before login

	def need_tls(self):
		if not self.connection.secure:
			raise Refused("[SYS/PERM] STLS first")

	def do_capa(self, _argument):
		names = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "IMPLEMENTATION demo"]
		names += ["USER", "SASL " + " ".join(demo_sasl.MECHANISMS)] if self.connection.secure else ["STLS"]
		self.connection.send("\r\n".join(["+OK Capabilities follow", *names, "."]))

	def do_stls(self, _argument):
		if self.connection.secure:
			raise Refused("TLS is active")
		self.connection.send("+OK Begin TLS")
		self.connection.start_tls()
		self.name = None

	def do_user(self, argument):
		self.need_tls()
		self.name = argument
		return "+OK"

	def do_pass(self, argument):
		self.need_tls()
		if self.name is None:
			raise Refused("USER first")
		return self.sign_in("USER", self.name, argument)

	def do_auth(self, argument):
		self.need_tls()
		mechanism, _, initial = argument.partition(" ")

		def ask(prompt):
			self.connection.send("+ " + prompt)
			return self.connection.line().decode("ascii", "replace")
		try:
			name, password = demo_sasl.credentials(mechanism.upper(), initial, ask)
		except demo_sasl.Cancelled:
			raise Refused("Cancelled") from None
		except ValueError as why:
			raise Refused(f"[SYS/PERM] {why}") from None
		return self.sign_in(mechanism.upper(), name, password)

	def sign_in(self, mechanism, name, password):
		self.name = None
		account = self.store.sign_in(name, password)
		if not account:
			raise Refused("[AUTH] Wrong name or password")
		if not account.mailbox.maildrop.acquire(blocking=False):
			raise Refused("[IN-USE] Another session has the maildrop")
		self.mailbox = account.mailbox
		self.entries = self.mailbox.snapshot()
		self.store.report_login("pop3", mechanism, account, self.connection)
		return f"+OK {len(self.entries)} messages"

	# --- after login

	def number(self, text):
		index = int(text) - 1 if text.isdigit() and len(text) < 10 else -1
		if not 0 <= index < len(self.entries) or index in self.deleted:
			raise Refused("No such message")
		return index

	def left(self):
		return [(index, entry) for index, entry in enumerate(self.entries) if index not in self.deleted]

	def listing(self, argument, value):
		if argument:
			index = self.number(argument)
			return f"+OK {index + 1} {value(self.entries[index])}"
		rows = [f"{index + 1} {value(entry)}" for index, entry in self.left()]
		self.connection.send("\r\n".join(["+OK", *rows, "."]))
		return None

	def text(self, data):
		"""A multi-line answer: dots stuffed, CRLF at its end."""
		if data and not data.endswith(b"\r\n"):
			data += b"\r\n"
		data = (b"\n" + data).replace(b"\n.", b"\n..")[1:]
		self.connection.send_octets(b"+OK\r\n" + data + b".\r\n")

	def do_stat(self, _argument):
		left = self.left()
		return f"+OK {len(left)} {sum(len(entry.data) for _, entry in left)}"

	def do_list(self, argument):
		return self.listing(argument, lambda entry: len(entry.data))

	def do_uidl(self, argument):
		return self.listing(argument, lambda entry: f"{self.mailbox.validity}.{entry.uid}")

	def do_retr(self, argument):
		self.text(self.entries[self.number(argument)].data)

	def do_top(self, argument):
		which, _, count = argument.partition(" ")
		data = self.entries[self.number(which)].data
		if not count.isdigit() or len(count) > 9:
			raise Refused("TOP MESSAGE LINES")
		head, _, body = data.partition(b"\r\n\r\n")
		self.text(head + b"\r\n\r\n" + b"".join(body.splitlines(True)[:int(count)]))

	def do_dele(self, argument):
		self.deleted.add(self.number(argument))
		return "+OK"

	def do_rset(self, _argument):
		self.deleted.clear()
		return "+OK"

	def do_noop(self, _argument):
		return "+OK"

	def do_quit(self, _argument):
		if self.deleted:
			self.mailbox.remove([self.entries[index] for index in self.deleted])
		return "+OK Bye"
