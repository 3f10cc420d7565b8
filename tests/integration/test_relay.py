"""The relay: what the provider gets, and the provider's verdicts on their way back (SC, A-60s)."""
import re
import threading
import time

import pytest

import harness
import mails
from smtpclient import Client
from upstream import DROP, HANG, RESET, Delay

ALL = [".*"]
SCANNER = "scanner@device.lan"
OWNER = "owner@example.test"


def device(gate, **options):
	client = Client(gate.port(), **options)
	client.ehlo()
	return client


def relayed(gate, content, **envelope):
	with device(gate) as client:
		assert client.mail(mails.stuffed(content), **envelope).code == 250
		client.quit()
	return gate.upstream.wait()[0]


# --- envelope and headers (DECISIONS 20, SS-46, SS-47)

def test_rewrite(relay):
	"""DECISIONS 20: From and MAIL FROM are the account's, the device's goes to Reply-To and the name."""
	message = relayed(relay(), mails.mail(5000))
	assert message.reverse_path == harness.USER and message.recipients == [OWNER]
	assert mails.named(message.data, "from") == [f'"Scanner 2nd floor ({SCANNER})" <{harness.USER}>']
	assert mails.named(message.data, "reply-to") == [SCANNER]
	mails.assert_same(mails.mail(5000), message.data)
	assert message.session.helo == "gateway.test"


def test_keep(relay):
	"""DECISIONS 20: `from keep` leaves From and MAIL FROM as they are."""
	message = relayed(relay(account={"from": "keep"}), mails.mail(5000), sender=SCANNER)
	assert message.reverse_path == SCANNER
	assert mails.named(message.data, "from") == [f'"Scanner 2nd floor" <{SCANNER}>']
	assert mails.named(message.data, "reply-to") == []


def test_sender_and_bcc_go(relay):
	"""DECISIONS 20: Sender and Bcc are removed, also folded ones, a Reply-To stays."""
	content = (b"Sender: x@device.lan\r\nBcc: a@b.test,\r\n c@d.test\r\nFrom: scanner@device.lan\r\n"
		b"Reply-To: boss@example.test\r\nX-Bcc: stays\r\nX-Old-Form : kept \r\nbcc : e@f.test\r\n"
		b"\r\nBcc: stays\r\n")
	data = relayed(relay(), content).data
	assert mails.named(data, "sender") == mails.named(data, "bcc") == []
	assert mails.named(data, "reply-to") == ["boss@example.test"]
	assert b"\r\nX-Old-Form : kept \r\n" in data
	assert mails.named(data, "x-bcc") == ["stays"] and data.endswith(b"\r\n\r\nBcc: stays\r\n")


@pytest.mark.parametrize("content", [b"Subject: x\r\n\r\nbody\r\n", b"\r\nbody\r\n", b"body only\r\n",
	b"Subject: header alone\r\n", b""], ids=["few", "no-header", "no-colon", "no-body", "empty"])
def test_missing_headers_are_added(relay, content):
	"""SS-47: Date, Message-ID, MIME-Version, To and From are there once, whatever the device left out."""
	data = relayed(relay(), content).data
	for name in ("date", "message-id", "from", "to", "mime-version"):
		assert len(mails.named(data, name)) == 1, (name, data)
	assert re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", mails.named(data, "message-id")[0])
	assert harness.USER in mails.named(data, "from")[0]
	if content.endswith(b"body\r\n") or b"only" in content:
		assert content.split(b"\r\n")[-2] in data.partition(b"\r\n\r\n")[2]


def test_received(relay):
	"""SS-46 A-12: one line, HELO sanitised, `for` with a single recipient only, our name."""
	gate = relay()
	for count in (1, 2):
		with Client(gate.port()) as client:
			client.ok("EHLO [192.168.1.9 (evil)\t<x>\x7f;\\")
			names = [f"r{number}@example.test" for number in range(count)]
			assert client.mail(recipients=names).code == 250
	one, two = [mails.named(message.data, "received") for message in gate.upstream.wait(2)]
	assert len(one) == len(two) == 1
	assert "by gateway.test" in one[0] and "with ESMTP" in one[0] and "127.0.0.1" in one[0]
	assert "for <r0@example.test>" in one[0] and "for <" not in two[0]
	assert "<x>" not in one[0] and one[0].count("(") == one[0].count(")")


def test_null_sender(relay):
	"""SS-12 DECISIONS 20: `<>` stays `<>`."""
	assert relayed(relay(), b"Subject: x\r\n\r\n", sender="").reverse_path == ""


def test_hundred_recipients(relay):
	"""SS-16: all of them reach the provider."""
	names = [f"r{number}@example.test" for number in range(150)]
	assert relayed(relay(), b"Subject: x\r\n\r\n", recipients=names).recipients == names


def test_provider_without_extensions(relay):
	"""DECISIONS 19: 8-bit content is sent on, BODY= left out, where 8BITMIME is not offered."""
	gate = relay()
	gate.upstream.capabilities_tls = ["AUTH PLAIN"]
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}> BODY=8BITMIME SIZE=2000 RET=HDRS ENVID=x+2By")
		client.ok(f"RCPT TO:<{OWNER}> NOTIFY=FAILURE ORCPT=rfc822;{OWNER}")
		assert client.data(mails.stuffed(mails.mail(2000))).code == 250
	message = gate.upstream.wait()[0]
	mails.assert_same(mails.mail(2000), message.data)
	assert "=" not in message.mail + message.rcpt[0]


def test_parameters_are_passed_on(relay):
	"""SS-18 SS-26 SS-50: BODY, SIZE and the DSN parameters where the provider offers them."""
	gate = relay()
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}> BODY=8BITMIME RET=HDRS ENVID=QQ+2B314")
		client.ok(f"RCPT TO:<{OWNER}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;{OWNER}")
		assert client.data(b"Subject: x\r\n\r\n").code == 250
	message = gate.upstream.wait()[0]
	for word in ("BODY=8BITMIME", "RET=HDRS", "ENVID=QQ+2B314"):
		assert word in message.mail.upper(), message.mail
	assert "NOTIFY=SUCCESS,DELAY" in message.rcpt[0] and f"ORCPT=rfc822;{OWNER}" in message.rcpt[0]


@pytest.mark.parametrize("offered", [True, False])
def test_smtputf8(relay, offered):
	"""SS-49 DECISIONS 19: passed on where the provider takes it, else 550 5.6.7; no downgrade."""
	gate = relay()
	if not offered:
		gate.upstream.capabilities_tls = ["AUTH PLAIN", "8BITMIME"]
	with device(gate) as client:
		client.ok("MAIL FROM:<dévice@exämple.test> SMTPUTF8")
		reply = client.cmd("RCPT TO:<öwner@example.test>")
		if not offered:
			assert reply.code == 550 and reply.text.startswith("5.6.7")
			return
		assert reply.code == 250 and client.data(b"Subject: \xc3\xa4\r\n\r\n").code == 250
	message = gate.upstream.wait()[0]
	assert "SMTPUTF8" in message.mail and message.recipients == ["öwner@example.test"]


# --- verdicts (A-66 to A-72, SC-06 to SC-10)

@pytest.mark.parametrize("point,code,says", [
	("RCPT", 550, "550 5.1.1 no such user here"), ("RCPT", 452, "452 4.2.2 mailbox full"),
	("RCPT", 551, "551 5.7.1 go away"), ("DATA", 451, "451 4.3.0 not now"),
	("DOT", 554, "554 5.7.1 spam says the provider"), ("DOT", 452, "452 4.3.1 no room"),
	("DOT", 550, "550-5.7.60 first line\r\n550 5.7.60 SendAsDenied")])
def test_verdict(relay, point, code, says):
	"""A-70 A-72 SC-09: the device hears the provider's own verdict."""
	gate = relay(script={point: says}, allow=ALL)
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		reply = client.cmd(f"RCPT TO:<{OWNER}>")
		if point != "RCPT":
			reply = client.cmd("DATA")
			if reply.code == 354:
				client.send(b"Subject: x\r\n\r\n.\r\n")
				reply = client.reply()
		assert reply.code == code, reply
		assert says.split(" ", 2)[2].split("\r\n")[0] in reply.text or "SendAsDenied" in reply.text
		client.ok("RSET")
		client.quit()
	assert gate.upstream.messages == []


def test_partial_acceptance(relay):
	"""A-70 SC-08: each recipient hears its own verdict, the mail goes to those accepted."""
	def judge(_session, line):
		return "250 2.1.5 ok" if "good" in line else "550 5.1.1 unknown"

	gate = relay(script={"RCPT": judge})
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		for name, code in (("good1", 250), ("bad", 550), ("good2", 250)):
			client.ok(f"RCPT TO:<{name}@example.test>", code)
		assert client.data(b"Subject: x\r\n\r\n").code == 250
	assert gate.upstream.wait()[0].recipients == ["good1@example.test", "good2@example.test"]


@pytest.mark.parametrize("point", ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("fault", [DROP, RESET, "421 4.3.2 closing", "999 what", "25", "", b"\n"],
	ids=["closed", "reset", "421", "999", "25", "empty", "lf"])
def test_trouble(relay, point, fault):
	"""A-68 A-69 A-71 SC-05 SC-06 SC-07 SC-10: a temporary refusal, never a 250 that nobody meant."""
	gate = relay("implicit", script={point: [fault]}, allow=ALL)
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		reply = client.cmd(f"RCPT TO:<{OWNER}>")
		if reply.code == 250:
			reply = client.cmd("DATA")
		if reply.code == 354:
			client.send(b"Subject: x\r\n\r\n.\r\n")
			reply = client.reply()
		assert reply.code in range(400, 500), reply
		assert reply.text[:2] == "4.", reply
	assert gate.upstream.messages == []


@pytest.mark.parametrize("says", [b"550 5.1.1 no\r\n250 2.1.5 yes\r\n", b"250 ok\r\n250 surplus\r\n"])
def test_surplus_reply(relay, says):
	"""SC-05 A-05: replies that nobody asked for never become another command's verdict."""
	gate = relay("implicit", script={"RCPT": says, "DATA": "554 5.5.1 no"}, allow=ALL)
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		first = client.cmd(f"RCPT TO:<{OWNER}>")
		second = client.cmd("DATA")
		assert second.code in range(400, 600), (first, second)
	assert gate.upstream.messages == []


@pytest.mark.parametrize("text", [b"550 " + b"x" * 3000 + b"\r\n", b"550 5.1.1 \x1b[2J\xff\x00\x07\r\n",
	b"".join(b"550-5.1.1 line %d\r\n" % n for n in range(60)) + b"550 5.1.1 end\r\n"],
	ids=["long", "control", "many"])
def test_reply_text_is_cleaned(relay, text):
	"""A-14 SS-54: what a provider says reaches the device as short printable ASCII."""
	gate = relay("implicit", script={"RCPT": text}, allow=ALL)
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		client.send(f"RCPT TO:<{OWNER}>\r\n".encode())
		reply = client.reply()
		assert 400 <= reply.code < 600
		assert all(32 <= ord(char) < 127 for line in reply.lines for char in line), reply


def test_endless_reply(relay):
	"""A-43 SC-06: a reply without an end costs the provider the connection, not us the memory."""
	def endless(session, _line):
		for _ in range(4000):
			session.send("250-more and more of the same")
		return DROP

	gate = relay("implicit", script={"EHLO": endless}, allow=ALL)
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		assert client.cmd(f"RCPT TO:<{OWNER}>").code in range(400, 500)


def test_wrong_password(relay):
	"""DECISIONS 21: 535 from the provider is 454 4.7.0 for the device, and the owner is told."""
	gate = relay(account={"password": "not it"}, allow=ALL)
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		reply = client.cmd(f"RCPT TO:<{OWNER}>")
		assert reply.code == 454 and reply.text.startswith("4.7.0"), reply
	assert "not it" not in "\n".join(gate.lines)


def test_nobody_there(relay):
	"""A-84: a refused connection is a 451 at once, and the next try works."""
	gate = relay(account={"smtp_port": harness.free_port()}, allow=ALL)
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		assert client.cmd(f"RCPT TO:<{OWNER}>").code == 451
		client.ok("RSET")
		client.quit()


def test_own_listener_is_no_provider(relay):
	"""SC-21: an account that points at one of our own listeners does not loop."""
	gate = relay(allow=ALL)
	gate.sections[("account", "office")].update(smtp_port=gate.port(), smtp_tls="off", auth="none",
		password=None)
	gate.write(gate.complete(gate.sections))
	gate.reload()
	gate.wait_log("reload")
	with device(gate) as client:
		client.ok(f"MAIL FROM:<{SCANNER}>")
		assert client.cmd(f"RCPT TO:<{OWNER}>").code in range(400, 600)


def test_mail_loop(relay):
	"""SS-53: too many Received lines are a loop."""
	gate = relay()
	with device(gate) as client:
		reply = client.mail(b"Received: by x; y\r\n" * 101 + b"Subject: x\r\n\r\nbody\r\n")
		assert reply.code == 554 and reply.text.startswith("5.4.6"), reply
		assert client.mail().code == 250
	assert len(gate.upstream.wait(1)) == 1


# --- flow (A-66, A-68, A-83, SC-10)

def test_device_gone_before_the_dot(relay):
	"""SS-40 SC-10: a transaction that was cut off is thrown away."""
	gate = relay(allow=ALL)
	client = device(gate)
	client.envelope()
	client.ok("DATA", 354)
	client.send(b"Subject: half\r\n\r\nhalf a mess")
	time.sleep(0.2)
	client.close()
	gate.upstream.wait_session()
	assert gate.upstream.messages == []


def resident_kb(gate):
	total = 0
	for pid in gate.pids():
		with open(f"/proc/{pid}/status", encoding="ascii") as status:
			total += int(re.search(r"^VmRSS:\s+(\d+)", status.read(), re.M)[1])
	return total


def test_back_pressure(relay):
	"""IM-25's rule for SMTP: a slow provider slows the device down, and no message is kept in memory."""
	def data(session, line):
		session.send("354 go")
		session.upstream.stopping.wait(2)
		raw = session.body()
		session.take(raw, raw, "DATA", "DOT", line)

	gate = relay("implicit", script={"DATA": data})
	gate.upstream.capabilities_tls = ["AUTH PLAIN", "8BITMIME"]
	with device(gate, timeout=60) as client:
		client.envelope()
		client.ok("DATA", 354)
		before = resident_kb(gate)
		content = b"Subject: x\r\n\r\n" + (b"z" * 76 + b"\r\n") * 400_000 + b".\r\n"
		sender = threading.Thread(target=client.send, args=(content,))
		sender.start()
		time.sleep(1)
		assert resident_kb(gate) - before < 8000, "31 MB pile up in memory"
		assert client.reply().code == 250
		sender.join()


def test_stop_lets_a_transaction_end(relay):
	"""A-83: SIGTERM during DATA: the message still goes through, then the program ends with 0."""
	gate = relay()
	client = device(gate)
	client.envelope()
	client.ok("DATA", 354)
	client.send(b"Subject: x\r\n\r\nbefore\r\n")
	gate.child.terminate()
	time.sleep(0.3)
	client.send(b"after\r\n.\r\n")
	assert client.reply().code == 250
	assert gate.stop() == 0
	assert b"before\r\nafter\r\n" in gate.upstream.wait()[0].data


@pytest.mark.parametrize("point", ["greeting", "DOT"])
def test_stop_beats_a_hanging_provider(relay, point):
	"""A-83: a provider that hangs doesn't keep us from ending within 10 s, with no 250 to the device."""
	gate = relay("implicit", script={point: HANG}, allow=ALL, idle=False)
	client = device(gate)
	client.ok(f"MAIL FROM:<{SCANNER}>")
	if point == "greeting":
		client.send(f"RCPT TO:<{OWNER}>\r\n".encode())
	else:
		client.ok(f"RCPT TO:<{OWNER}>")
		client.ok("DATA", 354)
		client.send(b"Subject: x\r\n\r\n.\r\n")
	time.sleep(0.3)
	assert gate.stop() == 0
	assert b"250" not in client.until_end()


def test_slow_provider(relay):
	"""SC-03: a provider may take its time."""
	gate = relay(script={"greeting": Delay(1, "220 localhost late"), "DOT": Delay(2, "250 2.0.0 late")})
	with device(gate) as client:
		assert client.mail().code == 250
