"""`mailwicket check`: walks DNS, TCP, TLS, greeting, capabilities and login, and says what is wrong."""
import json
import re

import pytest

import harness
from upstream import DROP

ALL = [".*"]


def lines(done):
	return (done.stdout + done.stderr).strip()


def test_good(relay):
	"""Every step with its facts; exit 0; with and without a running gateway, for one account or all."""
	gate = relay()
	for words in ((), ("office",)):
		done = gate.check(*words)
		assert done.returncode == 0, done
		text = lines(done)
		for fact in ("office", "127.0.0.1", "TLS 1.2", "ECDHE", "days", "localhost"):
			assert fact.lower() in text.lower(), (fact, text)
	shown = gate.console("check office --json")
	assert json.loads(shown)
	gate.stop()
	done = gate.check("office")
	assert done.returncode == 0, done
	assert gate.upstream.messages == []
	assert any("AUTH" in session.verbs() for session in gate.upstream.sessions)


def test_usage(relay):
	"""Exit 2 for what is no account, or no option."""
	gate = relay()
	assert gate.check("nobody").returncode in (1, 2)
	assert gate.run("check", "--nonsense").returncode == 2


def assert_fault(done, *words):
	"""Exit 1, and one sentence that names what is wrong, with a next step."""
	assert done.returncode == 1, done
	text = lines(done)
	for word in words:
		assert re.search(word, text, re.I), (word, text)
	assert harness.PASSWORD not in text


@pytest.mark.parametrize("known,words", [(3, ("not exist|no such|unknown",)),
	(2, ("name server|DNS",)), ([], ("no address|no such",))], ids=["nxdomain", "servfail", "empty"])
def test_dns(relay, names, known, words):
	"""The name is wrong, or the name server is."""
	server = names({"smtp.wrong.test": known})
	gate = relay(main={"dns": [f"127.0.0.1#{server.port}"]}, account={"smtp_host": "smtp.wrong.test"},
		allow=ALL)
	assert_fault(gate.check("office"), "smtp.wrong.test", *words)


def test_tcp(relay):
	"""Nobody listens at that port."""
	port = harness.free_port()
	gate = relay(account={"smtp_port": port}, allow=ALL)
	assert_fault(gate.check("office"), "refused", str(port))


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@pytest.mark.parametrize("leaf,words", [("expired", "expired"), ("not_yet_valid", "not yet valid|clock"),
	("wrong_name", "name"), ("self_signed", "self-signed|trust|authority"),
	("unknown_ca", "trust|authority|unknown"), ("rsa1024", "bits|short|weak|key"), ("sha1", "SHA-1|signature"),
	("eku_client", "server|purpose|usage"), ("constraints", "constraint|name"), ("cn_only", "name")])
def test_certificate(relay, mode, leaf, words):
	"""Each fault of a certificate in its own words."""
	gate = relay(mode, leaf, allow=ALL)
	assert_fault(gate.check("office"), "certificate|authority", words)
	assert gate.upstream.secrets_in_clear() == []


def test_wrong_kind_of_port(relay):
	"""Implicit TLS towards a STARTTLS port, and the reverse: the owner is told to change smtp_tls."""
	gate = relay("starttls", account={"smtp_tls": "implicit"}, allow=ALL)
	assert_fault(gate.check("office"), "TLS")
	gate = relay("implicit", account={"smtp_tls": "starttls"}, allow=ALL)
	gate.upstream.idle = 3
	assert gate.check("office").returncode == 1


@pytest.mark.parametrize("script,words", [({"greeting": "554 5.3.2 no service here"}, ("554|no service",)),
	({"greeting": "421 4.3.2 busy"}, ("421|busy",)), ({"greeting": DROP}, ("closed|lost|ended|greeting",)),
	({"EHLO": "502 what"}, ("EHLO|STARTTLS",)), ({"STARTTLS": "454 4.7.0 no"}, ("STARTTLS|TLS",)),
	({"AUTH": "535 5.7.139 basic authentication is disabled"}, ("OAuth2",)),
	({"AUTH": "534 5.7.9 application-specific password required"}, ("app password",)),
	({"AUTH": "535 5.7.8 bad credentials"}, ("password|sign-in|credentials",)),
	({"AUTH": "454 4.7.0 later"}, ("454|later|temporar",))],
	ids=["554", "421", "closed", "ehlo", "starttls", "oauth2", "app", "535", "454"])
def test_dialogue(relay, script, words):
	"""interop.md 3: what providers say, as a sentence."""
	gate = relay(script=script, allow=ALL)
	assert_fault(gate.check("office"), *words)


@pytest.mark.parametrize("clear,inside,words", [([], None, "STARTTLS"), (None, ["PIPELINING"], "AUTH|sign"),
	(None, ["AUTH XOAUTH2"], "OAuth2|XOAUTH2")], ids=["starttls", "auth", "oauth2"])
def test_capabilities(relay, clear, inside, words):
	"""What is missing in the provider's list."""
	gate = relay(capabilities=clear, allow=ALL)
	if inside is not None:
		gate.upstream.capabilities_tls = inside
	assert_fault(gate.check("office"), words)


def test_several_accounts(relay):
	"""One bad account among good ones: exit 1, and each is spoken of."""
	gate = relay(more={("account", "broken"): {"provider": "generic", "address": "x@example.test",
		"password": "x", "smtp_host": "localhost", "smtp_port": harness.free_port(),
		"smtp_tls": "implicit"}}, allow=ALL)
	done = gate.check()
	assert done.returncode == 1 and "office" in lines(done) and "broken" in lines(done)
