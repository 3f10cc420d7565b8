"""The demo provider's submission service (RFC 6409), as strict as the large providers are."""
import email.parser
import email.utils
import re

import demo_sasl

MAX_MESSAGE = 50 * 1024 * 1024
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
PATH = re.compile(r"<([^<>]*)>(.*)", re.S)


def owned(account, address):
	return address.lower() in account.addresses


def header_from(data):
	"""Every address of every From line."""
	headers = email.parser.BytesHeaderParser().parsebytes(data)
	values = [str(value) for value in headers.get_all("From", [])]
	return [address for _, address in email.utils.getaddresses(values)]


class Submission:
	"""RFC 6409: TLS before AUTH, AUTH before MAIL, and no address that the account does not own."""

	def __init__(self, store, connection, hostname):
		self.store = store
		self.connection = connection
		self.hostname = hostname
		self.account = None
		self.auth_name = ""
		self.helo = ""
		self.forget()

	def forget(self):
		self.reverse_path = None
		self.recipients = []
		self.chunks = None

	def serve(self):
		self.connection.send(f"220 {self.hostname} ESMTP demo provider")
		while True:
			line = self.connection.line().decode("utf-8", "surrogateescape")
			verb, _, argument = line.partition(" ")
			handler = getattr(self, "do_" + verb.lower(), None)
			if not handler or not verb.isalpha():
				self.connection.send("500 5.5.2 Command not recognized")
				continue
			reply = handler(argument.strip())
			if reply:
				self.connection.send(reply)
			if verb.upper() == "QUIT":
				return

	def do_ehlo(self, argument):
		self.forget()
		self.helo = argument
		features = [self.hostname, "PIPELINING", f"SIZE {MAX_MESSAGE}", "8BITMIME", "CHUNKING",
			"ENHANCEDSTATUSCODES"]
		features.append("AUTH PLAIN LOGIN" if self.connection.secure else "STARTTLS")
		for feature in features[:-1]:
			self.connection.send("250-" + feature)
		return "250 " + features[-1]

	def do_helo(self, argument):
		self.forget()
		self.helo = argument
		return "250 " + self.hostname

	def do_starttls(self, argument):
		if self.connection.secure:
			return "503 5.5.1 TLS already active"
		if argument:
			return "501 5.5.4 No arguments allowed"
		self.connection.send("220 2.0.0 Ready to start TLS")
		self.connection.start_tls()
		self.forget()
		self.helo = ""
		return None

	def do_auth(self, argument):
		if not self.connection.secure:
			return "538 5.7.11 Encryption required for requested authentication mechanism"
		if self.account:
			return "503 5.5.1 Already authenticated"
		mechanism, _, initial = argument.partition(" ")

		def ask(prompt):
			self.connection.send("334 " + prompt)
			return self.connection.line().decode("ascii", "replace")
		try:
			name, password = demo_sasl.credentials(mechanism.upper(), initial, ask)
		except demo_sasl.Cancelled:
			return "501 5.0.0 Cancelled"
		except ValueError:
			return "501 5.5.2 Cannot decode credentials"
		self.account = self.store.sign_in(name, password)
		if not self.account:
			return "535 5.7.8 Authentication credentials invalid"
		self.auth_name = name
		return "235 2.7.0 Authentication succeeded"

	def do_mail(self, argument):
		if not self.connection.secure:
			return "530 5.7.0 Must issue a STARTTLS command first"
		if not self.account:
			return "530 5.7.57 Client not authenticated to send mail"
		path = PATH.match(argument[5:]) if argument.upper().startswith("FROM:") else None
		if not path:
			return "501 5.5.4 Syntax: MAIL FROM:<address>"
		if path[1] and not owned(self.account, path[1]):
			return f"553 5.7.1 <{path[1]}>: Sender address rejected: not owned by {self.auth_name}"
		self.reverse_path = path[1]
		return "250 2.1.0 Sender OK"

	def do_rcpt(self, argument):
		if self.reverse_path is None:
			return "503 5.5.1 MAIL first"
		path = PATH.match(argument[3:]) if argument.upper().startswith("TO:") else None
		if not path or "@" not in path[1]:
			return "501 5.1.3 Bad recipient address syntax"
		self.recipients.append(path[1])
		return "250 2.1.5 Recipient OK"

	def do_data(self, _argument):
		if not self.recipients:
			return "503 5.5.1 No valid recipients"
		self.connection.send("354 Start mail input; end with <CRLF>.<CRLF>")
		return self.take(self.connection.data())

	def do_bdat(self, argument):
		size, _, last = argument.partition(" ")
		if not size.isdigit() or int(size) > MAX_MESSAGE or last.upper() not in ("", "LAST"):
			raise ConnectionError("bad BDAT")
		chunk = self.connection.octets(int(size))
		if not self.recipients:
			return "503 5.5.1 No valid recipients"
		self.chunks = (self.chunks or b"") + chunk
		return self.take(self.chunks) if last else f"250 2.0.0 {size} octets received"

	def take(self, data):
		"""The provider's verdict on a whole message."""
		session = {"auth": self.auth_name, "helo": self.helo, "tls": self.connection.sock.version(),
			"cipher": self.connection.sock.cipher()[0]}
		reverse_path, recipients = self.reverse_path, self.recipients
		self.forget()
		if len(data) > MAX_MESSAGE:
			return "552 5.3.4 Message size exceeds fixed limit"
		if BARE.search(data):
			return "550 5.6.11 Message contains bare line feeds"
		senders = header_from(data)
		if not senders or not all(owned(self.account, sender) for sender in senders):
			return ("550 5.7.60 SendAsDenied; client does not have permissions to send as this "
				"sender")
		message = self.store.deliver(session, reverse_path, recipients, data)
		return f"250 2.0.0 OK: queued as {message.uid}"

	def do_rset(self, _argument):
		self.forget()
		return "250 2.0.0 OK"

	def do_noop(self, _argument):
		return "250 2.0.0 OK"

	def do_vrfy(self, _argument):
		return "252 2.5.0 Cannot verify the user"

	def do_quit(self, _argument):
		return "221 2.0.0 Bye"
