"""The demo provider's IMAP service: IMAP4rev1 (RFC 3501) with SASL-IR, ID, IDLE, LITERAL-, UNSELECT.

One mailbox, INBOX; no ENVELOPE and no BODYSTRUCTURE: clients that read whole messages or headers by
name are served. TLS before any password.
"""
import re
import select
import socket

import demo_sasl
from demo_imap_words import Bad, fetch_items, members, search_test, words

LITERAL = re.compile(rb"\{(\d{1,9})(\+?)\}$")
MAX_LITERAL = 4096
FEATURES = "IMAP4rev1 LITERAL- SASL-IR ID IDLE UNSELECT"
FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
IDLE_TURN_S = 1500


class Refused(Exception):
	"""The text of a tagged NO."""


class Imap:
	"""One session. `entries` is what the client knows of the mailbox, in the order of its numbers."""

	def __init__(self, store, connection, hostname):
		self.store = store
		self.connection = connection
		self.hostname = hostname
		self.account = None
		self.mailbox = None
		self.read_only = False
		self.entries = []
		self.over = False

	# --- commands

	def capability(self):
		more = ["STARTTLS", "LOGINDISABLED"]
		if self.connection.secure:
			more = ["AUTH=" + name for name in demo_sasl.MECHANISMS]
		return " ".join(["CAPABILITY", FEATURES, *([] if self.account else more)])

	def serve(self):
		self.connection.send(f"* OK [{self.capability()}] {self.hostname} IMAP demo provider")
		while not self.over:
			self.command()

	def read(self):
		"""Text, literal, text …: one command as it came."""
		parts = []
		while True:
			line = self.connection.line()
			found = LITERAL.search(line)
			if not found:
				return parts + [line]
			size = int(found[1])
			if size > MAX_LITERAL:
				if found[2]:
					self.connection.send("* BYE Literal too long")
					raise ConnectionError("literal too long")
				raise Bad("[TOOBIG] Literal too long", line.split(b" ")[0])
			if not found[2]:
				self.connection.send("+ Go ahead")
			parts += [line[:found.start()], self.connection.octets(size)]

	def command(self):
		try:
			line = words(self.read())
			tag, verb = (line + ["", ""])[:2]
			if not isinstance(tag, str) or not tag.isascii() or not isinstance(verb, str) or not verb:
				raise Bad("Syntax: TAG COMMAND")
		except Bad as why:
			self.connection.send(f"{why.tag} BAD {why}")
			return
		try:
			reply = self.perform(verb.upper(), line[2:], tag)
		except Bad as why:
			reply = f"BAD {why}"
		except Refused as why:
			reply = f"NO {why}"
		if reply:
			self.connection.send(f"{tag} {reply}")

	def perform(self, verb, arguments, tag):
		uid = verb == "UID"
		if uid:
			verb = arguments.pop(0).upper() if arguments and isinstance(arguments[0], str) else ""
			if verb not in ("FETCH", "STORE", "SEARCH"):
				raise Bad("UID with FETCH, STORE or SEARCH")
		rows = (ALWAYS, NOT_SIGNED_IN if not self.account else SIGNED_IN, SELECTED if self.mailbox else {})
		row = next((row[verb] for row in rows if verb in row), None)
		if not row:
			known = any(verb in table for table in (NOT_SIGNED_IN, SIGNED_IN, SELECTED))
			raise Bad("Not in this state" if known else "Unknown command")
		handler, least = row
		if len(arguments) < least:
			raise Bad("Arguments are missing")
		self.uid = uid
		self.tag = tag
		reply = handler(self, *arguments)
		if self.mailbox and (uid or verb not in ("FETCH", "STORE", "SEARCH")):
			self.update()
		return reply

	def update(self):
		"""Tells what has changed since the client was told last."""
		now = self.mailbox.snapshot()
		present, known = set(now), set(self.entries)
		for number in range(len(self.entries), 0, -1):
			if self.entries[number - 1] not in present:
				self.connection.send(f"* {number} EXPUNGE")
		if present - known:
			self.connection.send(f"* {len(now)} EXISTS")
		self.entries = now

	def noop(self, *_arguments):
		return "OK Done"

	def do_capability(self, *_arguments):
		self.connection.send("* " + self.capability())
		return "OK Done"

	def do_id(self, *_arguments):
		self.connection.send('* ID ("name" "demo provider")')
		return "OK Done"

	def do_logout(self, *_arguments):
		self.connection.send("* BYE Until next time")
		self.over = True
		self.mailbox = None
		return "OK Done"

	# --- before login

	def do_starttls(self):
		if self.connection.secure:
			raise Bad("TLS is active")
		self.connection.send(f"{self.tag} OK Begin TLS")
		self.connection.start_tls()

	def need_tls(self):
		if not self.connection.secure:
			raise Refused("[PRIVACYREQUIRED] STARTTLS first")

	def do_login(self, name, password):
		self.need_tls()
		return self.sign_in("LOGIN", text_of(name), text_of(password))

	def do_authenticate(self, mechanism, initial=""):
		self.need_tls()

		def ask(prompt):
			self.connection.send("+ " + prompt)
			return self.connection.line().decode("ascii", "replace")
		try:
			name, password = demo_sasl.credentials(mechanism.upper(), initial, ask)
		except demo_sasl.Cancelled:
			raise Bad("Cancelled") from None
		except ValueError as why:
			raise Refused(f"[CANNOT] {why}") from None
		return self.sign_in(mechanism.upper(), name, password)

	def sign_in(self, mechanism, name, password):
		self.account = self.store.sign_in(name, password)
		if not self.account:
			raise Refused("[AUTHENTICATIONFAILED] Wrong name or password")
		self.store.report_login("imap", mechanism, self.account, self.connection)
		return f"OK [{self.capability()}] Signed in"

	# --- mailboxes

	def inbox(self, name):
		if text_of(name).upper() != "INBOX":
			raise Refused("[NONEXISTENT] There is only INBOX")
		return self.account.mailbox

	def do_select(self, name):
		return self.open(name, False)

	def do_examine(self, name):
		return self.open(name, True)

	def open(self, name, read_only):
		self.mailbox = None
		self.mailbox = self.inbox(name)
		self.read_only = read_only
		self.entries = self.mailbox.snapshot()
		flags = " ".join(FLAGS)
		for line in (f"FLAGS ({flags})", f"OK [PERMANENTFLAGS ({'' if read_only else flags})]",
				f"{len(self.entries)} EXISTS", "0 RECENT", f"OK [UIDVALIDITY {self.mailbox.validity}]",
				f"OK [UIDNEXT {self.mailbox.next_uid}]"):
			self.connection.send("* " + line)
		return f"OK [READ-{'ONLY' if read_only else 'WRITE'}] Done"

	def do_list(self, _reference, pattern):
		pattern = text_of(pattern)
		if not pattern:
			self.connection.send('* LIST (\\Noselect) "/" ""')
		elif re.fullmatch("".join(".*" if c in "*%" else re.escape(c) for c in pattern), "INBOX", re.I):
			self.connection.send('* LIST (\\HasNoChildren) "/" INBOX')
		return "OK Done"

	def do_lsub(self, _reference, pattern):
		if text_of(pattern) in ("*", "%", "INBOX"):
			self.connection.send('* LSUB () "/" INBOX')
		return "OK Done"

	def do_status(self, name, items):
		mailbox = self.inbox(name)
		now = mailbox.snapshot()
		values = {"MESSAGES": len(now), "RECENT": 0, "UIDNEXT": mailbox.next_uid,
			"UIDVALIDITY": mailbox.validity, "UNSEEN": sum("\\Seen" not in one.flags for one in now)}
		try:
			shown = " ".join(f"{item.upper()} {values[item.upper()]}" for item in items)
		except (KeyError, AttributeError, TypeError):
			raise Bad("Unknown STATUS item") from None
		self.connection.send(f"* STATUS INBOX ({shown})")
		return "OK Done"

	def do_close(self):
		if not self.read_only:
			self.remove_deleted()
		self.mailbox = None
		return "OK Done"

	def do_unselect(self):
		self.mailbox = None
		return "OK Done"

	def do_expunge(self):
		if self.read_only:
			raise Refused("[CANNOT] The mailbox is open to read only")
		self.remove_deleted()
		return "OK Done"

	def remove_deleted(self):
		gone = [entry for entry in self.mailbox.snapshot() if "\\Deleted" in entry.flags]
		if gone:
			self.mailbox.remove(gone)

	# --- messages

	def chosen(self, text):
		"""(number, entry) of a sequence set, or of a set of UIDs after UID."""
		numbers = [entry.uid for entry in self.entries] if self.uid else range(1, len(self.entries) + 1)
		wanted = members(text, max(numbers, default=0))
		return [(index + 1, self.entries[index]) for index, number in enumerate(numbers)
			if wanted(number)]

	def do_fetch(self, which, *names):
		items = fetch_items(names, self.uid)
		for number, entry in self.chosen(which):
			seen = "\\Seen" in entry.flags
			if not self.read_only and any(item.marks_seen for item in items):
				entry.flags.add("\\Seen")
			parts = [item.value(entry) for item in items]
			if not seen and "\\Seen" in entry.flags and not any(p.startswith(b"FLAGS") for p in parts):
				parts.append(b"FLAGS " + flags_of(entry))
			self.connection.send_octets(b"* %d FETCH (%s)\r\n" % (number, b" ".join(parts)))
		return "OK Done"

	def do_store(self, which, what, *flags):
		found = re.fullmatch(r"([+-]?)FLAGS(\.SILENT)?", what, re.I)
		given = flags[0] if len(flags) == 1 and isinstance(flags[0], list) else list(flags)
		known = {flag.lower(): flag for flag in FLAGS}
		if not found or not all(isinstance(flag, str) for flag in given):
			raise Bad("STORE SET FLAGS (…)")
		if self.read_only:
			raise Refused("[CANNOT] The mailbox is open to read only")
		asked = {known[flag.lower()] for flag in given if flag.lower() in known}
		for number, entry in self.chosen(which):
			entry.flags = {"+": entry.flags | asked, "-": entry.flags - asked, "": asked}[found[1]]
			if not found[2]:
				uid = b"UID %d " % entry.uid if self.uid else b""
				self.connection.send_octets(b"* %d FETCH (%sFLAGS %s)\r\n"
					% (number, uid, flags_of(entry)))
		return "OK Done"

	def do_search(self, *keys):
		test = search_test(list(keys), len(self.entries), max((one.uid for one in self.entries), default=0))
		found = [entry.uid if self.uid else number for number, entry in enumerate(self.entries, 1)
			if test(number, entry)]
		self.connection.send(" ".join(["* SEARCH", *map(str, found)]))
		return "OK Done"

	def do_idle(self):
		"""RFC 2177: waits for DONE or for a change, whichever comes."""
		self.connection.send("+ idling")
		here, there = socket.socketpair()
		there.setblocking(False)

		def wake():
			try:
				there.send(b"x")
			except BlockingIOError:
				pass
		with here, there:
			self.mailbox.listeners_add(wake)
			try:
				while not self.connection.waits():
					self.update()
					ready, _, _ = select.select([here, self.connection.sock], [], [], IDLE_TURN_S)
					if not ready:
						raise ConnectionError("idle for too long")
					if here in ready:
						here.recv(4096)
					if self.connection.sock in ready:
						break
			finally:
				self.mailbox.listeners_remove(wake)
		if self.connection.line().upper() != b"DONE":
			raise Bad("DONE was expected")
		return "OK Done"


def text_of(word):
	if isinstance(word, list):
		raise Bad("A word was expected")
	return word


def flags_of(entry):
	return ("(" + " ".join(sorted(entry.flags)) + ")").encode()


# Name: (handler, least number of arguments).
ALWAYS = {"CAPABILITY": (Imap.do_capability, 0), "NOOP": (Imap.noop, 0), "ID": (Imap.do_id, 1),
	"LOGOUT": (Imap.do_logout, 0)}
NOT_SIGNED_IN = {"STARTTLS": (Imap.do_starttls, 0), "LOGIN": (Imap.do_login, 2),
	"AUTHENTICATE": (Imap.do_authenticate, 1)}
SIGNED_IN = {"SELECT": (Imap.do_select, 1), "EXAMINE": (Imap.do_examine, 1), "LIST": (Imap.do_list, 2),
	"LSUB": (Imap.do_lsub, 2), "SUBSCRIBE": (Imap.noop, 1), "STATUS": (Imap.do_status, 2)}
SELECTED = {"CHECK": (Imap.noop, 0), "CLOSE": (Imap.do_close, 0), "UNSELECT": (Imap.do_unselect, 0),
	"EXPUNGE": (Imap.do_expunge, 0), "FETCH": (Imap.do_fetch, 2), "STORE": (Imap.do_store, 3),
	"SEARCH": (Imap.do_search, 1), "IDLE": (Imap.do_idle, 0)}
