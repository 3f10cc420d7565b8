"""Every listener by every way to the provider by every mechanism, on both sides (issue: must show 2;
A-29e IM-09..14 IM-20 PO-06..09)."""
import imaplib
import poplib
import subprocess

import pytest

import harness
import mailclient
from mailclient import KINDS, LOCAL_PASSWORD
from smtpclient import any_certificate, trusting

HOST = "localhost"  # who waits for the banner of a detect listener waits a second: one client in six
LISTENERS = ("off", "starttls", "required", "implicit", "detect")
SECURITY = ("starttls", "implicit", "off")
MECHANISMS = {"auto": ("PLAIN", "CRAM-MD5"), "plain": ("PLAIN",), "login": ("LOGIN",),
	"cram_md5": ("CRAM-MD5",)}
MESSAGE = b"From: a@example.test\r\nSubject: the one\r\n\r\n.dots\r\n..\r\n\xe4\xf6\xfc\r\n"


@pytest.fixture(scope="module")
def server(request, dovecot):
	made = dovecot(leaf=request.param)
	for security in SECURITY:
		for mechanism in MECHANISMS:
			made.fill(f"{security}-{mechanism}@example.test", [MESSAGE])
	return made


@pytest.fixture
def gate(server, gateway, authority):
	"""Listeners imap_off, pop3_off …; users starttls_plain … with an account of their own each."""
	cert, key = authority.leaf("ec")
	more = {}
	for tls in LISTENERS:
		for protocol in KINDS:
			own = {} if tls == "off" else {"certificate": cert, "key": key}
			more[("listener", f"{protocol}_{tls}")] = {"protocol": protocol, "address": ["127.0.0.1"],
				"port": harness.free_port(), "tls": tls, "max_connections": "100", "max_per_client": "100",
				"plain_auth": None if tls in ("off", "required", "implicit") else "1", **own}
	for security in SECURITY:
		ports = (server.imaps, server.pop3s) if security == "implicit" else (server.imap, server.pop3)
		for mechanism in MECHANISMS:
			name = f"{security}_{mechanism}"
			address = name.replace("_", "-", 1) + "@example.test"
			more[("account", "to_" + name)] = {"provider": "generic", "address": address, "auth": mechanism,
				"password": harness.PASSWORD, "smtp_host": HOST, "imap_host": HOST, "imap_port": ports[0],
				"imap_tls": security, "pop3_host": HOST, "pop3_port": ports[1], "pop3_tls": security}
			more[("user", name)] = {"password": LOCAL_PASSWORD, "clear": "1", "account": "to_" + name}
	return gateway(mailclient.sections(authority, more=more))


def with_imaplib(gate, authority, tls, user, turn):
	context = trusting(authority.trust)
	port = gate.port("imap_" + tls)
	if tls == "implicit" or (tls == "detect" and turn % 6):
		client = imaplib.IMAP4_SSL(HOST, port, ssl_context=context)
	else:
		client = imaplib.IMAP4(HOST, port)
	if tls in ("starttls", "required"):
		client.starttls(context)
	if turn % 3 == 0:
		client.login(user, LOCAL_PASSWORD)
	elif turn % 3 == 1:
		client.login_cram_md5(user, LOCAL_PASSWORD)
	else:
		client.authenticate("PLAIN", lambda _: f"\0{user}\0{LOCAL_PASSWORD}".encode())
	client.select(readonly=True)
	got = client.fetch("1", "(BODY.PEEK[])")[1][0][1]
	client.logout()
	return got


def with_poplib(gate, authority, tls, user, turn):
	context = trusting(authority.trust)
	port = gate.port("pop3_" + tls)
	if tls == "implicit" or (tls == "detect" and turn % 6):
		client = poplib.POP3_SSL(HOST, port, context=context)
	else:
		client = poplib.POP3(HOST, port)
	if tls in ("starttls", "required"):
		client.stls(context)
	client.user(user)
	client.pass_(LOCAL_PASSWORD)
	got = b"\r\n".join(client.retr(1)[1]) + b"\r\n"
	client.quit()
	return got


def with_curl(protocol):
	def fetch(gate, authority, tls, user, turn):
		secure = tls == "implicit" or (tls == "detect" and turn % 6)
		mechanisms = {"imap": ("PLAIN", "LOGIN", "CRAM-MD5"), "pop3": ("PLAIN", "LOGIN")}[protocol]
		done = subprocess.run(["curl", "-sS", "--user", f"{user}:{LOCAL_PASSWORD}", "--cacert",
			authority.trust, "--login-options", "AUTH=" + mechanisms[turn % len(mechanisms)],
			*(["--ssl-reqd"] if tls in ("starttls", "required") else []),
			f"{protocol}{'s' if secure else ''}://127.0.0.1:{gate.port(f'{protocol}_{tls}')}/"
			+ ("INBOX;UID=1" if protocol == "imap" else "1")], capture_output=True, timeout=60, check=False)
		assert done.returncode == 0, done
		return done.stdout
	return fetch


def with_raw(protocol):
	def fetch(gate, _authority, tls, user, turn):
		secure = tls == "implicit" or (tls == "detect" and turn % 6)
		client = KINDS[protocol](gate.port(f"{protocol}_{tls}"), tls=any_certificate() if secure else None)
		if tls in ("starttls", "required"):
			client.starttls()
		mechanism = ("PLAIN", "LOGIN", "CRAM-MD5", "PLAIN")[turn % 4]
		if protocol == "pop3" and mechanism == "CRAM-MD5":
			offered = [line for line in client.capa() if line.startswith("SASL ")]
			mechanism = "CRAM-MD5" if "CRAM-MD5" in offered[0] else "LOGIN"
		result = client.authenticate(mechanism, user, initial=turn % 4 == 0)
		assert "OK" in (result.status if protocol == "imap" else result), result
		if protocol == "imap":
			client.ok("EXAMINE INBOX")
			got = client.fetch("1 BODY.PEEK[]")[1]
		else:
			got = client.multi("RETR 1")
		client.quit()
		return got
	return fetch


CLIENTS = {"imaplib": with_imaplib, "poplib": with_poplib, "curl-imap": with_curl("imap"),
	"curl-pop3": with_curl("pop3"), "raw-imap": with_raw("imap"), "raw-pop3": with_raw("pop3")}


@pytest.mark.parametrize("server,client", [("ec", client) for client in CLIENTS] + [("rsa", "raw-imap"),
	("rsa", "raw-pop3")], indirect=["server"])
def test_everywhere(gate, server, authority, client):
	"""Every listener, security and mechanism: the message arrives, and the provider saw the mechanism and
	the TLS that the account says."""
	protocol = "pop3" if "pop" in client else "imap"
	seen, expected, turn = len(server.logins()), [], 0
	for tls in LISTENERS:
		for security in SECURITY:
			for mechanism in MECHANISMS:
				got = CLIENTS[client](gate, authority, tls, f"{security}_{mechanism}", turn)
				assert got == MESSAGE, (tls, security, mechanism)
				expected.append((protocol, f"{security}-{mechanism}@example.test", mechanism, security != "off"))
				turn += 1
	logins = server.logins(seen + len(expected))[seen:]
	assert [(kind, account, secure) for kind, account, _, secure in logins] == [
		(kind, account, secure) for kind, account, _, secure in expected]
	for (_, _, used, _), (_, account, mechanism, _) in zip(logins, expected):
		assert used in MECHANISMS[mechanism], (account, used)
