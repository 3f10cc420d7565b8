"""Certificates and versions towards providers, and TLS towards devices old and new."""
import ssl

import pytest

import authority as ca
import harness
import mails
import smtpclient
from smtpclient import Client

MODES = ("starttls", "implicit")
ALL = [".*"]
TRANSIENT = range(400, 500)


def device(gate, name="scan", **options):
	client = Client(gate.port(name), **options)
	client.ehlo()
	return client


def refusal(gate):
	"""What a device hears that tries to send; the verdict stands at RCPT."""
	with device(gate) as client:
		client.ok("MAIL FROM:<scanner@device.lan>")
		return client.cmd("RCPT TO:<owner@example.test>")


def assert_nothing_given(gate, reply):
	"""A temporary refusal, and neither credentials nor mail went up."""
	assert reply.code in TRANSIENT, reply
	assert gate.upstream.secrets_in_clear() == []
	for session in gate.upstream.sessions:
		assert not {"AUTH", "MAIL"} & set(session.verbs()), session.commands
	assert gate.upstream.messages == []


def send(gate, name="scan", **options):
	with device(gate, name, **options) as client:
		assert client.mail().code == 250
		client.quit()
	return gate.upstream.wait()[0]


# --- upstream: certificates (protocol.md 1.9, TL-07 TL-08 A-29b A-56)

@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("leaf", list(ca.BAD))
def test_bad_certificate(relay, mode, leaf):
	"""TL-07 TL-08 A-29b A-56: the same certificates are refused at both kinds of port."""
	gate = relay(mode, leaf, allow=ALL)
	assert_nothing_given(gate, refusal(gate))
	assert gate.upstream.sessions, "the gateway never called"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("leaf", ca.GOOD)
def test_good_certificate(relay, mode, leaf):
	"""TL-07 TL-08: RSA, P-256, P-384, wildcard, an intermediate, no EKU at all."""
	message = send(relay(mode, leaf))
	assert message.session.tls_version == "TLSv1.2"
	assert message.session.auth_name == harness.USER


@pytest.mark.parametrize("host,good", [("mx.wild.test", True), ("MX.Wild.Test", True),
	("a.b.wild.test", False), ("wild.test", False)])
def test_wildcard(relay, names, host, good):
	"""TL-07: a wildcard stands for one whole left-most label."""
	server = names({host.lower(): ["127.0.0.1"]})
	gate = relay("implicit", "wildcard", main={"dns": [f"127.0.0.1#{server.port}"]},
		account={"smtp_host": host}, allow=ALL)
	if good:
		send(gate)
	else:
		assert_nothing_given(gate, refusal(gate))


@pytest.mark.parametrize("mode", MODES)
def test_pin(relay, authority, mode):
	"""TL-10: the right pin stands for the chain; a wrong one refuses a good chain."""
	pin, other = authority.pin("unknown_ca"), authority.pin("rsa")
	assert send(relay(mode, "unknown_ca", account={"pin": [other, pin]})).session.tls_version
	gate = relay(mode, "ec", account={"pin": [other]}, allow=ALL)
	assert_nothing_given(gate, refusal(gate))


def test_account_trust(relay, authority):
	"""An account's own trust takes the gateway's place, both ways."""
	stranger = authority.path("stranger.crt")
	send(relay("implicit", "unknown_ca", account={"trust": stranger}))
	gate = relay("implicit", "ec", account={"trust": stranger}, allow=ALL)
	assert_nothing_given(gate, refusal(gate))


def test_empty_trust_refuses_all(relay, tmp_path):
	"""A-57: a trust bundle without a certificate is no leave to trust everybody."""
	empty = tmp_path / "empty.pem"
	empty.write_text("# nothing here\n")
	empty.chmod(0o644)
	harness.let_others_in(tmp_path)
	try:
		gate = relay("implicit", account={"trust": str(empty)}, allow=ALL)
	except AssertionError:
		return  # refused at start, which is as good
	assert_nothing_given(gate, refusal(gate))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_upstream(relay, authority, mode, version):
	"""TL-01: providers must speak TLS 1.2, whatever a listener allows."""
	gate = relay(mode, "rsa", listener={"tls": "starttls", "tls_min": "1.0"}, allow=ALL)
	gate.upstream.context = authority.old_context(version)
	assert_nothing_given(gate, refusal(gate))


@pytest.mark.parametrize("mode", MODES)
def test_upstream_resumes(relay, mode):
	"""TL-14: the second connection to a provider resumes the session of the first."""
	gate = relay(mode)
	for _ in range(2):
		with device(gate) as client:
			assert client.mail().code == 250
			client.quit()
		gate.upstream.wait_session(len(gate.upstream.sessions) - 1)
	assert [session.reused for session in gate.upstream.sessions][-1] is True
	assert len(gate.upstream.wait(2)) == 2


def test_no_resumption_across_accounts(relay, authority):
	"""A-35 TL-06: a session is never resumed for another account, though host and name are equal."""
	other = {"provider": "generic", "address": "b@example.test", "username": "b@example.test",
		"password": "other", "smtp_host": "localhost", "smtp_tls": "implicit"}
	gate = relay("implicit", users={harness.USER: harness.PASSWORD, "b@example.test": "other"},
		more={("account", "second"): other,
			("route", None): {"sender": "b@*", "account": "second"}})
	gate.sections[("account", "second")]["smtp_port"] = gate.upstream.port
	gate.write(gate.complete(gate.sections))
	gate.reload()
	gate.wait_log("reload")
	for sender in ("a@device.lan", "b@device.lan"):
		with device(gate) as client:
			assert client.mail(sender=sender).code == 250
	first, second = [message.session for message in gate.upstream.wait(2)]
	assert (first.auth_name, second.auth_name) == (harness.USER, "b@example.test")
	assert second.reused is False


# --- listeners

@pytest.mark.parametrize("tls", ["starttls", "required", "implicit", "detect"])
@pytest.mark.parametrize("version,ciphers", [
	(ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"), (ssl.TLSVersion.TLSv1, "AES128-SHA:@SECLEVEL=0"),
	(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")], ids=["1.0", "1.0-rsa-cbc", "1.1"])
def test_ancient_device(relay, tls, version, ciphers):
	"""TL-01 and interop.md 2.13: TLS 1.0 from the device, verified TLS 1.2 to the provider."""
	gate = relay("starttls", main={"rsa": "1"}, listener={"tls": tls, "tls_min": "1.0"})
	old = smtpclient.ancient(version, ciphers)
	with Client(gate.port(), tls=old if tls in ("implicit", "detect") else None) as client:
		client.ehlo()
		if tls in ("starttls", "required"):
			client.starttls(old)
			client.ehlo()
		assert client.sock.version() == {ssl.TLSVersion.TLSv1: "TLSv1"}.get(version, "TLSv1.1")
		content = mails.mail(200_000)
		assert client.mail(mails.stuffed(content)).code == 250
		client.quit()
	message = gate.upstream.wait()[0]
	assert message.session.tls_version == "TLSv1.2"
	mails.assert_same(content, message.data)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_old_versions_are_off(relay, tls):
	"""TL-01 DECISIONS 26: without `tls_min` a device with TLS 1.0 or 1.1 is not served."""
	gate = relay(listener={"tls": tls})
	for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
		old = smtpclient.ancient(version)
		with pytest.raises((ssl.SSLError, OSError, EOFError)):
			with Client(gate.port(), tls=old if tls == "implicit" else None) as client:
				client.ehlo()
				client.starttls(old)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_listener_resumes(relay, tls):
	"""TL-14: a client that comes back resumes its session."""
	gate = relay(listener={"tls": tls})
	context = smtpclient.any_certificate()
	session = None
	for round_number in range(3):
		client = Client(gate.port(), greet=False)
		if tls == "starttls":
			client.greeting = client.reply()
			client.ehlo()
			client.starttls(context, session)
		else:
			client.wrap(context, session)
			client.greeting = client.reply()
		assert client.sock.session_reused is (round_number > 0)
		session = client.sock.session
		client.ehlo()
		client.quit()


def test_detect(relay):
	"""interop.md 2.12: TLS by the first byte, a banner within a second or so, no SSLv2."""
	gate = relay(listener={"tls": "detect"})
	send(gate)
	with Client(gate.port(), tls=smtpclient.any_certificate()) as client:
		client.ehlo()
		client.quit()
	with Client(gate.port(), greet=False, first=b"\x80\x2e\x01\x00\x02" + b"\0" * 40) as client:
		assert client.until_end() == b""


def test_plain_text_at_a_tls_port(relay):
	"""SS-42 A-07: a client that doesn't speak TLS is cut off, with no answer in clear."""
	gate = relay(listener={"tls": "implicit"})
	with Client(gate.port(), greet=False, first=b"EHLO device.lan\r\n") as client:
		assert b"250" not in client.until_end()


def test_alpn(relay):
	"""A-07: a client that wants another protocol is refused; one that wants smtp is served."""
	gate = relay(listener={"tls": "implicit"})
	wrong, right = smtpclient.any_certificate(), smtpclient.any_certificate()
	wrong.set_alpn_protocols(["http/1.1"])
	right.set_alpn_protocols(["smtp"])
	with pytest.raises((ssl.SSLError, OSError, EOFError)):
		Client(gate.port(), tls=wrong)
	with Client(gate.port(), tls=right) as client:
		client.quit()


def peer_certificate(gate, context):
	with Client(gate.port(), tls=context) as client:
		return client.sock.getpeercert(binary_form=True)


def test_own_certificate_and_its_renewal(relay, authority, tmp_path):
	"""A-58 A-82: the owner's files are used, taken anew at reload, and no session is dropped."""
	files = {}
	harness.let_others_in(tmp_path)
	for part, source in zip(("certificate", "key"), authority.leaf("rsa")):
		files[part] = str(tmp_path / part)
		(tmp_path / part).write_bytes(open(source, "rb").read())
		(tmp_path / part).chmod(0o600)
	gate = relay(listener={"tls": "implicit", **files})
	context = smtpclient.trusting(authority.trust)
	before = peer_certificate(gate, context)
	with Client(gate.port(), tls=context) as running:
		running.ehlo()
		for part, source in zip(("certificate", "key"), authority.leaf("ec")):
			(tmp_path / part).write_bytes(open(source, "rb").read())
		gate.reload()
		gate.wait_log("reload")
		assert peer_certificate(gate, context) != before
		assert running.mail().code == 250
		running.quit()


def test_self_made_authority(relay):
	"""DECISIONS 27: made once; a client that trusts it verifies our names, also after a restart."""
	gate = relay(listener={"tls": "implicit"}, main={"hostname": "localhost", "name": ["127.0.0.1"]})
	context = smtpclient.any_certificate()
	first = peer_certificate(gate, context)
	assert gate.stop() == 0
	gate.start()
	assert peer_certificate(gate, context) == first
