"""Mail for the tests, and the comparison of what was sent with what arrived."""
import functools
import random

# Headers that the gateway may add, change or remove; and those that receiving servers add.
TOUCHED = {"received", "from", "reply-to", "date", "message-id", "mime-version", "to", "sender", "bcc"}
SERVERS = {"return-path", "delivered-to", "x-original-to", "envelope-to", "delivery-date"}
TEXT = bytes(set(range(0x20, 0x7F)) - set(b"\\%")) + bytes(range(0x80, 0x100)) + b"\t"
LATIN = bytes(set(range(0x20, 0x7F)) - set(b"\\%~")) + bytes(range(0xA1, 0x100))
DOTS = (b".", b"..", b".x", b"...", b". ", b"", b"From here", b">From", b"X: y", b" indented ", b"-")


@functools.lru_cache(maxsize=None)
def body(size=5_000_000, alphabet=TEXT, longest=998, seed=1):
	"""Lines of every length with 8-bit octets, dots at line starts; ends in CRLF."""
	source = random.Random(seed)
	noise = bytes(source.choices(alphabet, k=65536))
	lines, total = [], 0
	while total < size:
		if source.random() < 0.2:
			line = source.choice(DOTS)
		else:
			start = source.randrange(60000)
			line = noise[start:start + source.choice((0, 1, 76, 77, source.randrange(longest), longest))]
			if source.random() < 0.2:
				line = (b"." + line)[:longest]
		lines.append(line)
		total += len(line) + 2
	return b"\r\n".join(lines) + b"\r\nend\r\n"


HEADERS = (b"From: \"Scanner 2nd floor\" <scanner@device.lan>\r\n"
	b"To: owner@example.test\r\n"
	b"Subject: a scan of\r\n\tmany pages, with\r\n a folded subject\r\n"
	b"Date: Thu, 1 Jan 2026 10:00:00 +0100\r\n"
	b"Message-ID: <scan-1@device.lan>\r\n"
	b"X-Empty:\r\n"
	b"X-Long: " + b"word " * 150 + b"\r\n"
	b"x-lower-CASE:  kept as it is \r\n"
	b"MIME-Version: 1.0\r\n"
	b"Content-Type: text/plain; charset=iso-8859-1\r\n"
	b"Content-Transfer-Encoding: 8bit\r\n")


def mail(size=5_000_000, headers=HEADERS):
	return headers + b"\r\n" + body(size)


def stuffed(content):
	return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]


def fields(octets):
	"""Header fields as they stand, folds and all: [(lower-case name, octets)]."""
	found = []
	for line in octets.split(b"\r\n"):
		if line[:1] in (b" ", b"\t") and found:
			found[-1] = (found[-1][0], found[-1][1] + b"\r\n" + line)
		else:
			found.append((line.split(b":")[0].strip().lower().decode("latin-1"), line))
	return found


def split(octets):
	head, _, content = octets.partition(b"\r\n\r\n")
	return fields(head), content


def untouched(header_fields):
	return [text for name, text in header_fields if name not in TOUCHED | SERVERS]


def named(octets, name):
	"""The values of every field of that name, unfolded."""
	return [b" ".join(text.split(b":", 1)[1].split()).decode("latin-1")
		for found, text in split(octets)[0] if found == name.lower()]


def assert_same(sent, arrived):
	"""Byte for byte the same, except for headers that may be touched; and those once each."""
	sent_fields, sent_body = split(sent)
	got_fields, got_body = split(arrived)
	assert untouched(got_fields) == untouched(sent_fields)
	assert len(got_body) == len(sent_body), f"{len(got_body)} octets for {len(sent_body)}"
	if got_body != sent_body:
		at = next(i for i, pair in enumerate(zip(got_body, sent_body)) if pair[0] != pair[1])
		raise AssertionError(f"differs at {at}: {got_body[at - 30:at + 30]!r} "
			f"for {sent_body[at - 30:at + 30]!r}")
	for name in ("from", "date", "message-id", "mime-version"):
		assert len([1 for found, _ in got_fields if found == name]) == 1, name


def bare(octets):
	"""Bare CR, bare LF or NUL in octets."""
	rest = octets.replace(b"\r\n", b"")
	return b"\r" in rest or b"\n" in rest or b"\0" in octets
