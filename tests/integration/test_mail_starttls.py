"""TLS of the mailbox proxies, both sides: injection, stripping, PREAUTH, early answers (A-20 to A-29e)."""
import base64
import re
import socket

import pytest

import authority as ca
import harness
import mailclient
from mailclient import KINDS, LOCAL_PASSWORD, TEMPORARY, verdict
from mailupstream import IMAP_AFTER, IMAP_CAPS, POP3_CAPS
from smtpclient import any_certificate
from upstream import DROP, RESET

PROTOCOLS = ("imap", "pop3")
MODES = ("starttls", "implicit")
EVIL = "visit http://evil.example now"
START = {"imap": "STARTTLS", "pop3": "STLS"}
CAPA = {"imap": "CAPABILITY", "pop3": "CAPA"}
SIGN_IN = {"imap": "AUTHENTICATE", "pop3": "AUTH"}
ALL = [".*"]


def assert_refused(gate):
	"""A temporary refusal without the provider's words, and nothing was given away."""
	code, text = verdict(gate)
	assert code == TEMPORARY[gate.protocol], text
	assert "evil" not in text
	assert gate.upstream.sessions, "the gateway never called"
	assert gate.upstream.secrets_in_clear() == []


def assert_no_sign_in(gate):
	for session in gate.upstream.sessions:
		assert not {"LOGIN", "AUTHENTICATE", "USER", "PASS", "AUTH"} & set(session.verbs()), session.commands


def next_tag(tag):
	"""The tag that a guesser expects next."""
	digits = re.search(r"\d+$", tag)
	return tag[:digits.start()] + str(int(digits[0]) + 1).zfill(len(digits[0])) if digits else tag + "1"


# --- the provider's side

INJECTED = {"imap": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", b"* OK x\r\n", b"x", b"NEXT OK done\r\n",
	b"* PREAUTH x\r\n"], "pop3": [b"+OK\r\n", b"+OK\r\nUSER\r\n.\r\n", b"x", b"\r\n"]}


@pytest.mark.parametrize("protocol,injected", [(protocol, octets) for protocol in PROTOCOLS
	for octets in INJECTED[protocol]])
def test_response_injection(mailbox, protocol, injected):
	"""A-21: octets behind the OK of STARTTLS in the same segment end the session."""
	def answer(session, _line):
		start = b"TAG OK go ahead\r\n" if protocol == "imap" else b"+OK go ahead\r\n"
		tag = getattr(session, "tag", "")
		return start + injected.replace(b"NEXT", next_tag(tag).encode())

	gate = mailbox(protocol, script={START[protocol]: answer}, allow=ALL)
	assert_refused(gate)
	assert all(not session.octets(True) for session in gate.upstream.sessions)


REFUSED = {"imap": ["TAG NO " + EVIL, "TAG BAD " + EVIL, "* BYE " + EVIL, "+ " + EVIL, "nonsense",
	"WRONG OK " + EVIL, "TAG", "* OK " + EVIL + "\r\nTAG NO x", "TAG PREAUTH x", DROP, RESET],
	"pop3": ["-ERR " + EVIL, "-ERR [SYS/PERM] " + EVIL, "+ " + EVIL, "nonsense", "OK", "+O", DROP, RESET]}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_stripped_by_reply(mailbox, protocol):
	"""A-22 A-27: any answer to STARTTLS but OK is the end; its text does not reach the client."""
	gate = mailbox(protocol, allow=ALL)
	for reply in REFUSED[protocol]:
		gate.upstream.script = {START[protocol]: reply}
		assert_refused(gate)
	assert_no_sign_in(gate)


STRIPPED = {"imap": [IMAP_CAPS, IMAP_CAPS + " AUTH=PLAIN AUTH=LOGIN", "", "IMAP4rev1 XSTARTTLS", "STARTTLSX",
	"IMAP4"], "pop3": [POP3_CAPS, POP3_CAPS + ("USER", "SASL PLAIN"), (), ("XSTLS",), ("STLSX",)]}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_stripped_capability(mailbox, protocol):
	"""A-22 A-23 A-29c: no STARTTLS offered and none to be had, no sign-in."""
	refused = {START[protocol]: "TAG BAD " + EVIL if protocol == "imap" else "-ERR " + EVIL}
	gate = mailbox(protocol, script=refused, allow=ALL)
	for words in STRIPPED[protocol]:
		gate.upstream.capabilities = words
		assert_refused(gate)
	for answer in (["TAG BAD " + EVIL, "TAG NO " + EVIL] if protocol == "imap" else ["-ERR " + EVIL]):
		gate.upstream.script = dict(refused, **{CAPA[protocol]: answer})
		assert_refused(gate)
	assert_no_sign_in(gate)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_answer_instead_of_a_handshake(mailbox, protocol):
	"""A-22: an OK that is followed by text is not TLS."""
	def speak(session, _line):
		session.send("TAG OK go ahead" if protocol == "imap" else "+OK go ahead")
		session.send("* OK no handshake here" if protocol == "imap" else "+OK no handshake here")
		return DROP

	gate = mailbox(protocol, script={START[protocol]: speak}, allow=ALL)
	assert_refused(gate)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("greeting", ["* PREAUTH [CAPABILITY IMAP4rev1] " + EVIL,
	"* preauth x", "* PREAUTH\r\n* OK x"], ids=["capability", "lower", "then-ok"])
def test_preauth(mailbox, mode, greeting):
	"""A-24 IM-21: a session that is signed in before it began is refused, inside TLS too."""
	gate = mailbox("imap", mode, script={"greeting": greeting}, allow=ALL)
	assert_refused(gate)
	assert_no_sign_in(gate)


@pytest.mark.parametrize("protocol,greeting", [("imap", "* BYE " + EVIL),
	("imap", "* BYE [REFERRAL imap://evil.example/] " + EVIL), ("imap", "* NO " + EVIL), ("imap", "+ x"),
	("imap", "* BAD " + EVIL), ("imap", "220 smtp.example ESMTP"), ("imap", "* 5 EXISTS"),
	("imap", "x" * 70000), ("pop3", "-ERR " + EVIL), ("pop3", "-ERR [SYS/PERM] " + EVIL), ("pop3", "* OK x"),
	("pop3", "220 smtp.example ESMTP"), ("pop3", "x" * 70000), ("pop3", "+ OK")])
def test_other_greetings(mailbox, protocol, greeting):
	"""IM-21 A-27: whatever greets otherwise gets no password, and its words go nowhere."""
	gate = mailbox(protocol, script={"greeting": greeting}, allow=ALL)
	assert_refused(gate)
	assert_no_sign_in(gate)


UNTAGGED = ("* LIST (\\Noselect) \"/\" \"evil\"\r\n* LSUB () \"/\" \"evil\"\r\n* STATUS INBOX (MESSAGES 5)\r\n"
	"* SEARCH 1 2 3\r\n* FLAGS (\\evil)\r\n* 5 EXISTS\r\n* 2 RECENT\r\n* 1 EXPUNGE\r\n"
	"* 1 FETCH (FLAGS (\\evil))\r\n* OK [ALERT] evil\r\n* NO evil\r\n* OK [REFERRAL imap://evil/] evil\r\n"
	"* CAPABILITY IMAP4rev1 XEVIL AUTH=XEVIL\r\n")


@pytest.mark.parametrize("point", ["greeting", "CAPABILITY", "STARTTLS"])
def test_untagged_before_tls(mailbox, point):
	"""A-25 A-26 A-27 IM-22: what comes in clear is neither kept nor shown; sign-in happens inside TLS."""
	replies = {"greeting": f"* OK [CAPABILITY {IMAP_CAPS} STARTTLS XEVIL] evil\r\n" + UNTAGGED[:-2],
		"CAPABILITY": [f"{UNTAGGED}* CAPABILITY {IMAP_CAPS} STARTTLS\r\nTAG OK evil",
			f"* CAPABILITY {IMAP_CAPS} AUTH=PLAIN\r\nTAG OK done"],
		"STARTTLS": UNTAGGED + "TAG OK [CAPABILITY IMAP4rev1 AUTH=XEVIL] evil"}
	gate = mailbox("imap", script={point: replies[point]})
	with KINDS["imap"](gate.port("imap")) as client:
		result = client.login()
		assert "evil" not in (repr(result) + repr(client.greeting)).lower()
		assert "evil" not in repr(client.ok("NOOP")).lower()
		client.quit()
	session = gate.upstream.sessions[0]
	assert session.auth in ("PLAIN", "LOGIN") and gate.upstream.secrets_in_clear() == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_capabilities_from_before_tls_are_forgotten(mailbox, protocol):
	"""A-26 IM-08 PO-05: mechanisms are those told inside TLS."""
	gate = mailbox(protocol)
	upstream = gate.upstream
	if protocol == "imap":
		upstream.capabilities = "IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN"
		upstream.capabilities_tls = "IMAP4rev1 AUTH=LOGIN"
	else:
		upstream.capabilities = ("STLS", "SASL PLAIN", "USER")
		upstream.capabilities_tls = ("SASL LOGIN",)
	code, text = verdict(gate)
	assert code == "OK", text
	assert upstream.sessions[0].auth == "LOGIN"
	asked = [tls for tls, line in upstream.sessions[0].commands if CAPA[protocol] in line]
	assert asked[-1] is True


@pytest.mark.parametrize("protocol,words", [("imap", "IMAP4rev1 LOGINDISABLED"),
	("imap", "IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2"), ("pop3", ("TOP", "UIDL", "SASL XOAUTH2"))])
def test_no_way_to_sign_in_inside_tls(mailbox, protocol, words):
	"""A-29d: credentials are not sent to a server that offers no way to take them."""
	gate = mailbox(protocol, allow=ALL)
	gate.upstream.capabilities_tls = words
	assert_refused(gate)
	octets = b"".join(session.octets(True) for session in gate.upstream.sessions)
	assert harness.PASSWORD.encode() not in octets
	assert base64.b64encode(f"\0{harness.USER}\0{harness.PASSWORD}".encode()) not in octets


@pytest.mark.parametrize("where", ["greeting", "before", "inside", "after_tls"])
def test_tagged_ok_too_early(mailbox, where):
	"""A-29: an OK for a command that has not been sent yet counts for nothing, or ends the session."""
	calls = []

	def early(session, _line):
		calls.append(session.secure)
		caps = f"* CAPABILITY {session.caps()}\r\nTAG OK done\r\n"
		if session.secure == (where == "inside"):
			caps += f"{next_tag(session.tag)} OK evil\r\n"
		return caps.encode()

	tags = "".join(f"{prefix}{number} OK evil\r\n" for prefix in ("a", "A", "t", "mw", "m", "w", "x", "")
		for number in ("1", "2", "3", "4", "01", "02", "03", "001", "002", "003", "0001", "0002", "0003"))
	script = {"greeting": f"* OK ready\r\n{tags[:-2]}"} if where == "greeting" else (
		{"after_tls": tags.encode()} if where == "after_tls" else {"CAPABILITY": early})
	gate = mailbox("imap", script=script, users={}, allow=ALL)
	code, text = verdict(gate)
	assert code == TEMPORARY["imap"] and "evil" not in text, text
	assert gate.upstream.secrets_in_clear() == []


@pytest.mark.parametrize("where", ["before", "inside", "after_tls"])
def test_extra_ok(mailbox, where):
	"""A-29: POP3 has no tags: a reply that nobody asked for shifts all others, so it ends the session."""
	def extra(session, _line):
		words = "".join(f"{word}\r\n" for word in
			(session.upstream.capabilities_tls if session.secure else session.upstream.capabilities))
		return f"+OK\r\n{words}.\r\n" + ("+OK evil\r\n" * 4 if session.secure == (where == "inside") else "")

	script = {"after_tls": b"+OK evil\r\n" * 5} if where == "after_tls" else {
		"CAPA": lambda session, line: extra(session, line).encode()}
	gate = mailbox("pop3", script=script, users={}, allow=ALL)
	code, text = verdict(gate)
	assert code == TEMPORARY["pop3"] and "evil" not in text, text
	assert gate.upstream.secrets_in_clear() == []


def test_wrong_tags_in_the_sign_in(mailbox):
	"""A-29 IM-20: an OK with another tag than the command's does not sign in."""
	gate = mailbox("imap", script={"AUTHENTICATE": "WRONG OK evil", "LOGIN": "WRONG OK evil"}, users={},
		allow=ALL, idle=False)
	with KINDS["imap"](gate.port("imap"), timeout=2) as client:
		client.start(f'LOGIN "reader" "{LOCAL_PASSWORD}"')
		try:
			heard = client.response()
		except TimeoutError:
			heard = b""
		assert b" OK " not in heard and b"evil" not in heard


@pytest.mark.parametrize("reply", ["TAG NO [REFERRAL imap://reader@127.0.0.1:{port}/] evil",
	"* BYE [REFERRAL imap://127.0.0.1:{port}/] evil", "TAG OK [REFERRAL imap://127.0.0.1:{port}/] fine"],
	ids=["no", "bye", "ok"])
def test_referrals(mailbox, reply):
	"""A-28 IM-26: nobody follows a referral."""
	with socket.create_server(("127.0.0.1", 0)) as elsewhere:
		elsewhere.settimeout(0.5)
		answer = reply.format(port=elsewhere.getsockname()[1])
		gate = mailbox("imap", script={"AUTHENTICATE": answer, "LOGIN": answer}, allow=ALL)
		code, text = verdict(gate)
		assert code == ("OK" if "TAG OK" in reply else TEMPORARY["imap"]), text
		with pytest.raises(TimeoutError):
			elsewhere.accept()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("mode", MODES)
def test_bad_certificates(gateway, authority, protocol, mode):
	"""A-29b A-56 TL-07 TL-08: the same bad certificates at both kinds of port; no password leaves."""
	from mailupstream import KINDS as servers
	leaves = list(ca.BAD) + ["ec", "rsa", "p384"]
	made = {leaf: servers[protocol](authority.context(leaf), mode) for leaf in leaves}
	more = {}
	for leaf, server in made.items():
		more[("account", "to_" + leaf)] = {"provider": "generic", "address": harness.USER,
			"password": harness.PASSWORD, "smtp_host": "localhost", protocol + "_host": "localhost", protocol + "_port": server.port,
			protocol + "_tls": mode}
		more[("user", leaf)] = {"password": LOCAL_PASSWORD, "account": "to_" + leaf}
	gate = gateway(mailclient.sections(authority, more=more), allow=ALL)
	try:
		for leaf, server in made.items():
			code, text = verdict(gate, user=leaf, protocol=protocol)
			assert code == (TEMPORARY[protocol] if leaf in ca.BAD else "OK"), (leaf, text)
			assert server.sessions, leaf
			assert server.secrets_in_clear() == []
			signed = [session.auth for session in server.sessions if session.auth]
			assert bool(signed) == (leaf not in ca.BAD), leaf
	finally:
		for server in made.values():
			server.stop()


def test_clear_is_for_private_providers_only(gateway, authority):
	"""A-29c A-29e DECISIONS 26: `off` towards a public provider is refused in words."""
	for protocol in PROTOCOLS:
		sections = mailclient.sections(authority, account={protocol + "_tls": "off",
			protocol + "_host": "192.0.2.1"})
		done = gateway(sections, wait=False).test()
		assert done.returncode == 1 and protocol + "_tls" in done.stdout + done.stderr, done


# --- the client's side

COMMANDS = {"imap": [b"x LOGIN reader canary-Local-23\r\n", b"x NOOP\r\n", b"\r\n", b"x", b"x CAPABILITY\r\n"],
	"pop3": [b"USER reader\r\nPASS canary-Local-23\r\n", b"CAPA\r\n", b"\r\n", b"x"]}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_command_injection(mailbox, protocol):
	"""A-20 IM-07 PO-04: plaintext behind STARTTLS is never executed; the session ends."""
	gate = mailbox(protocol, tls="starttls", allow=ALL)
	start = b"a STARTTLS\r\n" if protocol == "imap" else b"STLS\r\n"
	for injected in COMMANDS[protocol]:
		with KINDS[protocol](gate.port(protocol)) as client:
			client.send(start + injected)
			assert client.until_end() == b"", "closed without an answer"
		with KINDS[protocol](gate.port(protocol)) as client:
			client.send(start)
			first = client.line()
			assert b"OK" in first, first
			client.send(injected if injected.endswith(b"\n") else injected + b"\r\n")
			assert b"OK" not in client.until_end(), "executed in the next segment"
	assert gate.upstream.sessions == []


def test_imap_state_is_dropped(mailbox):
	"""A-26 A-29a IM-03 IM-07 IM-08: capabilities before and inside TLS, and no second STARTTLS."""
	gate = mailbox("imap", tls="required", allow=ALL)
	with KINDS["imap"](gate.port("imap")) as client:
		assert client.greeting.startswith(b"* OK [CAPABILITY ")
		before = client.ok("CAPABILITY").untagged[0].split()
		assert {b"STARTTLS", b"LOGINDISABLED"} <= set(before) and b"AUTH=PLAIN" not in before
		assert client.login(code="NO").code == "PRIVACYREQUIRED"
		refused = client.cmd("AUTHENTICATE PLAIN " + base64.b64encode(b"\0a\0b").decode())
		assert refused.status in ("NO", "BAD"), refused
		assert client.cmd("STARTTLS x").status == "BAD"
		client.starttls()
		inside = client.ok("CAPABILITY").untagged[0].split()
		assert not {b"STARTTLS", b"LOGINDISABLED"} & set(inside) and b"AUTH=PLAIN" in inside
		assert client.cmd("STARTTLS").status in ("BAD", "NO")
		result = client.login()
		assert IMAP_AFTER in result.text + repr(result.untagged)
		client.quit()
	assert LOCAL_PASSWORD not in "\n".join(gate.lines)


def test_pop3_state_is_dropped(mailbox):
	"""A-29a PO-03 PO-04: no USER before TLS where it is required; what came before it is forgotten."""
	gate = mailbox("pop3", tls="required", allow=ALL)
	with KINDS["pop3"](gate.port("pop3")) as client:
		before = client.capa()
		assert "STLS" in before and "USER" not in before
		assert client.cmd("USER reader").startswith("-ERR [SYS/PERM] ")
		assert client.cmd("PASS " + LOCAL_PASSWORD).startswith("-ERR")
		assert client.cmd("AUTH PLAIN " + base64.b64encode(b"\0a\0b").decode()).startswith("-ERR")
		client.starttls()
		inside = client.capa()
		assert "STLS" not in inside and "USER" in inside
		assert client.cmd("STLS").startswith("-ERR")
		client.login()
		client.quit()
	gate = mailbox("pop3", tls="starttls", listener={"plain_auth": "1"}, allow=ALL)
	with KINDS["pop3"](gate.port("pop3")) as client:
		client.ok("USER reader")
		client.starttls()
		assert client.cmd("PASS " + LOCAL_PASSWORD).startswith("-ERR")
		client.login()
		client.quit()
	assert LOCAL_PASSWORD not in "\n".join(gate.lines)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("tls", ["off", "implicit", "detect"])
def test_no_starttls_where_there_is_none(mailbox, protocol, tls):
	"""A-20: STARTTLS is refused at ports that don't offer it; the session goes on."""
	gate = mailbox(protocol, tls=tls, allow=ALL)
	context = any_certificate() if tls in ("implicit", "detect") else None
	with KINDS[protocol](gate.port(protocol), tls=context) as client:
		refused = client.cmd(START[protocol])
		assert (refused.status if protocol == "imap" else refused.split(" ")[0]) in ("BAD", "NO", "-ERR")
		client.login()
		client.quit()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_detect(mailbox, protocol):
	"""interop.md 2.12: TLS by the first octet, or the banner for who waits; an SSLv2 hello is let go."""
	gate = mailbox(protocol, tls="detect", allow=ALL)
	for context in (any_certificate(), None):
		with KINDS[protocol](gate.port(protocol), tls=context) as client:
			client.login()
			client.quit()
	with socket.create_connection(("127.0.0.1", gate.port(protocol)), 10) as old:
		old.sendall(b"\x80\x2e\x01\x00\x02" + b"\0" * 43)
		try:
			assert b"OK" not in old.recv(100)
		except ConnectionResetError:
			pass
