"""The words of the demo provider's IMAP: a command's syntax, sets of numbers, FETCH items, SEARCH keys."""
import email.parser
import re
import time

TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\["\\])*)"|([()])|([\w.]+\[[^\]]*\](?:<\d+\.\d+>)?)|([^\s()"]+))')
SECTION = re.compile(r"BODY(\.PEEK)?\[([\w.]*)(?:\s*\(([^()]*)\))?\](?:<(\d{1,9})\.(\d{1,9})>)?", re.I)
MAX_DEPTH = 8


class Bad(Exception):
	"""The text of a BAD, and the tag where the command never got so far as to have one."""

	def __init__(self, text, tag=b"*"):
		super().__init__(text)
		self.tag = tag.decode("ascii", "replace") or "*"


def words(parts):
	"""Texts and literals in turn, as strings and lists of strings. Literals are strings too."""
	stack = [[]]
	for turn, part in enumerate(parts):
		text = part.decode("utf-8", "replace")
		if turn % 2:
			stack[-1].append(text)
		else:
			put_words(stack, text.rstrip())
	if len(stack) != 1:
		raise Bad("Unbalanced brackets")
	return stack[0]


def put_words(stack, text):
	at = 0
	while at < len(text):
		found = TOKEN.match(text, at)
		if not found:
			raise Bad("Syntax")
		at = found.end()
		quoted, bracket, section, atom = found.groups()
		if bracket == "(":
			if len(stack) > MAX_DEPTH:
				raise Bad("Too many brackets")
			stack.append([])
		elif bracket:
			if len(stack) < 2:
				raise Bad("Unbalanced brackets")
			done = stack.pop()
			stack[-1].append(done)
		elif quoted is not None:
			stack[-1].append(re.sub(r"\\(.)", r"\1", quoted))
		else:
			stack[-1].append(section or atom)


def members(text, highest):
	"""A test whether a number is in a sequence set; `*` is the highest."""
	if not isinstance(text, str) or not re.fullmatch(r"(\d{1,9}|\*)(:(\d{1,9}|\*))?(,(\d{1,9}|\*)(:(\d{1,9}|\*))?)*",
			text):
		raise Bad("A set of numbers was expected")
	ranges = []
	for part in text.split(","):
		ends = sorted(highest if end == "*" else int(end) for end in part.split(":"))
		ranges.append((ends[0], ends[-1]))
	return lambda number: any(low <= number <= high for low, high in ranges)


# --- FETCH

class Item:
	"""One thing that FETCH asks for."""

	def __init__(self, value, marks_seen=False):
		self.value = value
		self.marks_seen = marks_seen


def literal(name, data):
	return b"%s {%d}\r\n%s" % (name.encode(), len(data), data)


def internal_date(entry):
	return ('INTERNALDATE "' + time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(entry.received))
		+ '"').encode()


def split(data):
	"""(header with its empty line, body)"""
	head, empty, body = data.partition(b"\r\n\r\n")
	return head + empty, body


def header_fields(data, names, inverted):
	"""The fields of the given names (or all others), as they stand in the message."""
	wanted = {name.strip('"').lower() for name in names}
	fields = re.findall(rb"[^\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", split(data)[0])
	return b"".join(field for field in fields
		if (field.split(b":")[0].strip().decode("ascii", "replace").lower() in wanted) != inverted) + b"\r\n"


SIMPLE = {
	"UID": Item(lambda entry: b"UID %d" % entry.uid),
	"FLAGS": Item(lambda entry: ("FLAGS (" + " ".join(sorted(entry.flags)) + ")").encode()),
	"RFC822.SIZE": Item(lambda entry: b"RFC822.SIZE %d" % len(entry.data)),
	"INTERNALDATE": Item(internal_date),
	"RFC822": Item(lambda entry: literal("RFC822", entry.data), True),
	"RFC822.HEADER": Item(lambda entry: literal("RFC822.HEADER", split(entry.data)[0])),
	"RFC822.TEXT": Item(lambda entry: literal("RFC822.TEXT", split(entry.data)[1]), True),
}


def body_item(found):
	peek, section, names, first, count = found.groups()
	section = section.upper()
	readers = {"": lambda data: data, "TEXT": lambda data: split(data)[1],
		"HEADER": lambda data: split(data)[0]}
	if names is not None and section in ("HEADER.FIELDS", "HEADER.FIELDS.NOT"):
		reader = lambda data: header_fields(data, names.split(), section.endswith(".NOT"))  # noqa: E731
		shown = f"{section} ({names})"
	elif names is None and section in readers:
		reader, shown = readers[section], section
	else:
		raise Bad("Only whole messages, HEADER, TEXT and HEADER.FIELDS")
	label = f"BODY[{shown}]" + (f"<{first}>" if first else "")

	def value(entry):
		data = reader(entry.data)
		return literal(label, data[int(first):int(first) + int(count)] if first else data)
	return Item(value, not peek)


def fetch_items(names, uid):
	names = names[0] if len(names) == 1 and isinstance(names[0], list) else list(names)
	if names and isinstance(names[0], str) and names[0].upper() == "FAST":
		names = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"] + names[1:]
	items = [SIMPLE["UID"]] if uid and "UID" not in [str(name).upper() for name in names] else []
	for name in names:
		found = SECTION.fullmatch(name) if isinstance(name, str) else None
		if found:
			items.append(body_item(found))
		elif isinstance(name, str) and name.upper() in SIMPLE:
			items.append(SIMPLE[name.upper()])
		else:
			raise Bad("Unknown FETCH item")
	return items


# --- SEARCH

FLAG_KEYS = {"ANSWERED": "\\Answered", "DELETED": "\\Deleted", "DRAFT": "\\Draft", "FLAGGED": "\\Flagged",
	"SEEN": "\\Seen"}


def header_has(entry, name, text):
	values = email.parser.BytesHeaderParser().parsebytes(entry.data).get_all(name, [])
	return any(text.lower() in str(value).lower() for value in values)


def search_key(keys, highest, highest_uid):
	"""Takes one key off the list; a test of (number, entry)."""
	key = keys.pop(0)
	if isinstance(key, list):
		return search_test(key, highest, highest_uid)
	upper = key.upper()
	if upper == "ALL":
		return lambda number, entry: True
	if upper == "NOT" and keys:
		test = search_key(keys, highest, highest_uid)
		return lambda number, entry: not test(number, entry)
	if upper in FLAG_KEYS:
		return lambda number, entry: FLAG_KEYS[upper] in entry.flags
	if upper.startswith("UN") and upper[2:] in FLAG_KEYS:
		return lambda number, entry: FLAG_KEYS[upper[2:]] not in entry.flags
	if upper in ("NEW", "RECENT"):
		return lambda number, entry: False
	if upper == "UID" and keys:
		test = members(keys.pop(0), highest_uid)
		return lambda number, entry: test(entry.uid)
	if upper in ("SUBJECT", "FROM", "TO") and keys:
		text = str(keys.pop(0))
		return lambda number, entry: header_has(entry, upper, text)
	if upper == "HEADER" and len(keys) > 1:
		name, text = str(keys.pop(0)), str(keys.pop(0))
		return lambda number, entry: header_has(entry, name, text)
	test = members(key, highest)
	return lambda number, entry: test(number)


def search_test(keys, highest, highest_uid):
	if len(keys) > 1 and str(keys[0]).upper() == "CHARSET":
		keys = keys[2:]
	tests = []
	while keys:
		tests.append(search_key(keys, highest, highest_uid))
	return lambda number, entry: all(test(number, entry) for test in tests)
