"""The provider of a mailbox is down, slow, hanging, refusing or busy: the right code each time, and the
client's next try works when the line is back (issue: must show 8; IM-19 PO-11)."""
import socket
import threading

import pytest

import mailclient
from mailclient import BUSY, KINDS, TEMPORARY, WRONG, attempt, verdict
from smtpclient import b64
from upstream import DROP, HANG, RESET, Delay

PROTOCOLS = ("imap", "pop3")
ALL = [".*"]
NAME = "someone@client.test"


def assert_back(gate, **who):
	"""The line is back: the next try works."""
	gate.upstream.script = {}
	code, text = verdict(gate, **who)
	assert code == "OK", text


# (protocol, point of the dialogue, what the provider does there)
TROUBLE = [("imap", "greeting", "* BYE [UNAVAILABLE] maintenance"), ("imap", "greeting", DROP),
	("imap", "greeting", RESET),
	("imap", "CAPABILITY", DROP), ("imap", "CAPABILITY", "TAG NO [UNAVAILABLE] not now"),
	("imap", "CAPABILITY", "* BYE shutting down"), ("imap", "STARTTLS", DROP),
	("imap", "STARTTLS", "TAG NO [UNAVAILABLE] no TLS now"), ("imap", "after_tls", b"* BYE shutting down\r\n"),
	("imap", "AUTHENTICATE", "TAG NO [UNAVAILABLE] the password service is away"),
	("imap", "AUTHENTICATE", "* BYE [UNAVAILABLE] leaving"), ("imap", "AUTHENTICATE", DROP),
	("imap", "AUTHENTICATE", RESET), ("imap", "AUTHENTICATE", "TAG NO [SERVERBUG] oops"),
	("imap", "AUTHENTICATE", "TAG NO [AUTHENTICATIONFAILED] wrong"), ("imap", "AUTHENTICATE", "TAG NO wrong"),
	("imap", "AUTHENTICATE", "TAG NO [EXPIRED] old"), ("imap", "AUTHENTICATE", "TAG BAD what"),
	("imap", "AUTHENTICATE", "+ " + b64('{"status":"400"}')), ("imap", "AUTHENTICATE", "nonsense"),
	("pop3", "greeting", "-ERR [SYS/TEMP] maintenance"), ("pop3", "greeting", DROP), ("pop3", "greeting", RESET),
	("pop3", "CAPA", DROP), ("pop3", "STLS", DROP), ("pop3", "STLS", "-ERR [SYS/TEMP] no TLS now"),
	("pop3", "AUTH", "-ERR [SYS/TEMP] the password service is away"), ("pop3", "AUTH", DROP),
	("pop3", "AUTH", RESET), ("pop3", "AUTH", "-ERR [AUTH] wrong"), ("pop3", "AUTH", "-ERR wrong"),
	("pop3", "AUTH", "nonsense")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_trouble(mailbox, protocol):
	"""IM-19 IM-21 PO-11 DECISIONS 21: with stored credentials everything is temporary for the client,
	who keeps its password; each time its next try works."""
	gate = mailbox(protocol, allow=ALL)
	for kind, point, action in TROUBLE:
		if kind != protocol:
			continue
		gate.upstream.script = {point: action}
		if action is RESET or action is DROP:
			gate.upstream.script = {point: [action] * 8}
		code, text = verdict(gate)
		assert code == TEMPORARY[protocol], (point, action, text)
		assert_back(gate)
	assert gate.upstream.secrets_in_clear() == []


@pytest.mark.parametrize("protocol,reply", [("imap", "TAG NO [INUSE] the mailbox is open elsewhere"),
	("pop3", "-ERR [IN-USE] the mailbox is open elsewhere"),
	("pop3", "-ERR maildrop already locked"), ("pop3", "-ERR [LOGIN-DELAY] wait")])
def test_busy(mailbox, protocol, reply):
	"""PF-04 IM-19: a mailbox that is in use, or not yet free again, says so."""
	gate = mailbox(protocol, script={"AUTH": reply, "AUTHENTICATE": reply, "PASS": reply}, allow=ALL)
	code, text = verdict(gate)
	assert code == BUSY[protocol], text
	assert_back(gate)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_client_logins(mailbox, protocol):
	"""IM-19 PO-11 PO-13: with `login client` the provider judges: a wrong password is the client's, all
	else is temporary; names and passwords reach the provider as they were typed."""
	account = {"login": "client", "domain": ["client.test"], "delivery": "direct"}
	passwords = {NAME: "right one", "recent:" + NAME: "päss wörd ", "a\\\"b@client.test": "q\"\\z {5}"}
	gate = mailbox(protocol, account=account, users=passwords, allow=ALL)
	for name, password in passwords.items():
		if protocol == "imap":
			name, password = (text.replace("\\", "\\\\").replace('"', '\\"') for text in (name, password))
		if not name.isascii() or not password.isascii():
			with KINDS[protocol](gate.port(protocol)) as client:
				sent = client.authenticate("PLAIN", name, password)
				assert "OK" in str(sent)
			continue
		code, text = verdict(gate, user=name, password=password)
		assert code == "OK", (name, text)
	assert [session.auth_name for session in gate.upstream.sessions] == list(passwords)
	code, text = verdict(gate, user=NAME, password="wrong one")
	assert code == WRONG[protocol], text
	code, text = verdict(gate, user="nobody@elsewhere.test", password="wrong one")
	assert code == WRONG[protocol], text
	temporary = {"imap": ["TAG NO [UNAVAILABLE] x", "* BYE x"], "pop3": ["-ERR [SYS/TEMP] x", "-ERR try later, "
		"temporary trouble"]}[protocol]
	for answer in temporary + [DROP]:
		gate.upstream.script = dict.fromkeys(("AUTH", "AUTHENTICATE"), answer)
		code, text = verdict(gate, user=NAME, password="right one")
		assert code == TEMPORARY[protocol], (answer, text)
	assert_back(gate, user=NAME, password="right one")
	clear = "\n".join(gate.lines)
	assert not [word for word in ("right one", "wrong one", b64("right one")) if word in clear]
	assert gate.upstream.secrets_in_clear() == []


def test_passed_on_codes(mailbox):
	"""IM-19: what the provider says about the client's own credentials is passed on."""
	account = {"login": "client", "domain": ["client.test"], "delivery": "direct"}
	gate = mailbox("imap", account=account, users={NAME: "x1"}, allow=ALL)
	for code, told in (("EXPIRED", "EXPIRED"), ("CONTACTADMIN", "CONTACTADMIN"),
			("AUTHORIZATIONFAILED", "AUTHENTICATIONFAILED")):
		gate.upstream.script = {"AUTHENTICATE": f"TAG NO [{code}] see the owner"}
		heard, text = verdict(gate, user=NAME, password="x1")
		assert heard == told, text
	assert_back(gate, user=NAME, password="x1")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_wrong_local_password(mailbox, protocol):
	"""IM-19 PO-10 PO-11 SS-36: a wrong password here never reaches the provider; unknown names sound
	alike."""
	gate = mailbox(protocol, allow=ALL)
	heard = {verdict(gate, user=user, password="not it") for user in ("reader", "nobody")}
	assert len(heard) == 1 and {code for code, _ in heard} == {WRONG[protocol]}, heard
	assert gate.upstream.sessions == []
	with KINDS[protocol](gate.port(protocol)) as client:
		assert attempt(client, password="not it")[0] == WRONG[protocol]
		assert attempt(client)[0] == "OK"
		client.quit()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_refused_connection(mailbox, protocol):
	"""IM-19 PO-11: nobody listens at the provider's port; then somebody does."""
	gate = mailbox(protocol, allow=ALL)
	upstream = gate.upstream
	upstream.listener.shutdown(socket.SHUT_RDWR)
	upstream.listener.close()
	code, text = verdict(gate)
	assert code == TEMPORARY[protocol], text
	upstream.listener = socket.create_server(("127.0.0.1", upstream.port), backlog=64)
	threading.Thread(target=upstream.accept, daemon=True).start()
	assert_back(gate)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unknown_host(gateway, authority, names, protocol):
	"""A-54 IM-19: a name that doesn't resolve is temporary trouble."""
	server = names({})
	gate = gateway(mailclient.sections(authority, main={"dns": [f"127.0.0.1#{server.port}"]},
		account={protocol + "_host": "nowhere.test"}), allow=ALL)
	code, text = verdict(gate, protocol=protocol)
	assert code == TEMPORARY[protocol], text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_slow_provider(mailbox, protocol):
	"""IM-24: a provider that takes its time everywhere is waited for."""
	slow = ("greeting", "CAPABILITY", "CAPA", "STARTTLS", "STLS")
	gate = mailbox(protocol)
	known = gate.upstream.value
	gate.upstream.value = lambda point, default: (Delay(0.4, known(point, default)) if point in slow
		else known(point, default))
	code, text = verdict(gate)
	assert code == "OK", text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_hanging_provider(mailbox, protocol):
	"""IM-24 A-68: a client that gives up while the provider hangs leaves nothing behind; others are not
	held up, and the next try works."""
	points = {"imap": ("greeting", "CAPABILITY", "STARTTLS", "AUTHENTICATE"),
		"pop3": ("greeting", "CAPA", "STLS", "AUTH")}[protocol]
	gate = mailbox(protocol, allow=ALL)
	for point in points:
		gate.upstream.script = {point: HANG}
		client = KINDS[protocol](gate.port(protocol), timeout=0.3)
		with pytest.raises(TimeoutError):
			attempt(client)
		assert_back(gate)
		client.close()
	gate.upstream.stop()
	gate.wait_idle()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("how", [DROP, RESET], ids=["closed", "reset"])
def test_provider_is_lost_after_login(mailbox, protocol, how):
	"""IM-25: the client's line ends with the provider's; what came before is passed on."""
	last = "* BYE leaving" if protocol == "imap" else "+OK last words"

	def leave(session, _line):
		session.send(last)
		return how

	gate = mailbox(protocol, script={"NOOP": leave}, allow=ALL)
	client = KINDS[protocol](gate.port(protocol))
	assert attempt(client)[0] == "OK"
	client.send(b"x NOOP\r\n" if protocol == "imap" else b"NOOP\r\n")
	heard = client.until_end()
	if how is DROP:
		assert heard == last.encode() + b"\r\n"
	client.close()
	assert_back(gate)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_full(mailbox, protocol):
	"""A-40 DECISIONS 17: above the listener's connections a client gets the constant refusal."""
	gate = mailbox(protocol, listener={"max_connections": "2", "max_per_client": "2"}, allow=ALL)
	held = [KINDS[protocol](gate.port(protocol)) for _ in range(2)]
	refused = KINDS[protocol](gate.port(protocol))
	greeting = refused.greeting if protocol == "imap" else refused.greeting.encode()
	assert greeting.startswith({"imap": b"* BYE [UNAVAILABLE]", "pop3": b"-ERR [SYS/TEMP]"}[protocol])
	assert refused.until_end() == b""
	for client in held:
		client.quit()
	assert_back(gate)
