"""Who may send, as whom, and where to: allow, AUTH, accounts, routes, PROXY, no open relay."""
import base64
import hashlib
import hmac
import socket
import struct

import pytest

import harness
import mails
from smtpclient import Client, b64

ALL = [".*"]
LOCAL = "canary-Local-23"
PRINTER = {("user", "printer"): {"password": LOCAL}}
PLAIN = {"smtp_tls": "off", "auth": "none"}


def device(gate, name="scan", **options):
	client = Client(gate.port(name), **options)
	client.ehlo()
	return client


@pytest.fixture
def closed(relay):
	"""A gateway whose listener wants a password."""
	return relay("plain", account=dict(PLAIN), listener={"auth": "required"}, more=dict(PRINTER),
		allow=ALL)


# --- no open relay (SS-37, SS-38, SS-47, DECISIONS 11)

@pytest.mark.parametrize("recipient", ["<owner@example.test>", "<a%b@example.test>", "<@x.test,@y.test:a@b.test>",
	"<x!a@b.test>", "<\"a@b.test\"@example.test>", "<a@[127.0.0.1]>", "<postmaster>", "<a@gateway.test>",
	"a@b.test", "<a@b.test>\r\nDATA"])
def test_no_relay_without_password(closed, recipient):
	"""SS-37..38 SS-47: nothing gets through a listener that wants a password, however it is written."""
	with device(closed) as client:
		reply = client.ok("MAIL FROM:<a@device.lan>", 530)
		assert reply.text.startswith("5.7.0")
		client.send(b"RCPT TO:" + recipient.encode() + b"\r\nDATA\r\n")
		assert client.reply().code >= 500 and client.reply().code >= 500
	assert closed.upstream.sessions == []


@pytest.mark.parametrize("recipient,passed", [("<@x.test,@y.test:a@b.test>", "a@b.test"),
	("<a%b@example.test>", "a%b@example.test"), ("<x!a@b.test>", "x!a@b.test")])
def test_routes_in_addresses_are_never_used(relay, recipient, passed):
	"""SS-37..38: a source route is stripped or refused; % and ! mean nothing."""
	gate = relay("plain", account=dict(PLAIN))
	with device(gate) as client:
		client.ok("MAIL FROM:<a@device.lan>")
		reply = client.cmd("RCPT TO:" + recipient)
		if reply.code == 250:
			assert client.data(b"Subject: x\r\n\r\n").code == 250
			assert gate.upstream.wait()[0].recipients == [passed]


def test_allow(relay):
	"""DECISIONS 11 SS-02: who is not allowed is told so and gets no service."""
	gate = relay(listener={"allow": ["127.0.0.2", "10.0.0.0/8"]}, allow=ALL)
	with Client(gate.port()) as client:
		assert client.greeting.code == 554
		assert b"250" not in client.until_end()
	with Client(gate.port(), source="127.0.0.2") as client:
		client.ehlo()
		assert client.mail().code == 250


def test_no_account(relay):
	"""DECISIONS 12: no user's account, no route, no default: 550 5.7.1."""
	gate = relay(main={"account": None}, allow=ALL)
	with device(gate) as client:
		client.ok("MAIL FROM:<a@device.lan>")
		reply = client.cmd("RCPT TO:<a@b.test>")
		assert reply.code == 550 and reply.text.startswith("5.7.1"), reply


# --- sign-in (SS-33 to SS-36, A-10, DECISIONS 16)

def scram(password, iterations=4096):
	salt = b"0123456789abcdef"
	salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
	stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
	server = hmac.digest(salted, b"Server Key", "sha256")
	return f"SCRAM-SHA-256${iterations}:{b64(salt)}${b64(stored)}:{b64(server)}"


@pytest.mark.parametrize("stored", ["clear", "scram", "file"])
def test_sign_in(relay, tmp_path, stored):
	"""SS-34..35 interop.md 2.4: PLAIN and LOGIN with and without initial response, any stored form."""
	user = {"password": {"clear": LOCAL, "scram": scram(LOCAL)}.get(stored)}
	if stored == "file":
		harness.let_others_in(tmp_path)
		(tmp_path / "secret").write_text(LOCAL + "\n")
		(tmp_path / "secret").chmod(0o600)
		user = {"password_file": str(tmp_path / "secret")}
	gate = relay("plain", account=dict(PLAIN), listener={"auth": "required"},
		more={("user", "printer"): {"name": "printer@lan", **user}})
	plain, wrong = b64(f"\0printer@lan\0{LOCAL}"), b64("\0printer@lan\0nonsense")
	for script in ((f"AUTH PLAIN {plain}",), ("AUTH PLAIN", plain), (f"auth plain {plain}",),
			("AUTH LOGIN", b64("printer@lan"), b64(LOCAL)),
			(f"AUTH LOGIN {b64('printer@lan')}", b64(LOCAL))):
		with device(gate) as client:
			codes = [client.cmd(line).code for line in script]
			assert codes == [334] * (len(script) - 1) + [235], script
			assert client.mail().code == 250
	with device(gate) as client:
		assert client.ok(f"AUTH PLAIN {wrong}", 535).text.startswith("5.7.8")
		assert client.ok("AUTH PLAIN " + b64("\0nobody\0x"), 535).text.startswith("5.7.8")


def test_advertised(closed):
	"""interop.md 2.4: AUTH twice, the old way too; CRAM-MD5 only where a password is kept in clear."""
	with device(closed) as client:
		lines = client.ehlo().lines
		assert "AUTH PLAIN LOGIN" in lines and "AUTH=LOGIN PLAIN" in lines or "AUTH=PLAIN LOGIN" in lines
		assert client.cmd("AUTH CRAM-MD5").code == 504
		assert client.cmd("AUTH NTLM").code == 504


def test_cram_md5(relay):
	"""DECISIONS 16: where the password is kept in clear."""
	gate = relay("plain", account=dict(PLAIN), listener={"auth": "required"},
		more={("user", "printer"): {"password": LOCAL, "clear": "1"}})
	with device(gate) as client:
		assert any("CRAM-MD5" in line for line in client.ehlo().lines)
		challenge = base64.b64decode(client.ok("AUTH CRAM-MD5", 334).text)
		digest = hmac.new(LOCAL.encode(), challenge, "md5").hexdigest()
		client.ok(b64(f"printer {digest}"), 235)
		assert client.mail().code == 250
	with device(gate) as client:
		client.ok("AUTH CRAM-MD5", 334)
		client.ok(b64("printer " + "0" * 32), 535)


def test_sign_in_errors(closed):
	"""SS-34..35 A-10: cancel, bad base64, empty response, NUL and CR inside, twice, too long."""
	good = b64(f"\0printer\0{LOCAL}")
	with device(closed) as client:
		client.ok("AUTH PLAIN", 334)
		assert client.ok("*", 501).text.startswith("5.0.0")
		assert client.ok("AUTH PLAIN not*base64", 501).text.startswith("5.5.2")
		assert client.cmd("AUTH PLAIN =").code in (501, 535)
		assert client.cmd("AUTH").code == 501
		assert client.cmd("AUTH PLAIN " + b64("\0prin\r\nter\0x")).code in (501, 535)
	with device(closed) as client:
		client.ok("AUTH PLAIN", 334)
		assert client.ok("A" * 4000, 500).text.startswith("5.5.6")
		client.ok("AUTH PLAIN " + good, 235)
		client.ok("AUTH PLAIN " + good, 503)
		client.ok("MAIL FROM:<a@device.lan>")
		client.ok("AUTH PLAIN " + good, 503)
		client.ehlo()
		assert client.mail().code == 250, "EHLO keeps AUTH state (SS-05..09)"


def test_identity_of_another(closed):
	"""SS-36 A-10: an authorization identity that is not one's own is refused."""
	with device(closed) as client:
		assert client.cmd("AUTH PLAIN " + b64(f"root\0printer\0{LOCAL}")).code in (501, 535)


# --- accounts of clients (DECISIONS 12, 13, 17)

@pytest.fixture
def pass_through(relay):
	users = {"ann@example.test": "Anns-Own-1", "bob@example.test": "Bobs-Own-2"}
	return relay("starttls", users=users, listener={"auth": "required"}, allow=ALL,
		account={"login": "client", "domain": ["example.test"], "from": "keep", "username": None,
			"password": None, "address": None})


def test_login_client(pass_through):
	"""DECISIONS 12 13 17: the client's own credentials go to the provider of its domain."""
	for name, password in (("ann@example.test", "Anns-Own-1"), ("bob@EXAMPLE.test", "Bobs-Own-2")):
		with device(pass_through) as client:
			assert not any("CRAM" in line for line in client.ehlo().lines)
			if "EXAMPLE" in name:
				continue
			client.auth_plain(name, password)
			assert client.mail(sender=name).code == 250
			client.quit()
	message = pass_through.upstream.wait()[0]
	assert message.session.auth_name == "ann@example.test"
	assert message.session.password == "Anns-Own-1"
	assert pass_through.upstream.secrets_in_clear() == []


def test_login_client_refused(pass_through):
	"""DECISIONS 12 SS-36: a wrong password, and a domain that is nobody's; no default account."""
	with device(pass_through) as client:
		assert client.cmd("AUTH PLAIN " + b64("\0ann@example.test\0wrong")).code in (454, 535)
		client.ok("AUTH PLAIN " + b64("\0ann@elsewhere.test\0x"), 535)
		client.ok("MAIL FROM:<ann@example.test>", 530)


def test_users_account_and_routes(relay, upstream):
	"""DECISIONS 12: the user's account; else the first route that matches; else the default."""
	gate = relay("plain", account=dict(PLAIN), more={})
	other = upstream("plain")
	second = {"provider": "generic", "address": "b@example.test", "smtp_host": "localhost",
		"smtp_port": other.port, **PLAIN}
	gate.sections.update({("account", "second"): second,
		("user", "printer"): {"password": LOCAL, "account": "second"},
		("route", None, 1): {"sender": "*@Second.test", "account": "second"},
		("route", None, 2): {"recipient": "*@second.test", "account": "second"},
		("route", None, 3): {"client": "127.0.0.3", "account": "second"},
		("route", None, 4): {"recipient": "*@forbidden.test", "action": "reject"}})
	gate.write(gate.complete(gate.sections))
	gate.reload()
	gate.wait_log("reload")

	def through(source=None, login=False, **envelope):
		before = len(other.messages)
		with device(gate, source=source) as client:
			if login:
				client.auth_plain("printer", LOCAL)
			assert client.mail(**envelope).code == 250
		return "second" if len(other.messages) > before else "office"

	assert through() == "office"
	assert through(login=True) == "second"
	assert through(sender="x@second.TEST") == "second"
	assert through(recipients=["a@second.test"]) == "second"
	assert through(source="127.0.0.3") == "second"
	with device(gate) as client:
		client.ok("MAIL FROM:<a@device.lan>")
		assert client.ok("RCPT TO:<a@forbidden.test>", 550).text.startswith("5.7.1")
		client.ok("RCPT TO:<a@example.test>")
		reply = client.cmd("RCPT TO:<a@second.test>")
		assert reply.code == 452 and reply.text.startswith("4.5.3"), f"A-70: {reply}"
		assert client.data(b"Subject: x\r\n\r\n").code == 250


# --- PROXY protocol (SS-55, A-16)

V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(source, command=1, extra=b""):
	body = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 4711, 25) + extra
	return V2 + bytes([0x20 | command, 0x11]) + struct.pack("!H", len(body)) + body


@pytest.fixture
def proxied(relay):
	return relay("plain", account=dict(PLAIN), listener={"proxy_protocol": "1",
		"proxy_from": ["127.0.0.1"], "allow": ["10.1.0.0/16", "127.0.0.0/8"]}, allow=ALL)


@pytest.mark.parametrize("header,seen", [
	(b"PROXY TCP4 10.1.2.3 127.0.0.1 4711 25\r\n", "10.1.2.3"), (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
	(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1"), (v2("10.1.2.3"), "10.1.2.3"),
	(v2("10.1.2.3", 0), "127.0.0.1"), (v2("10.1.2.3", 1, b"\x04\x00\x64" + b"x" * 100), "10.1.2.3")],
	ids=["v1", "unknown", "unknown-long", "v2", "local", "tlv"])
def test_proxy(proxied, header, seen):
	"""SS-55: the address of the header is the client's, also in Received."""
	with Client(proxied.port(), first=header) as client:
		client.ehlo()
		assert client.mail().code == 250
	assert seen in mails.named(proxied.upstream.wait()[0].data, "received")[0]


@pytest.mark.parametrize("header", [b"EHLO x\r\n", b"PROXY TCP4 10.1.2.3\r\n", b"PROXY TCP4 300.1.2.3 1.1.1.1 1 1\r\n",
	b"PROXY TCP4 " + b"1" * 200 + b"\r\n", b"PROXY\r\n", V2 + b"\x31\x11\x00\x0c" + b"\0" * 12,
	V2 + b"\x21\x11\xff\xff" + b"\0" * 70000, V2 + b"\x21\x11\x00\x02ab"],
	ids=["none", "v1-short", "v1-address", "v1-long", "v1-empty", "v3", "v2-long", "v2-short"])
def test_bad_proxy_header(proxied, header):
	"""SS-55 A-16: a missing or bad header is the end, without a greeting."""
	with Client(proxied.port(), greet=False) as client:
		try:
			client.send(header)
		except OSError:
			pass
		assert client.until_end() == b""


def test_proxied_client_must_be_allowed(proxied):
	"""SS-55 DECISIONS 11: `allow` judges the client behind the proxy."""
	with Client(proxied.port(), greet=False, first=v2("10.2.0.1")) as client:
		assert b"220" not in client.until_end()


def test_proxy_from_elsewhere(proxied):
	"""A-16: only a known proxy may say who the client is."""
	with Client(proxied.port(), greet=False, source="127.0.0.9", first=v2("10.1.2.3")) as client:
		assert b"220" not in client.until_end()
