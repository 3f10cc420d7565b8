"""A dialogue after login that any server answers alike, and its transcript (IM-23, PO-15).

A step is what the client sends at once: a list of commands. A command is one piece of octets, or
several with a continuation request of the server awaited between them. Tags are put in front.
"""
import re
import zlib

import mails

# What differs between two identical accounts at two times.
TIMES = [(rb"\(\d+\.\d+ \+ \d+\.\d+(?: \+ \d+\.\d+)? secs\)", b"(secs)"), (rb"UIDVALIDITY \d+", b"UIDVALIDITY n"),
	(rb"(APPENDUID|COPYUID) \d+", rb"\1 n"), (rb"(?m)^((?:\+OK |)\d+ [0-9a-f]{8})[0-9a-f]{8}\r", rb"\1n\r"),
	(rb"SAVEDATE \"[^\"]*\"", b"SAVEDATE n")]


def comparable(octets):
	for pattern, replacement in TIMES:
		octets = re.sub(pattern, replacement, octets)
	return octets


def messages():
	"""Forty messages of many kinds: plain, 8-bit, multipart, encoded headers, empty, long lines."""
	made = []
	for number in range(1, 41):
		head = (b"From: \"A, %d\" <a%d@example.test>\r\nTo: b@example.test, \"C D\" <c@example.test>\r\n"
			b"Subject: =?utf-8?q?n=C3=BCmber_%d?=\r\nDate: Thu, %d Jan 2026 10:00:00 +0100\r\n"
			b"Message-ID: <d%d@example.test>\r\n" % (number, number, number, number % 28 + 1, number))
		if number > 1:
			head += b"In-Reply-To: <d%d@example.test>\r\n" % (number - number % 5 or 1)
		text = mails.body(2_000_000, seed=7)[number * 1000:number * 1000 + number * 150]
		text = text[text.index(b"\r\n") + 2:] if b"\r\n" in text else text
		if number % 4 == 1:
			body = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"x y\"\r\n\r\npreamble\r\n" \
				b"--x y\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ngr\xc3\xbc\xc3\x9fe\r\n--x y\r\n" \
				b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n" \
				b"--x y--\r\n"
		elif number % 4 == 2:
			body = b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" \
				+ text + b"\r\n"
		elif number % 4 == 3:
			body = b"\r\n"
		else:
			body = b"X-Long: " + b"w " * 400 + b"\r\n\r\n..dots\r\n.\r\n{5}\r\n* 1 EXISTS\r\nt1 OK done\r\n"
		made.append(head + body)
	return made


def append(size):
	return b"From: x@example.test\r\nSubject: %d\r\n\r\n" % size + b"y" * size + b"\r\n"


def imap_steps():
	date = b'"01-Feb-2026 10:00:00 +0000"'
	steps = [[line] for line in (b"CAPABILITY", b"NOOP", b"NAMESPACE", b'LIST "" ""', b'LIST "" "*"',
		b'LSUB "" "*"', b"ENABLE CONDSTORE", b"ENABLE UTF8=ACCEPT", b"ENABLE X-NO-SUCH", b"CREATE one",
		b'CREATE "two words"', b"CREATE Gr&APwA3w-e", b"SUBSCRIBE one", b'LIST "" "o%"', b'LSUB "" "*"',
		b"STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT HIGHESTMODSEQ)", b"RENAME one three",
		b"STATUS three (MESSAGES)", b"STATUS nowhere (MESSAGES)", b"SELECT nowhere", b"FETCH 1 FLAGS", b"XYZZY",
		b"SELECT INBOX (CONDSTORE)", b"CHECK", b"FETCH 1:* (FLAGS UID MODSEQ)", b"FETCH 9999 FLAGS", b"FETCH",
		b"FETCH 1 (FLAGS", b"STORE 1 WHAT (x)", b"UID", b'SEARCH "unended', b"SEARCH CHARSET X-NONE TEXT x",
		b"EXAMINE", b"LOGIN a b", b"STARTTLS", b"AUTHENTICATE PLAIN", b"SELECT INBOX", b"FETCH 0 FLAGS")]
	items = (b"FLAGS", b"ENVELOPE", b"BODYSTRUCTURE", b"BODY", b"RFC822.SIZE", b"INTERNALDATE", b"BODY.PEEK[]",
		b"BODY.PEEK[HEADER]", b"BODY.PEEK[TEXT]", b"BODY.PEEK[]<10.50>", b"BODY.PEEK[1]", b"BODY.PEEK[1.MIME]",
		b"BODY.PEEK[2]", b"BINARY.PEEK[1]", b"BINARY.SIZE[1]", b"RFC822.HEADER", b"PREVIEW",
		b"BODY.PEEK[HEADER.FIELDS (Subject X-Long)]", b"BODY.PEEK[HEADER.FIELDS.NOT (Received)]", b"ALL", b"FULL",
		b"(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", b"(FLAGS BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
	steps += [[b"FETCH %s %s" % (which, item)] for item in items for which in (b"1:8", b"37,39:*")]
	steps += [[b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)"], [b"FETCH 1 BODY[]"], [b"FETCH 1:40 BODY.PEEK[]"]]
	steps += [[b"SEARCH " + what] for what in (b"ALL", b"UNSEEN", b"SUBJECT number", b'TEXT "dots"', b"LARGER 900",
		b"NOT SEEN", b"OR SEEN FLAGGED", b"HEADER X-Long w", b"UID 5:9", b"SENTSINCE 10-Jan-2026", b"1:5 KEYWORD x",
		b"RETURN (MIN MAX COUNT) ALL", b"RETURN (SAVE) FLAGGED", b"MODSEQ 1")]
	steps += [[b"SORT (REVERSE DATE SUBJECT) UTF-8 ALL"], [b"THREAD REFERENCES UTF-8 ALL"],
		[(b"SEARCH CHARSET UTF-8 BODY {6}", b"gr\xc3\xbc\xc3\x9f")], [b"SEARCH CHARSET UTF-8 BODY {6+}\r\ngr\xc3\xbc\xc3\x9f"],
		[(b"SEARCH SUBJECT {4}", b"mber FROM {1}", b"a")], [b"SEARCH SUBJECT {0+}\r\n"]]
	for number in range(1, 21):
		steps.append([b"STORE %d %sFLAGS%s (%s)" % (number, (b"+", b"-", b"")[number % 3],
			b".SILENT" if number % 2 else b"", (b"\\Seen", b"\\Flagged", b"x", b"\\Answered \\Draft")[number % 4])])
	steps += [[b"STORE 1:3 (UNCHANGEDSINCE 1) +FLAGS (y)"], [b"UID STORE 4 FLAGS ()"], [b"FETCH 1:21 (FLAGS)"]]
	for size in (0, 1, 100, 5000, 70_000, 300_000):
		octets = append(size)
		steps.append([(b"APPEND three (\\Seen) %s {%d}" % (date, len(octets)), octets)])
		steps.append([b"APPEND three () %s {%d+}\r\n%s" % (date, len(octets), octets)])
	two = append(7), append(8)
	steps += [[(b"APPEND three %s {%d}" % (date, len(two[0])), two[0] + b" %s {%d}" % (date, len(two[1])), two[1])],
		[b"APPEND nowhere {5+}\r\nhello"], [b"APPEND three {x}"],
		[b"STATUS three (MESSAGES UIDNEXT SIZE)"], [b"COPY 1:5 three"], [b"UID COPY 6,7 three"], [b"COPY 1 nowhere"],
		[b"MOVE 8 three"], [b"UID MOVE 9 three"], [b"STORE 10,12 +FLAGS.SILENT (\\Deleted)"], [b"UID EXPUNGE 12"],
		[b"EXPUNGE"], [b"FETCH 1:* UID"], [(b"IDLE", b"DONE")]]
	# Pipelined: one segment, answers in order.
	steps.append([b"NOOP"] * 20)
	steps.append([b"FETCH %d (FLAGS BODY.PEEK[TEXT])" % number for number in range(1, 21)])
	steps.append([b"SELECT three", b"FETCH 1:* (UID RFC822.SIZE)", b"STORE 1 +FLAGS (z)",
		b"SEARCH KEYWORD z", b"FETCH 12 BODY.PEEK[]", b"XYZZY", b"SEARCH ALL", b"NOOP"])
	steps.append([b"APPEND three %s {3+}\r\na\r\n" % date])
	steps.append([b"CLOSE"])
	steps += [[b"SELECT INBOX"], [b"UNSELECT"], [b"DELETE three"], [b"DELETE nowhere"], [b"COMPRESS DEFLATE"]]
	# From here on both directions are compressed.
	steps += [[b"COMPRESS DEFLATE"], [b"EXAMINE INBOX"], [b"FETCH 1:* BODY.PEEK[]"], [b"SEARCH ALL"],
		[(b"IDLE", b"DONE")], [b"FETCH %d BODY.PEEK[HEADER]" % number for number in range(1, 11)]]
	steps += [[b"FETCH %d:%d (ENVELOPE)" % (number, number + 5)] for number in range(1, 11)]
	octets = append(200_000)
	steps += [[(b'APPEND "two words" %s {%d}' % (date, len(octets)), octets)],
		[b'APPEND "two words" %s {%d+}\r\n%s' % (date, len(octets), octets)], [b"SELECT \"two words\""],
		[b"FETCH 1:* BODY.PEEK[]"], [b"LOGOUT"]]
	return steps


def pop3_steps():
	steps = [[line] for line in (b"CAPA", b"STAT", b"LIST", b"UIDL", b"NOOP", b"LIST 3", b"UIDL 3", b"LIST 99",
		b"UIDL 0", b"RETR", b"RETR 99", b"RETR x", b"TOP 1", b"TOP 1 x", b"DELE", b"XYZZY", b"USER x", b"PASS x",
		b"AUTH PLAIN", b"STLS", b"LAST", b"")]
	steps += [[b"RETR %d" % number] for number in range(1, 41)]
	steps += [[b"TOP %d %d" % (number, lines)] for number in range(1, 41) for lines in (0, 3)]
	steps += [[b"DELE %d" % number] for number in range(5, 15)]
	steps += [[b"DELE 5"], [b"RETR 5"], [b"STAT"], [b"LIST"], [b"RSET"], [b"STAT"], [b"LIST"], [b"DELE 40"]]
	steps.append([b"NOOP"] * 20)
	steps.append([b"RETR %d" % number for number in range(1, 31)])
	steps.append([b"STAT", b"UIDL", b"XYZZY", b"TOP 1 1", b"DELE 39", b"LIST"])
	steps += [[b"uidl"], [b"QUIT"]]
	return steps


def count(steps):
	return sum(len(step) for step in steps)


class Deflated:
	"""Both directions of a line after COMPRESS (RFC 4978)."""

	def __init__(self):
		self.out, self.back = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)

	def pack(self, octets):
		return self.out.compress(octets) + self.out.flush(zlib.Z_SYNC_FLUSH)


class Player:
	"""Plays steps over a raw client that has signed in; `heard` is all that came, decompressed.

	IMAP's answers to commands that were sent at once are put in an order of their own, for Dovecot works
	at several of them at a time, as they happen to arrive.

	`cuts`: sizes of the pieces in which octets are sent, over and over; none: as they are.
	"""

	def __init__(self, client, cuts=()):
		self.client, self.cuts = client, cuts
		self.heard, self.at, self.deflated = bytearray(client.buffer), 0, None
		self.number = 0

	def send(self, octets):
		octets = self.deflated.pack(octets) if self.deflated else octets
		if not self.cuts or len(octets) > 20_000:
			self.client.send(octets)
			return
		at = turn = 0
		while at < len(octets):
			size = self.cuts[turn % len(self.cuts)]
			self.client.send(octets[at:at + size])
			at, turn = at + size, turn + 1

	def more(self):
		octets = self.client.sock.recv(65536)
		assert octets, f"closed after {bytes(self.heard[-300:])!r}"
		self.heard += self.deflated.back.decompress(octets) if self.deflated else octets

	def line(self):
		"""The next line; literals in it are skipped."""
		begin = self.at
		while True:
			end = self.heard.find(b"\r\n", self.at)
			if end < 0:
				self.more()
				continue
			line = bytes(self.heard[begin:end])
			self.at = end + 2
			literal = re.search(rb"\{(\d+)\}$", line[-30:])
			if not literal:
				return line
			self.at += int(literal[1])
			while len(self.heard) < self.at:
				self.more()

	# --- IMAP

	def imap(self, steps):
		answers = []
		for step in steps:
			tags, sent, begin = [], b"", len(answers)
			for command in step:
				self.number += 1
				tags.append(b"t%d" % self.number)
				if isinstance(command, bytes):
					sent += tags[-1] + b" " + command + b"\r\n"
					continue
				self.send(tags[-1] + b" " + command[0] + b"\r\n")
				for part in command[1:]:
					at = self.at
					while (line := self.line()).startswith(b"* "):
						pass
					assert line.startswith(b"+"), line
					answers.append(bytes(self.heard[at:self.at]))
					self.send(part + b"\r\n")
			if sent:
				self.send(sent)
			wanted = set(tags)
			while wanted:
				at = self.at
				line = self.line()
				answers.append(bytes(self.heard[at:self.at]))
				wanted.discard(line.split(b" ")[0])
			if len(step) > 1:
				answers[begin:] = sorted(answers[begin:])
			if step == [b"COMPRESS DEFLATE"] and line.startswith(tags[0] + b" OK"):
				self.deflated = Deflated()
		return b"".join(answers)

	# --- POP3

	MULTI = re.compile(rb"(?i)(RETR|TOP|CAPA|LIST$|UIDL$)")

	def pop3(self, steps):
		for step in steps:
			self.send(b"".join(command + b"\r\n" for command in step))
			for command in step:
				line = self.line_of_pop()
				if line.startswith(b"+OK") and self.MULTI.match(command):
					while line != b".":
						line = self.line_of_pop()
				elif line.startswith(b"+ "):
					self.send(b"*\r\n")
					self.line_of_pop()
		return bytes(self.heard)

	def line_of_pop(self):
		while (end := self.heard.find(b"\r\n", self.at)) < 0:
			self.more()
		line, self.at = bytes(self.heard[self.at:end]), end + 2
		return line
