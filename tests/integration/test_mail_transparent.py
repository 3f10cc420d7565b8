"""The same dialogue directly at Dovecot and through the gateway: the same transcript, octet for octet
(issue: must show 3; IM-20 IM-23 PO-15 PO-17)."""
import os

import pytest

import dialogue
import harness
from mailclient import DIRECT, KINDS
from smtpclient import any_certificate

STEPS = {"imap": dialogue.imap_steps, "pop3": dialogue.pop3_steps}


@pytest.fixture(scope="module")
def server(dovecot):
	return dovecot()


def twins(server, name):
	"""Two identical accounts with names of the same length."""
	names = [f"{name}-{twin}@example.test" for twin in "ab"]
	for account in names:
		server.fill(account, dialogue.messages())
	return names


def assert_same(direct, through):
	"""Byte for byte, apart from what must differ."""
	direct, through = dialogue.comparable(direct), dialogue.comparable(through)
	if direct != through:
		at = len(os.path.commonprefix([direct, through]))
		raise AssertionError(f"differs at {at}: {through[max(0, at - 200):at + 200]!r} for "
			f"{direct[max(0, at - 200):at + 200]!r}")


@pytest.mark.parametrize("protocol", list(KINDS))
@pytest.mark.parametrize("tls,security,cuts", [("off", "starttls", ()), ("implicit", "implicit", (1, 7, 300)),
	("starttls", "off", (2,)), ("off", "implicit", (1460,))], ids=["off", "implicit", "starttls", "segments"])
def test_same_transcript(way, server, protocol, tls, security, cuts):
	"""IM-18 IM-20 IM-23 PO-14 PO-15: at least 200 commands with literals of both kinds, CONDSTORE, UTF-8,
	COMPRESS, pipelining and errors."""
	steps = STEPS[protocol]()
	assert dialogue.count(steps) >= 200
	one, other = twins(server, f"{protocol}-{tls}-{security}")
	client = KINDS[protocol](getattr(server, protocol))
	client.login(one, harness.PASSWORD)
	direct = getattr(dialogue.Player(client), protocol)(steps)
	path = way(server, tls, security, user=other)
	through = getattr(dialogue.Player(path.sign_in(protocol), cuts), protocol)(steps)
	assert len(direct) > 100_000
	assert_same(direct, through)
	assert [len(part) for part in server.stored(one)] == [len(part) for part in server.stored(other)]


def test_login_result(way, server):
	"""IM-20 IM-23 interop.md 2.1: the client's own tag, and the provider's capabilities after login: those
	of a login made directly."""
	one, other = twins(server, "result")
	direct = KINDS["imap"](server.imap)
	told = direct.login(one, harness.PASSWORD)
	asked = direct.ok("CAPABILITY").untagged
	path = way(server, user=other)
	client = path.connect("imap")
	before = client.ok("CAPABILITY").untagged[0].split()[2:]
	result = client.login(path.user, path.password)
	listed = " ".join([result.text] + [line.decode() for line in result.untagged])
	for word in asked[0].decode().split()[2:]:
		assert word in listed.replace("]", " ").split(), (word, listed)
	assert "COMPRESS=DEFLATE" in listed and "[CAPABILITY" in told.text
	assert client.ok("CAPABILITY").untagged == asked
	if not DIRECT:
		assert {b"IMAP4rev1", b"SASL-IR", b"ID"} <= set(before), before
		assert not {b"LITERAL+", b"IDLE", b"LOGIN"} & set(before), before
	client.quit()


def test_pop3_capabilities(way, server):
	"""PO-01 PO-17: before login a fixed set that is true of the provider, too; after it the provider's."""
	one, other = twins(server, "capa")
	direct = KINDS["pop3"](server.pop3s, tls=any_certificate())
	before_direct = direct.capa()
	direct.login(one, harness.PASSWORD)
	after_direct = direct.capa()
	path = way(server, user=other)
	client = path.connect("pop3")
	assert "<" not in client.greeting, "no APOP"
	before = client.capa()
	for line in before:
		word = line.split(" ")[0]
		if word != "SASL":
			assert any(other.split(" ")[0] == word for other in before_direct + ["IMPLEMENTATION", "STLS"]), line
	client.login(path.user, path.password)
	assert client.capa() == after_direct
	client.quit()
