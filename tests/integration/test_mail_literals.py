"""Literals and lines before sign-in: bounded answers, nothing executed that is data, never a byte of one
session in another's (issue: must show 5; A-08 A-09 A-10 A-11 A-43 IM-09..18 PO-06..14)."""
import random
import threading

import pytest

import harness
from mailclient import KINDS, LOCAL_PASSWORD, LOCAL_USER, Imap, Pop
from mailupstream import IMAP_AFTER
from smtpclient import b64

ALL = [".*"]
HUGE = b"18446744073709551621"  # 2^64 + 5
NAME, WORD = LOCAL_USER.encode(), LOCAL_PASSWORD.encode()


@pytest.fixture
def gate(mailbox):
	return mailbox("imap", allow=ALL)


def still_sound(client):
	"""The session knows where commands begin, and signs in."""
	assert client.ok("NOOP").untagged == []
	client.login()
	client.quit()


# --- synchronising literals: refused before a byte of them comes

@pytest.mark.parametrize("size", [b"1025", b"4096", b"65536", b"999999999", b"4294967295", b"4294967301",
	b"9223372036854775807", HUGE, b"1" * 40, b"1" * 1500])
@pytest.mark.parametrize("place", [b"LOGIN {%s}", b'LOGIN "reader" {%s}', b"ID ({%s}", b"X {%s}"],
	ids=["name", "password", "id", "unknown"])
def test_too_big(gate, size, place):
	"""A-08 IM-15..17: no `+` for it; one tagged refusal, and the next line is a command."""
	with Imap(gate.port("imap")) as client:
		tag = client.start(place % size)
		refused = client.literal(tag)
		assert refused is not None, "asked for it"
		assert refused.split(b" ")[1] in (b"NO", b"BAD"), refused
		still_sound(client)


@pytest.mark.parametrize("size", [b"1025+", b"4096+", b"4097+", b"10000+"])
def test_dropped(gate, size):
	"""A-08 IM-15..17: what comes unasked and is too long is read and dropped, or the session ends; the
	commands in it are never run."""
	count = int(size[:-1])
	with Imap(gate.port("imap")) as client:
		inside = b"\r\nx LOGIN %s %s\r\nx NOOP\r\n" % (NAME, WORD)
		tag = client.start(b"LOGIN {%s}\r\n" % size + (inside * count)[:count] + b" {3+}\r\nabc")
		response = client.response()
		assert b"x OK" not in response
		if response.startswith(b"* BYE"):
			assert client.until_end() == b""
		else:
			assert response.split(b" ")[:2] in ([tag.encode(), b"NO"], [tag.encode(), b"BAD"]), response
			still_sound(client)
	assert len(gate.upstream.sessions) <= 1


@pytest.mark.parametrize("size", [b"999999999+", b"4294967301+", HUGE + b"+", b"1" * 60 + b"+"])
def test_beyond_every_budget(gate, size):
	"""A-08 IM-15..17: such a literal cannot be read to its end: BYE, or BAD, and the end of the session."""
	with Imap(gate.port("imap")) as client:
		client.send(b"a LOGIN {%s}\r\nabcde {5+}\r\nabcde\r\nb NOOP\r\n" % size)
		heard = client.until_end()
		assert len(heard) < 500 and b"b OK" not in heard, heard
		assert heard.startswith(b"* BYE") or b"a BAD" in heard or b"a NO" in heard, heard


def test_dripping_literal(gate):
	"""A-43: many literals that are each within bounds come to an end, too."""
	with Imap(gate.port("imap")) as client:
		try:
			client.send(b"a ID (" + b" ".join(b"{1000+}\r\n" + b"x" * 1000 for _ in range(200)) + b")\r\n")
			client.send(b"b NOOP\r\n")
		except OSError:
			pass
		heard = b""
		while b"b OK" not in heard and b"BYE" not in heard:
			heard = client.response()
			assert heard.split(b" ")[0] in (b"a", b"b", b"*"), heard


# --- forms

@pytest.mark.parametrize("form", [b"{}", b"{+}", b"{-1}", b"{-1+}", b"{ 5}", b"{5 }", b"{5", b"{5++}", b"{0x5}",
	b"{5-}", b"~{5}", b"{5}x", b"{+5}", b"{5.0}", b"{\xd9\xa5}"])
def test_no_literal(gate, form):
	"""A-08: what only looks like a literal is a syntax error, or an atom that is no user; what follows is
	a command, for whoever stands behind reads it the same way."""
	with Imap(gate.port("imap")) as client:
		tag = client.start(b"LOGIN " + form)
		response = client.response()
		assert response.startswith(tag.encode() + b" BAD") or response.startswith(tag.encode() + b" NO")
		still_sound(client)


@pytest.mark.parametrize("form,size", [(b"{0%d}", 1), (b"{000000000000%d}", 1), (b"{%d}", 0), (b"{0000}", 0)])
def test_zeros(gate, form, size):
	"""A-08: leading zeros are digits, or a syntax error; {0} is the empty string and no user."""
	length = len(NAME) if size else 0
	with Imap(gate.port("imap")) as client:
		tag = client.start(b"LOGIN " + (form % length if b"%" in form else form))
		refused = client.literal(tag)
		if refused is None:
			client.send(NAME[:length] + b' "' + WORD + b'"\r\n')
			result = client.finish(tag)
			assert result.status in (("OK",) if length else ("NO", "BAD")), result
		if refused is not None or not length:
			still_sound(client)


def test_inside_quotes(mailbox):
	"""A-08 A-11: {5} in a quoted string is text, at its end, too; quotes and backslashes arrive as they
	were meant."""
	words = {"reader{5}": 'pw{5}', 'a"b\\c': 'x"{7+}', "plain": "{3}"}
	more = {("user", f"u{number}"): {"name": name, "password": word, "account": "office"}
		for number, (name, word) in enumerate(words.items())}
	gate = mailbox("imap", more=more, allow=ALL)
	for name, word in words.items():
		quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in (name, word)]
		with Imap(gate.port("imap")) as client:
			assert client.cmd('LOGIN "%s" "%s"' % tuple(quoted)).status == "OK"
			client.quit()
		with Imap(gate.port("imap")) as client:
			assert client.ok('LOGIN "x {5}" "y {5}"', "NO").code == "AUTHENTICATIONFAILED"
			still_sound(client)


@pytest.mark.parametrize("form", ["atoms", "quoted", "sync", "nonsync", "mixed", "lower"])
def test_forms_of_login(gate, form):
	"""IM-09..11: atom, quoted, {n}, {n+}, mixed; the provider gets our own credentials each time."""
	with Imap(gate.port("imap")) as client:
		if form == "sync":
			tag = client.start(b"LOGIN {%d}" % len(NAME))
			assert client.literal(tag) is None
			client.send(NAME + b" {%d}\r\n" % len(WORD))
			assert client.literal(tag) is None
			client.send(WORD + b"\r\n")
		else:
			tag = client.start({"atoms": b"LOGIN %s %s" % (NAME, WORD), "lower": b"login %s %s" % (NAME, WORD),
				"quoted": b'LOGIN "%s" "%s"' % (NAME, WORD), "mixed": b'LOGIN {%d+}\r\n%s "%s"' % (
					len(NAME), NAME, WORD),
				"nonsync": b"LOGIN {%d+}\r\n%s {%d+}\r\n%s" % (len(NAME), NAME, len(WORD), WORD)}[form])
		result = client.finish(tag)
		assert result.status == "OK", result
		assert IMAP_AFTER in result.text + repr(result.untagged)
		client.quit()
	session = gate.upstream.sessions[0]
	assert (session.auth_name, session.password) == (harness.USER, harness.PASSWORD)
	assert WORD not in session.octets(True)


@pytest.mark.parametrize("line", [b"a LOGIN rea\0der x\r\n", b"a LOGIN {3+}\r\na\0b {1+}\r\nx\r\n",
	b"a LOGIN \"a\0b\" x\r\n", b"a AUTHENTICATE PLAIN " + b64("a\r\nb\0c\0d").encode() + b"\r\n",
	b"a LOGIN {4+}\r\na\r\nb {1+}\r\nx\r\n", b"a LOGIN {1+}\r\nx {6+}\r\na\nb NO\r\n"])
def test_control_octets(gate, line):
	"""A-10: CR, LF and NUL in a name or password are refused before anybody sees them."""
	with Imap(gate.port("imap")) as client:
		client.send(line)
		response = client.response()
		assert response.startswith((b"a BAD", b"a NO")), response
		still_sound(client)


def test_id(gate):
	"""IM-06: ID is answered before sign-in, whatever it carries, and its words are not logged."""
	with Imap(gate.port("imap")) as client:
		for given in (b"NIL", b"()", b'("name" "canary-name" "version" NIL)', b"({4+}\r\nname {5+}\r\nx\r\ny\\)"):
			result = client.ok(b"ID " + given)
			assert [line for line in result.untagged if line.startswith(b"* ID ")], result
		still_sound(client)
	assert "canary-name" not in "\n".join(gate.lines)


def test_tags_and_junk(gate):
	"""IM-01..05 SS-42 A-43: tags are echoed; what is no command is refused a bounded number of times."""
	with Imap(gate.port("imap")) as client:
		for tag in ("a", "A1.b/c", "x" * 64):
			client.send(tag.encode() + b" NOOP\r\n")
			assert client.response().startswith(tag.encode() + b" OK")
		heard = b""
		for line in (b"+ NOOP", b"a", b"* NOOP", b"", b"a\x01b NOOP", b"x" * 65 + b" NOOP", b"a FETCH 1 FLAGS",
				b"a SELECT INBOX", b"a XYZZY", b"a LOGIN", b"a LOGIN x", b"a AUTHENTICATE NONE"):
			client.send(line + b"\r\n")
			heard = client.response()
			assert heard.split(b" ")[1] in (b"BAD", b"NO", b"BYE"), (line, heard)
			if heard.startswith(b"* BYE"):
				break
		else:
			client.send(b"z NOOP\r\n" * 40)
			assert b"z OK" in client.response()
	for first in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"x" * 100_000 + b"\r\n",
			b"\x16\x03\x01\x02\x00\x01\x00" + b"\0" * 600):
		with Imap(gate.port("imap")) as client:
			try:
				client.send(first)
				client.send(b"b LOGOUT\r\n")
			except OSError:
				continue
			assert len(client.until_end()) < 2000
	assert gate.upstream.sessions == []


# --- what is pipelined

def test_imap_pipelined(gate):
	"""IM-18 A-09: commands behind LOGIN reach the provider once and in order after its OK; behind a
	refused one they are not run."""
	many = b"".join(b"p%d NOOP\r\n" % number for number in range(50))
	with Imap(gate.port("imap")) as client:
		client.send(b'a LOGIN "%s" "%s"\r\n' % (NAME, WORD) + many + b"q LOGOUT\r\n")
		heard = client.until_end().split(b"\r\n")
	tags = [line.split(b" ")[0] for line in heard if line and not line.startswith(b"*")]
	assert tags == [b"a"] + [b"p%d" % number for number in range(50)] + [b"q"]
	lines = [line for _, line in gate.upstream.sessions[0].commands if line.startswith("p")]
	assert lines == [f"p{number} NOOP" for number in range(50)]
	with Imap(gate.port("imap")) as client:
		client.send(b'a LOGIN "%s" "wrong"\r\nb SELECT INBOX\r\nc NOOP\r\n' % NAME)
		assert client.response().startswith(b"a NO")
		assert b"b OK" not in client.response()
	assert len(gate.upstream.sessions) == 1


def test_imap_large_append_behind_login(gate):
	"""IM-18 IM-25: far more than a buffer behind LOGIN waits and arrives whole."""
	body = b"".join(b"line%05d %s\r\n" % (number, b"x" * (number % 200)) for number in range(2500))
	with Imap(gate.port("imap"), timeout=60) as client:
		writer = threading.Thread(target=client.send, args=(b'a LOGIN "%s" "%s"\r\nb NOOP {%d+}\r\n' % (
			NAME, WORD, len(body)) + body + b"\r\nc LOGOUT\r\n",))
		writer.start()
		client.until_end()
		writer.join()
	assert body in gate.upstream.sessions[0].octets(True)


def test_pop3_pipelined(mailbox):
	"""PO-14 A-09: what follows PASS in the same segment goes up once, after the provider's +OK."""
	gate = mailbox("pop3", allow=ALL)
	with Pop(gate.port("pop3")) as client:
		client.send(b"USER %s\r\nPASS %s\r\nSTAT\r\nUIDL\r\nNOOP\r\nQUIT\r\n" % (NAME, WORD))
		heard = client.until_end()
	assert heard.count(b"+OK") == 6 and b"-ERR" not in heard, heard
	assert gate.upstream.sessions[0].verbs()[-4:] == ["STAT", "UIDL", "NOOP", "QUIT"]
	with Pop(gate.port("pop3")) as client:
		client.send(b"USER %s\r\nPASS wrong\r\nSTAT\r\nQUIT\r\n" % NAME)
		heard = client.until_end().split(b"\r\n")
	assert [line[:4] for line in heard[:3]] == [b"+OK ", b"-ERR", b"-ERR"], heard
	assert len(gate.upstream.sessions) == 1


# --- POP3's lines

@pytest.mark.parametrize("line,code", [(b"STAT", "-ERR"), (b"XYZZY", "-ERR"), (b"", "-ERR"), (b"USER", "-ERR"),
	(b"PASS x", "-ERR"), (b"APOP a b", "-ERR"), (b"AUTH NONE", "-ERR"), (b"AUTH PLAIN !!!", "-ERR"),
	(b"NOOP " + b"x" * 3000, "-ERR"), (b"USER " + b"x" * 3000, "-ERR"), (b"USER a\0b", "-ERR"),
	(b"AUTH PLAIN =", "-ERR"), (b"AUTH PLAIN " + b"A" * 11000, "-ERR"), (b"capa", "+OK"), (b"CAPA x", None)])
def test_pop3_lines(mailbox, line, code):
	"""PO-06..10 PO-12 A-43: one bounded answer, and the session goes on or ends in words."""
	gate = mailbox("pop3", allow=ALL)
	with Pop(gate.port("pop3")) as client:
		reply = client.cmd(line)
		assert code is None or reply.startswith(code), reply
		if reply.startswith("+OK"):
			client.lines()
		try:
			client.login()
			client.quit()
		except EOFError:
			assert len(line) > 255


def test_pop3_sasl_and_blanks(mailbox):
	"""PO-06..09 PO-13: AUTH with and without initial response, cancelled; blanks in a password count."""
	more = {("user", "blank"): {"password": " two  words ", "account": "office"}}
	gate = mailbox("pop3", more=more, allow=ALL)
	for user, word in ((LOCAL_USER, LOCAL_PASSWORD), ("blank", " two  words ")):
		for mechanism, initial in (("PLAIN", True), ("PLAIN", False), ("LOGIN", False)):
			with Pop(gate.port("pop3")) as client:
				assert client.authenticate(mechanism, user, word, initial).startswith("+OK")
				client.quit()
		with Pop(gate.port("pop3")) as client:
			client.login(user, word)
			client.quit()
	with Pop(gate.port("pop3")) as client:
		assert client.cmd("USER blank").startswith("+OK")
		assert client.cmd("PASS  two  words").startswith("-ERR [AUTH]")
		assert client.cmd("AUTH PLAIN").startswith("+ ")
		assert client.cmd("*").startswith("-ERR")
		client.login()
		client.quit()


# --- sessions among each other

@pytest.mark.parametrize("protocol", list(KINDS))
def test_no_byte_of_another_session(mailbox, protocol):
	"""A-08 A-35: forty clients at once, each with credentials and marks of its own, good and bad ones in
	turn; no session ever shows another's."""
	users = {f"c{number}@client.test": f"canary-{number:03}-word" for number in range(40)}
	gate = mailbox(protocol, "implicit", account={"login": "client", "domain": ["client.test"],
		"delivery": "direct", "max_connections": "100"}, users=users, allow=ALL)
	faults = []

	def connect(number):
		return KINDS[protocol](gate.port(protocol), timeout=60, source=f"127.0.3.{number + 1}")

	def attack(client, mark, source):
		"""Leaves as much of its own as it can in whatever buffers there are."""
		for _ in range(6):
			if protocol == "imap":
				size = source.choice((0, 3, 1000, 1025, 4096))
				client.send(b"m%s LOGIN {%d+}\r\n" % (mark, size) + (mark * 800)[:size] + b" {9+}\r\n" + mark
					+ b"\r\n")
			else:
				client.send(b"USER " + (mark * 30)[:source.choice((9, 200))] + b"\r\nXX " + mark + b"\r\n")

	def work(number):
		mark = b"mark-%04d" % number
		name = f"c{number}@client.test"
		source = random.Random(number)
		got = b""
		if number % 2:
			with connect(number) as client:
				attack(client, mark, source)
				client.sock.shutdown(1)
				got += client.until_end(40)
		with connect(number) as client:
			sign = b'a LOGIN "%s" "%s"\r\n' if protocol == "imap" else b"USER %s\r\nPASS %s\r\n"
			lines = b"".join(b"p%d NOOP %s\r\n" % (turn, mark) if protocol == "imap" else b"NOOP %s\r\n" % mark
				for turn in range(100))
			client.send(sign % (name.encode(), users[name].encode()) + lines +
				(b"q LOGOUT\r\n" if protocol == "imap" else b"QUIT\r\n"))
			got += client.until_end(40)
		others = [other for other in range(40) if other != number and (b"mark-%04d" % other in got
			or b"canary-%03d" % other in got)]
		if others or b"OK" not in got:
			faults.append((number, others, got[:200]))

	def run(number):
		try:
			work(number)
		except (OSError, EOFError, AssertionError) as error:
			faults.append((number, error))

	threads = [threading.Thread(target=run, args=(number,)) for number in range(40)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert not faults, faults[:3]
	signed = [session for session in gate.upstream.sessions if session.auth_name]
	assert len(signed) == 40
	for session in signed:
		number = int(session.auth_name[1:].split("@")[0])
		octets = session.octets(True)
		assert octets.count(b"mark-%04d\r\n" % number) == 100
		assert octets.count(b"mark-") == 100
