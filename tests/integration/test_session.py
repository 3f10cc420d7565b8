"""The server half as devices see it: order, errors, limits, pipelining (SS)."""
import pytest

import mails
from smtpclient import Client

ALL = [".*"]


@pytest.fixture
def gate(relay):
	return relay("plain", account={"smtp_tls": "off", "auth": "none"})


def device(gate, **options):
	client = Client(gate.port(), **options)
	client.ehlo()
	return client


def test_greeting_and_ehlo(gate):
	"""SS-01 SS-03 SS-18 DECISIONS 18: our name first, a fixed set of our own."""
	with Client(gate.port()) as client:
		assert client.greeting.code == 220 and client.greeting.text.startswith("gateway.test ")
		lines = client.ehlo().lines
		assert lines[0].startswith("gateway.test")
		words = {line.split(" ")[0].split("=")[0] for line in lines[1:]}
		assert {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES",
			"DSN"} <= words
		assert f"SIZE {50 * 1024 * 1024}" in lines
		assert "STARTTLS" not in words and "BINARYMIME" not in words
		client.quit()


@pytest.mark.parametrize("name", ["", "a_b c", "[192.168.1.9", "x" * 400, "ünïcode", "\x01\x02", "-"])
def test_garbage_helo(gate, name):
	"""interop.md 2.6: whatever a device calls itself, it may send."""
	for verb in ("HELO", "EHLO"):
		with Client(gate.port()) as client:
			client.ok(f"{verb} {name}".rstrip())
			assert client.mail().code == 250
	for message in gate.upstream.wait(2):
		assert not mails.bare(message.raw)


def test_order(gate):
	"""SS-05..09: what is out of sequence is 503, RSET and EHLO clear the envelope only."""
	with Client(gate.port()) as client:
		client.ok("RCPT TO:<a@example.test>", 503)
		client.ok("DATA", 503)
		client.ehlo()
		client.ok("RCPT TO:<a@example.test>", 503)
		client.ok("MAIL FROM:<a@device.lan>")
		client.ok("MAIL FROM:<b@device.lan>", 503)
		assert client.cmd("DATA").code in (503, 554)
		client.ok("RCPT TO:<a@example.test>")
		client.ok("RSET")
		client.ok("RCPT TO:<a@example.test>", 503)
		client.ok("MAIL FROM:<a@device.lan>")
		client.ehlo()
		client.ok("RCPT TO:<a@example.test>", 503)
		assert client.mail().code == 250
		client.quit()


def test_mail_without_helo(gate):
	"""interop.md 2.6: some devices begin with MAIL."""
	with Client(gate.port()) as client:
		assert client.mail().code == 250


@pytest.mark.parametrize("line,codes", [
	("FOO", (500,)), ("", (500,)), ("EXPN list", (502,)), ("VRFY someone", (252,)), ("HELP", (214, 502)),
	("NOOP anything", (250,)), ("TURN", (500, 502)), ("XCLIENT ADDR=1.2.3.4", (500, 502)),
	("MAIL", (501,)), ("MAIL TO:<a@b.test>", (501,)), ("MAIL FROM:<a@b.test", (501,)),
	("MAIL FROM:<a@b.test> FOO=1", (555,)), ("MAIL FROM:<a@b.test> SIZE=x", (501,)),
	("MAIL FROM:<a@b.test> SIZE=1 SIZE=1", (501,)), ("MAIL FROM:<a@b.test> BODY=BINARYMIME", (501, 555)),
	("MAIL FROM:<a@b.test> SIZE=99999999999999999999", (501, 552)), ("mail from:<a@b.test>", (250,)),
	("MAIL FROM:<a@b.test> SIZE=60000000", (552,)), ("MAIL FROM:<a\x01@b.test>", (501,)),
	("DATA now", (501, 503)), ("RSET now", (250, 501)), ("QUIT now", (221, 501)),
	("STARTTLS", (502, 500)), ("BDAT", (501, 503)), ("BDAT -1", (501,)), ("BDAT 0x10", (501,)),
	("BDAT 99999999999999999999", (501, 552)), ("MAIL FROM:<é@b.test>", (501, 553))])
def test_answers(gate, line, codes):
	"""SS-10 SS-11 SS-18 SS-24 SS-25 SS-28 SS-39 SS-41 A-04: one reply with its enhanced code."""
	with device(gate) as client:
		reply = client.cmd(line)
		assert reply.code in codes, reply
		for text in reply.lines:
			assert text.startswith(f"{reply.code // 100}."), "SS-24"
		if not (line.startswith("QUIT") or line.startswith("BDAT")):
			client.ok("NOOP")


@pytest.mark.parametrize("form", ["MAIL FROM: <a@device.lan>", "MAIL FROM:a@device.lan",
	"MAIL FROM: a@device.lan", "mail From:<a@device.lan>  ", "MAIL FROM:<\"a b\"@device.lan>",
	"MAIL FROM:<scanner>", "MAIL  FROM:<a@device.lan>"])
def test_tolerant_paths(gate, form):
	"""interop.md 2.6 SS-43: what devices write and RFC 5321 doesn't."""
	with device(gate) as client:
		client.ok(form)


def test_local_part_is_kept(relay):
	"""SS-11 SS-43: case and quotes of a local part survive."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none", "from": "keep"})
	names = ["CamelCase@example.test", "\"a b\"@example.test", "\"x\\\"y\"@example.test", "a+b@example.test"]
	with device(gate) as client:
		assert client.mail(recipients=names, sender="Old.Box@device.lan").code == 250
	message = gate.upstream.wait()[0]
	assert message.recipients == names and message.reverse_path == "Old.Box@device.lan"


@pytest.mark.parametrize("size", [3000, 100_000])
def test_long_line(gate, size):
	"""SS-13 SS-14: 512 octets always pass; far more get one 500, and the session goes on."""
	with device(gate) as client:
		assert client.cmd("NOOP " + "x" * 505).code == 250
		client.send(b"NOOP " + b"x" * size + b"\r\n")
		reply = client.reply()
		assert reply.code == 500 and reply.text.startswith("5.5.2"), reply
		assert client.mail().code == 250


def test_long_content_lines(gate):
	"""SS-15: lines of content beyond 1000 octets are carried unchanged, or refused; never split."""
	content = b"Subject: x\r\n\r\n" + b"a" * 998 + b"\r\n" + b"b" * 20_000 + b"\r\n"
	with device(gate) as client:
		reply = client.mail(content)
	if reply.code == 250:
		assert gate.upstream.wait()[0].data.partition(b"\r\n\r\n")[2] == content.partition(b"\r\n\r\n")[2]
	else:
		assert reply.text.startswith("5.6.0"), reply


def test_error_budget(gate):
	"""SS-44: after some twenty errors the session ends with 421 4.7.0."""
	with device(gate) as client:
		for number in range(60):
			reply = client.cmd("NONSENSE")
			if reply.code == 421:
				assert reply.text.startswith("4.7.0") and number >= 9, (number, reply)
				assert client.until_end() == b""
				return
		raise AssertionError("sixty errors and still there")


BATCH = (b"RSET\r\nMAIL FROM:<a@device.lan>\r\nRCPT TO:<a@example.test>\r\nRCPT TO:<b@example.test>\r\n"
	b"NOOP\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nMAIL FROM:<b@device.lan>\r\nRCPT TO:<c@example.test>\r\n"
	b"BDAT 14\r\nSubject: y\r\n\r\nBDAT 6 LAST\r\nbody\r\nQUIT\r\n")
BATCH_CODES = [250, 250, 250, 250, 250, 354, 250, 250, 250, 250, 250, 221]


@pytest.mark.parametrize("step", [1, 2, 7, 50, 1000])
def test_pipelining(gate, step):
	"""SS-20 SS-22: the same replies in the same order for every split, and the same two messages."""
	with device(gate) as client:
		for start in range(0, len(BATCH), step):
			client.send(BATCH[start:start + step])
		assert [client.reply().code for _ in BATCH_CODES] == BATCH_CODES
		assert client.until_end() == b""
	first, second = gate.upstream.wait(2)
	assert first.data.endswith(b"\r\n\r\n.dot\r\n") and second.data.endswith(b"\r\n\r\nbody\r\n")


def test_pipelined_data_without_recipients(relay):
	"""SS-21: DATA behind RCPTs that all failed gets no 354, or its dot is answered with 554."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none"}, allow=ALL,
		script={"RCPT": "550 5.1.1 unknown"})
	with device(gate) as client:
		client.send(b"MAIL FROM:<a@device.lan>\r\nRCPT TO:<a@example.test>\r\nDATA\r\n")
		assert [client.reply().code for _ in range(2)] == [250, 550]
		reply = client.reply()
		if reply.code == 354:
			client.send(b".\r\n")
			reply = client.reply()
		assert reply.code in (503, 554), reply


def test_size_limit(relay):
	"""SS-18 SS-19: too big when declared, or found to be; the session lives, nothing is delivered."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none"}, main={"max_message": "100K"},
		allow=ALL)
	with device(gate) as client:
		assert "SIZE 102400" in client.ehlo().lines
		assert client.cmd("MAIL FROM:<a@device.lan> SIZE=102401").text.startswith("5.3.4")
		reply = client.mail(mails.stuffed(mails.mail(150_000)))
		assert reply.code == 552 and reply.text.startswith("5.3.4"), reply
		client.envelope()
		client.send(b"BDAT 150000 LAST\r\n" + b"x" * 150_000)
		assert client.reply().code == 552
		client.ok("RSET")
		assert client.mail(mails.stuffed(mails.mail(50_000))).code == 250
	assert len(gate.upstream.wait(1)) == 1


def test_upstream_size(relay):
	"""SC-18: what the provider can't take is refused before it is sent."""
	gate = relay(allow=ALL)
	gate.upstream.capabilities_tls = ["AUTH PLAIN", "SIZE 1000"]
	with device(gate) as client:
		client.ok("MAIL FROM:<a@device.lan> SIZE=5000")
		assert client.cmd("RCPT TO:<a@example.test>").code == 552


def test_bdat_out_of_sequence(gate):
	"""SS-27 SS-29: the octets are consumed, then 503; DATA after BDAT 503; RSET between chunks."""
	with device(gate) as client:
		client.send(b"BDAT 6 LAST\r\nQUIT\r\n")
		assert client.reply().code == 503
		client.envelope()
		client.send(b"BDAT 3\r\na\r\n")
		assert client.reply().code == 250
		client.ok("DATA", 503)
		client.ok("RSET")
		assert client.mail().code == 250
	assert len(gate.upstream.wait(1)) == 1


@pytest.mark.parametrize("first", [b"EHLO x\r\n", b"HELO x\r\nMAIL FROM:<a@device.lan>\r\n"])
def test_early_talker(gate, first):
	"""SS-01 A-06: devices that don't wait for the greeting are tolerated."""
	with Client(gate.port(), first=first) as client:
		assert client.greeting.code == 220
		assert client.reply().code == 250


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.0\r\n",
	b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100], ids=["get", "post", "tls"])
def test_other_protocols(gate, first):
	"""SS-42 A-07: HTTP and TLS at a plain SMTP port are cut off at once."""
	with Client(gate.port()) as client:
		client.send(first)
		heard = client.until_end(5)
		assert b"250" not in heard and heard.count(b"\n") <= 1, heard


def test_http_body_is_not_executed(gate):
	"""A-07: commands inside the body of a POST from a browser do nothing."""
	body = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<a@example.test>\r\nDATA\r\nx\r\n.\r\n"
	with Client(gate.port(), greet=False,
			first=b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 64\r\n\r\n" + body) as client:
		client.until_end(5)
	assert gate.upstream.messages == []


def test_line_ends(gate):
	"""interop.md 2.5: a command may end in a bare LF."""
	with Client(gate.port()) as client:
		client.send(b"HELO x\nMAIL FROM:<a@device.lan>\nRCPT TO:<a@example.test>\nDATA\n")
		assert [client.reply().code for _ in range(4)] == [250, 250, 250, 354]
		client.send(b"Subject: x\r\n\r\nbody\r\n.\r\n")
		assert client.reply().code == 250


def test_nul(gate):
	"""protocol.md 1: NUL in the content is 550 5.6.0."""
	with device(gate) as client:
		reply = client.mail(b"Subject: x\r\n\r\na\0b\r\n")
		assert reply.code == 550 and reply.text.startswith("5.6.0"), reply
	assert gate.upstream.messages == []
