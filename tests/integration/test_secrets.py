"""Canary secrets are nowhere but where they belong (A-32, A-38; issue: must show 10)."""
import base64
import glob
import os
import re

import pytest

import harness
import smtpclient
from smtpclient import Client, b64

CANARIES = {"provider": "canary-Provider-8c1f", "local": "canary-Local-77aa", "typed": "canary-Typed-19be",
	"client": "canary-Client-5d02"}
STATES = ("NoNewPrivs", "Seccomp")


def forms(secret):
	"""Raw, hex, and what base64 makes of it at each of the three alignments (ends cut off)."""
	octets = secret.encode()
	yield octets
	yield octets.hex().encode()
	yield octets.hex().upper().encode()
	for shift in range(3):
		text = base64.b64encode(b"\0" * shift + octets)
		yield text[(0, 2, 3)[shift]:].rstrip(b"=")[:-1]


def found(haystack):
	haystack = haystack.encode("utf-8", "surrogateescape") if isinstance(haystack, str) else haystack
	return [name for name, secret in CANARIES.items() if any(form in haystack for form in forms(secret))]


def test_the_net_has_no_holes():
	"""Every form is found in a text that holds it."""
	for secret in CANARIES.values():
		for prefix in ("", "\0a\0", "\0ab\0", "\0abc\0"):
			assert found(b64(prefix + secret)) and found(prefix + secret)
	assert not found("canary")


@pytest.fixture(params=["info", "debug"])
def gate(request, relay):
	"""A gateway that has seen every canary: signed in up and down, failed, reloaded, checked."""
	return relay("starttls", users={harness.USER: CANARIES["provider"]},
		main={"log_level": request.param}, listener={"tls": "starttls", "plain_auth": "1"},
		account={"password": CANARIES["provider"]}, allow=[".*"],
		more={("user", "printer"): {"password": CANARIES["local"]},
			("account", "second"): {"provider": "generic", "login": "client", "domain": ["c.test"],
				"smtp_host": "localhost", "smtp_port": 9}})


def exercise(gate):
	with Client(gate.port()) as client:
		client.ehlo()
		client.starttls(smtpclient.any_certificate())
		client.ehlo()
		client.auth_login("printer", CANARIES["local"])
		assert client.mail().code == 250
	for line in ("AUTH PLAIN " + b64("\0printer\0" + CANARIES["typed"]),
			"AUTH PLAIN " + b64("\0a@c.test\0" + CANARIES["client"]), "AUTH LOGIN " + b64("printer"),
			"AUTH " + CANARIES["typed"], "PASS " + CANARIES["typed"]):
		with Client(gate.port()) as client:
			client.ehlo()
			if client.cmd(line).code == 334:
				client.cmd(b64(CANARIES["typed"]))
	gate.upstream.users[harness.USER] = "another"
	with Client(gate.port()) as client:
		client.ehlo()
		client.ok("MAIL FROM:<a@device.lan>")
		assert client.cmd("RCPT TO:<b@c.test>").code == 454
	gate.reload()
	gate.check()


def test_log_and_console(gate):
	"""A-32: the log at every level, all that the console shows, what `test` and `check` say."""
	exercise(gate)
	shown = gate.check().stdout + gate.test().stdout + gate.test().stderr
	for what in ("status", "config", "accounts", "account office", "sessions", "pools", "memory",
			"network", "certificates", "log"):
		for command in (f"show {what}", f"show {what} --json"):
			done = gate.console(command, ok=False)
			shown += done.stdout + done.stderr
	for command in ("export", "get office.password", "get printer.password", "help", "changes", "log"):
		done = gate.console(command, ok=False)
		shown += done.stdout + done.stderr
	typed = (f"set office.password={CANARIES['typed']}\nchanges\nget office.password\nshow config\n"
		f"set main.nonsense={CANARIES['typed']}\nset office.smtp_port={CANARIES['typed']}\nrevert\n")
	done = gate.console(script=typed, ok=False)
	answers = [line for line in (done.stdout + done.stderr).splitlines()
		if "nonsense=" not in line and "smtp_port=" not in line]
	assert not found("\n".join(gate.lines)), [line for line in gate.lines if found(line)]
	assert not found(shown), [line for line in shown.splitlines() if found(line)]
	assert not found("\n".join(answers)), [line for line in answers if found(line)]


def test_processes(gate):
	"""A-32 A-38: command line, environment, state files; no core, no dump, no new rights."""
	exercise(gate)
	for pid in gate.pids():
		for part in ("cmdline", "environ", "comm", "status"):
			try:
				with open(f"/proc/{pid}/{part}", "rb") as source:
					assert not found(source.read()), part
			except PermissionError:
				assert os.geteuid() and part == "environ"
		with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
			assert re.search(r"^Max core file size\s+0\s+0\s", limits.read(), re.M)
	child = gate.pids()[-1]
	with open(f"/proc/{child}/status", encoding="ascii") as status:
		text = status.read()
	sanitized = os.environ.get("MAILWICKET_VARIANT") == "asan"  # whose run time needs more calls
	for name in STATES[:1] if sanitized else STATES:
		assert not re.search(rf"^{name}:\s+0$", text, re.M), f"{name} is off"
	if os.geteuid() == 0:
		assert not re.search(r"^[UG]id:.*\b0\b", text, re.M), "the gateway still has rights of root"
		assert re.search(r"^CapEff:\s+0+$", text, re.M)
	for path in glob.glob(os.path.join(gate.folder, "state", "**"), recursive=True):
		mode = os.stat(path).st_mode & 0o077
		assert mode == 0, f"{path} is open to others: {mode:o}"
		if os.path.isfile(path):
			with open(path, "rb") as source:
				assert not found(source.read()), path


def test_config_that_others_can_read(gateway):
	"""A-37: a configuration with passwords that everybody can read is refused in words."""
	running = gateway(harness.standard(account={"password": CANARIES["provider"]}), wait=False)
	os.chmod(running.config, 0o644)
	done = running.run("run", "-c", running.config, seconds=20)
	assert done.returncode != 0 and "read" in done.stderr, done
	assert not found(done.stdout + done.stderr)
