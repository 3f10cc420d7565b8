"""The STARTTLS barriers, both sides (A-20 to A-29e, SS-30 to SS-33, SC-16)."""
import pytest

import harness
import smtpclient
from smtpclient import Client
from test_tls import ALL, assert_nothing_given, device, refusal, send
from upstream import DROP, RESET

EVIL = "visit http://evil.example now"


# --- the provider's side

@pytest.mark.parametrize("injected", [b"250 injected\r\n", b"250-evil\r\n250 AUTH PLAIN\r\n", b"x",
	b"235 2.7.0 signed in\r\n250 ok\r\n"])
def test_response_injection(relay, injected):
	"""A-21 SC-16: octets behind the 220 in the same segment end the session."""
	gate = relay(script={"STARTTLS": b"220 go ahead\r\n" + injected}, allow=ALL)
	reply = refusal(gate)
	assert_nothing_given(gate, reply)
	assert all(not session.octets(True) for session in gate.upstream.sessions)


@pytest.mark.parametrize("reply", ["454 4.7.0 " + EVIL, "502 5.5.1 " + EVIL, "500 " + EVIL,
	"354 " + EVIL, "250 " + EVIL, "334 ", "421 4.3.2 " + EVIL, "nonsense", "22", DROP, RESET],
	ids=lambda value: value.split(" ")[0] if isinstance(value, str) else "closed")
def test_stripped_by_reply(relay, reply):
	"""A-22 A-27 SC-16: any answer but 220 is the end; its text does not reach the device."""
	gate = relay(script={"STARTTLS": reply}, allow=ALL)
	heard = refusal(gate)
	assert_nothing_given(gate, heard)
	assert EVIL not in heard.text


@pytest.mark.parametrize("words", [["PIPELINING"], ["AUTH PLAIN LOGIN"], [], ["XSTARTTLS"],
	["STARTTLSX", "AUTH=PLAIN"]], ids=lambda words: "+".join(words) or "none")
def test_stripped_capability(relay, words):
	"""A-22 A-29c: no STARTTLS offered, no sign-in and no mail."""
	gate = relay(capabilities=words, allow=ALL)
	assert_nothing_given(gate, refusal(gate))


def test_ehlo_refused_is_no_way_to_clear(relay):
	"""A-23 SC-02: HELO instead of EHLO does not make TLS optional."""
	gate = relay(script={"EHLO": "502 5.5.1 what?"}, allow=ALL)
	assert_nothing_given(gate, refusal(gate))


def test_plain_answer_instead_of_a_handshake(relay):
	"""A-22: a 220 that is followed by text is not TLS."""
	def speak(session, _line):
		session.send("220 go ahead")
		session.send("250 no handshake here")
		return DROP

	gate = relay(script={"STARTTLS": speak}, allow=ALL)
	assert_nothing_given(gate, refusal(gate))


def test_capabilities_from_before_tls_are_forgotten(relay):
	"""A-25 A-26 SC-16: sign-in and extensions follow the EHLO inside TLS alone."""
	gate = relay(capabilities=["STARTTLS", "AUTH PLAIN", "CHUNKING", "SIZE 10", "SMTPUTF8"])
	gate.upstream.capabilities_tls = ["AUTH LOGIN", "8BITMIME"]
	message = send(gate)
	assert message.session.auth == "LOGIN"
	assert message.by == "DATA"
	assert "SIZE=" not in message.mail
	ehlos = [tls for tls, line in message.session.commands if line.startswith("EHLO")]
	assert ehlos == [False, True]


def test_octets_after_the_handshake_before_ehlo(relay):
	"""SC-05: a reply that nobody asked for inside TLS shifts all others: no mail on such a line."""
	gate = relay(script={"after_tls": b"250-localhost\r\n250 AUTH PLAIN\r\n"}, allow=ALL)
	with device(gate) as client:
		client.ok("MAIL FROM:<scanner@device.lan>")
		client.cmd("RCPT TO:<owner@example.test>")
		assert client.cmd("DATA").code in range(400, 600)
	assert gate.upstream.messages == []


def test_no_auth_offered_inside_tls(relay):
	"""A-29d: credentials are not sent to a server that offers no way to take them."""
	gate = relay(allow=ALL)
	gate.upstream.capabilities_tls = ["PIPELINING", "8BITMIME"]
	reply = refusal(gate)
	assert reply.code in range(400, 500), reply
	assert all("AUTH" not in session.verbs() for session in gate.upstream.sessions)
	assert harness.PASSWORD.encode() not in b"".join(
		session.octets(True) for session in gate.upstream.sessions)


# --- the device's side

@pytest.mark.parametrize("injected", [b"EHLO x\r\n", b"MAIL FROM:<a@b.test>\r\n", b"\r\n", b"x",
	b"AUTH PLAIN AGEAYg==\r\n"])
def test_command_injection(relay, injected):
	"""A-20 SS-30..32: plaintext behind STARTTLS is never executed; the session ends."""
	gate = relay(listener={"tls": "starttls"}, allow=ALL)
	with device(gate) as client:
		client.send(b"STARTTLS\r\n" + injected)
		heard = client.until_end()
	assert heard == b"", "closed without an answer"
	assert gate.upstream.sessions == []


@pytest.mark.parametrize("injected", [b"EHLO x\r\n", b"NOOP\r\n"])
def test_injection_in_the_next_segment(relay, injected):
	"""A-20: plaintext after the 220 breaks the handshake; nothing is executed."""
	gate = relay(listener={"tls": "starttls"}, allow=ALL)
	with device(gate) as client:
		client.ok("STARTTLS", 220)
		client.send(injected)
		assert b"250" not in client.until_end()


def test_state_is_dropped(relay):
	"""A-29a SS-05..09 SS-30..32: HELO, and what was offered, are forgotten at TLS."""
	gate = relay(listener={"tls": "starttls"})
	with device(gate) as client:
		assert "STARTTLS" in client.ehlo().lines
		client.ok("STARTTLS x", 501)
		client.starttls(smtpclient.any_certificate())
		assert "STARTTLS" not in client.ehlo().lines
		client.ok("STARTTLS", 503)
		client.ok("RCPT TO:<owner@example.test>", 503)
		assert client.mail().code == 250
		client.quit()
	assert gate.upstream.wait()[0].reverse_path == harness.USER


def test_no_starttls_inside_a_transaction_or_after_auth(relay):
	"""A-29a: an envelope or an identity from before TLS does not live on."""
	gate = relay(listener={"tls": "starttls", "plain_auth": "1"},
		more={("user", "printer"): {"password": "local-Pass-1"}})
	with device(gate) as client:
		client.ok("MAIL FROM:<scanner@device.lan>")
		client.ok("STARTTLS", 503)
	with device(gate) as client:
		client.auth_plain("printer", "local-Pass-1")
		client.ok("STARTTLS", 503)


def test_required(relay):
	"""SS-33 SS-47: before TLS nothing but the way to TLS."""
	gate = relay(listener={"tls": "required", "auth": "required"},
		more={("user", "printer"): {"password": "local-Pass-1"}})
	with device(gate) as client:
		assert not [line for line in client.ehlo().lines if line.startswith("AUTH")]
		assert client.ok("MAIL FROM:<scanner@device.lan>", 530).text.startswith("5.7.0")
		assert client.cmd("AUTH PLAIN " + smtpclient.b64("\0printer\0local-Pass-1")).code in (530, 538)
		client.starttls(smtpclient.any_certificate())
		assert "AUTH PLAIN LOGIN" in client.ehlo().lines
		assert client.ok("MAIL FROM:<scanner@device.lan>", 530).text.startswith("5.7.0")
		client.auth_plain("printer", "local-Pass-1")
		assert client.mail().code == 250
		client.quit()


def test_no_plain_password_without_leave(relay):
	"""SS-33 A-29d: with `plain_auth 0` a password in clear is refused, and said to be lost in the log."""
	gate = relay(listener={"tls": "starttls", "plain_auth": "0"}, allow=ALL,
		more={("user", "printer"): {"password": "local-Pass-1"}})
	with device(gate) as client:
		assert not [line for line in client.ehlo().lines if line.startswith("AUTH")]
		reply = client.cmd("AUTH PLAIN " + smtpclient.b64("\0printer\0local-Pass-1"))
		assert reply.code == 538 and reply.text.startswith("5.7.11"), reply
	assert "local-Pass-1" not in "\n".join(gate.lines)


def test_handshake_that_never_comes(relay):
	"""TL-16 A-41: a client that stops after STARTTLS is let go, and others are served meanwhile."""
	gate = relay(listener={"tls": "starttls"}, idle=False)
	silent = Client(gate.port())
	silent.ehlo()
	silent.ok("STARTTLS", 220)
	send(gate)
	silent.close()
