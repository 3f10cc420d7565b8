"""The console by `mailwicket console -c FILE COMMAND` and by scripts piped to it."""
import json
import os
import re
import socket

import pytest

import harness
from smtpclient import Client

ALL = [".*"]
LOCAL = "canary-Local-23"


@pytest.fixture
def gate(relay):
	return relay("plain", account={"smtp_tls": "off", "auth": "none"},
		more={("user", "printer"): {"password": LOCAL}}, allow=ALL)


def refused(gate, command=None, script=None):
	"""A command that fails: one line that starts with `error:`, and a status that isn't 0."""
	done = gate.console(command, script=script, ok=False)
	assert done.returncode != 0, done
	errors = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error:")]
	assert len(errors) == 1, done
	return errors[0]


def test_help(gate):
	"""`help`, `?` and `help COMMAND`."""
	text = gate.console("help")
	for word in ("show", "get", "set", "add", "delete", "changes", "revert", "commit", "check", "passwd",
			"export", "import", "log", "quit"):
		assert re.search(rf"\b{word}\b", text), word
	assert gate.console("?")
	assert "smtp_host" in gate.console("help account")


@pytest.mark.parametrize("what", ["status", "config", "accounts", "account office", "sessions", "pools",
	"memory", "network", "certificates", "log"])
def test_show(gate, what):
	"""Each has a form for people and one for programs."""
	assert gate.console(f"show {what}").strip()
	json.loads(gate.console(f"show {what} --json"))


def test_show_sessions(gate):
	"""A running session is listed with its state."""
	with Client(gate.port(), source="127.0.0.7") as client:
		client.ehlo()
		client.ok("MAIL FROM:<a@device.lan>")
		assert "127.0.0.7" in gate.console("show sessions")
		assert "127.0.0.7" in gate.console("show sessions --json")


def test_prefixes(gate):
	"""CONFIG 3: unique prefixes work; others are refused."""
	assert gate.console("sh po") == gate.console("show pools")
	assert refused(gate, "s pools")


@pytest.mark.parametrize("command", ["nonsense", "get", "get main.nonsense", "get nobody.option",
	"set main.hostname", "set main.hostnme=x", "set office.smtp_port=70000", "set office.smtp_tls=maybe",
	"add nonsense x", "add user printer", "delete nobody", "delete main.nonsense", "show nonsense",
	"check nobody", "passwd nobody", "add user Bad-Name"])
def test_errors(gate, command):
	"""CONFIG 3: one line that starts with `error:`, and a status."""
	assert len(refused(gate, command)) > len("error: ")


def test_nearest_name(gate):
	"""CONFIG 2: a misspelt option is met with the name that was meant."""
	assert "hostname" in refused(gate, "set main.hostnme=x")


def test_edit_and_commit(gate):
	"""Nothing changes before `commit`; then the file and the running gateway do."""
	before = open(gate.config, encoding="utf-8").read()
	gate.console(script="set main.hostname=renamed.test\nset main.max_message=1M\nadd user second\n"
		"set second.password=Other-Pass-1\nset second.account=office\nquit\n")
	assert gate.console("get main.hostname").strip().endswith("renamed.test")
	changes = gate.console("changes")
	assert "renamed.test" in changes and "second" in changes and "Other-Pass-1" not in changes
	assert open(gate.config, encoding="utf-8").read() == before
	with Client(gate.port()) as client:
		assert "gateway.test" in client.greeting.text
		gate.console("commit")
		client.ehlo()
		assert client.mail().code == 250, "a commit drops no session"
	with Client(gate.port()) as client:
		assert "renamed.test" in client.greeting.text
		client.ehlo()
		client.auth_plain("second", "Other-Pass-1")
	after = open(gate.config, encoding="utf-8").read()
	assert "renamed.test" in after and gate.test().returncode == 0
	assert os.stat(gate.config).st_mode & 0o077 == 0
	assert gate.console("changes").strip() in ("", "no changes") or "no " in gate.console("changes").lower()


def test_revert(gate):
	"""`revert` forgets everything that was not committed."""
	gate.console("set main.hostname=renamed.test")
	gate.console("revert")
	assert gate.console("get main.hostname").strip().endswith("gateway.test")
	assert "renamed" not in gate.console("changes")


def test_commit_refuses_what_test_refuses(gate):
	"""A candidate that is wrong as a whole is not committed; the running one stays."""
	gate.console("set main.account=office")
	gate.console("delete office.smtp_host")
	assert refused(gate, "commit")
	with Client(gate.port()) as client:
		client.ehlo()
		assert client.mail().code == 250


def test_lists_and_routes(gate):
	"""add_list, del_list, add and move of routes, delete."""
	gate.console(script="add_list scan.allow=10.9.0.0/16\nadd_list scan.allow=127.0.0.0/8\n"
		"del_list scan.allow=10.9.0.0/16\nadd route\nset @route[0].sender=a@x.test\n"
		"set @route[0].account=office\nadd route\nset @route[1].sender=b@x.test\nset @route[1].action=reject\n"
		"move @route[1] 0\nquit\n")
	assert "b@x.test" in gate.console("get @route[0].sender")
	listed = gate.console("get scan.allow")
	assert "127.0.0.0/8" in listed and "10.9" not in listed
	gate.console("delete @route[0]")
	assert "a@x.test" in gate.console("get @route[0].sender")
	gate.console("commit")


def test_passwd(gate):
	"""DECISIONS 16: what is stored is the RFC 5803 string, and the new password works."""
	gate.console(script="passwd printer\nNew-Pass-4\ncommit\nquit\n")
	text = open(gate.config, encoding="utf-8").read()
	assert "SCRAM-SHA-256$" in text and LOCAL not in text and "New-Pass-4" not in text
	with Client(gate.port()) as client:
		client.ehlo()
		client.auth_plain("printer", "New-Pass-4")


def test_secrets_are_hidden(gate):
	"""DECISIONS 15: `<hidden>` instead of secrets."""
	for command in ("export", "show config", "get printer.password"):
		text = gate.console(command)
		assert LOCAL not in text and "<hidden>" in text, command


def test_export_import(gate):
	"""DECISIONS 15: what was exported can be imported; hidden secrets keep their value."""
	text = gate.console("export")
	assert "config gateway 'main'" in text and "config user 'printer'" in text
	changed = text.replace("gateway.test", "imported.test")
	gate.console(script="import\n" + changed + ".\ncommit\nquit\n")
	with Client(gate.port()) as client:
		assert "imported.test" in client.greeting.text
		client.ehlo()
		client.auth_plain("printer", LOCAL)
	assert harness.PASSWORD in open(gate.config, encoding="utf-8").read()


def test_export_secrets(gate):
	"""DECISIONS 15: root alone may see them."""
	if os.geteuid():
		pytest.skip("the gateway's own user may read its configuration anyway")
	assert LOCAL in gate.console("export secrets")


def test_bad_import(gate):
	"""A wrong text changes nothing, and says in which line it is wrong."""
	error = refused(gate, script="import\nconfig gateway 'main'\n\toption nonsense 'x'\n.\n")
	assert "2" in error and "nonsense" in error
	assert gate.console("get main.hostname").strip().endswith("gateway.test")


def test_log(gate):
	"""`log` shows what happened; a trace of a message's id shows its lines alone."""
	with Client(gate.port()) as client:
		client.ehlo()
		assert client.mail().code == 250
	assert "owner@example.test" in gate.console("log")


def test_scripts_stop_at_the_first_error(gate):
	"""CONFIG 3: a scripted failure ends with a status, and what came before stays as it was."""
	refused(gate, script="set main.hostname=first.test\nnonsense\nset main.hostname=second.test\n")
	assert "second.test" not in gate.console("get main.hostname")
	gate.console("revert")


def test_several_consoles_and_a_full_house(gate):
	"""More consoles than slots: the surplus is refused in words, sessions of mail go on."""
	path = gate.sections[("gateway", "main")]["control"]
	peers = []
	for _ in range(12):
		peer = socket.socket(socket.AF_UNIX)
		peer.settimeout(5)
		try:
			peer.connect(path)
		except OSError:
			pass
		peers.append(peer)
	with Client(gate.port()) as client:
		client.ehlo()
		assert client.mail().code == 250
	for peer in peers:
		peer.close()
	assert gate.console("show status")


def test_no_gateway(gate):
	"""Without a running gateway the console says so."""
	gate.stop()
	done = gate.console("show status", ok=False)
	assert done.returncode != 0 and done.stderr.startswith("error:") or "error:" in done.stdout
