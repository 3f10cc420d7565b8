"""`mailwicket test` on wrong configurations, and SIGHUP under load (issue: must show 9; A-82)."""
import re

import pytest

import harness
from smtpclient import Client

ALL = [".*"]

GOOD = """config gateway 'main'
	option hostname 'gateway.test'
	option account 'office'

config listener 'scan'
	option protocol 'smtp'
	list address '127.0.0.1'
	option port '{port}'

config account 'office'
	option provider 'generic'
	option address 'user@example.test'
	option password 'x'
	option smtp_host 'localhost'

config user 'printer'
	option password 'y'
"""

# (what is replaced, what by, line, words that the sentence must have)
WRONG = {
	"option-misspelt": ("option hostname", "option hostnme", 2, ("hostnme", "hostname")),
	"section-misspelt": ("config listener", "config listner", 5, ("listner", "listener")),
	"option-of-another-section": ("option protocol 'smtp'", "option smtp_host 'x'", 6, ("smtp_host",)),
	"not-a-line": ("\toption password 'x'", "\tpassword = x", 13, ("config, option or list",)),
	"quote-open": ("'gateway.test'", "'gateway.test", 2, ("quote",)),
	"text-behind": ("'gateway.test'", "'gateway.test' more", 2, ("quotes",)),
	"option-outside": ("config gateway 'main'\n", "option enabled '0'\nconfig gateway 'main'\n", 1,
		("section",)),
	"option-twice": ("\toption account 'office'\n", "\toption account 'office'\n\toption account 'office'\n",
		4, ("account", "twice|already|second")),
	"port-too-high": ("option provider", "option smtp_port '70000'\n\toption provider", 11, ("65535",)),
	"port-no-number": ("option port '{port}'", "option port 'smtp'", 8, ("port", "65535")),
	"port-negative": ("option port '{port}'", "option port '-1'", 8, ("port", "65535")),
	"choice": ("option provider", "option smtp_tls 'maybe'\n\toption provider", 11,
		("maybe", "implicit", "starttls")),
	"preset": ("'generic'", "'gmial'", 11, ("gmial", "gmail")),
	"address-no-at": ("user@example.test", "user.example.test", 12, ("user.example.test",)),
	"listen-address": ("'127.0.0.1'", "'127.0.0.1.5'", 7, ("127.0.0.1.5",)),
	"network": ("option port", "list allow '10.0.0.0/40'\n\toption port", 8, ("10.0.0.0/40",)),
	"size": ("option account 'office'", "option max_message 'big'", 3, ("max_message", "50M")),
	"size-overflow": ("option account 'office'", "option max_message '99999999999999999999'", 3,
		("99999999999999999999|large|2147483647",)),
	"duration": ("option account 'office'", "option queue_lifetime '5x'", 3, ("5x",)),
	"reference": ("option account 'office'", "option account 'home'", 3, ("home",)),
	"name-twice": ("config user 'printer'", "config user 'office'", 16, ("office",)),
	"bad-name": ("config user 'printer'", "config user 'my printer'", 16, ("my printer",)),
	"required-missing": ("\toption protocol 'smtp'\n", "", 5, ("protocol",)),
	"host-missing": ("\toption smtp_host 'localhost'\n", "", (3, 10), ("office", "smtp_host")),
	"host-name": ("'localhost'", "'local host'", 14, ("local host",)),
	"tls-off-to-the-world": ("option smtp_host 'localhost'",
		"option smtp_host '192.0.2.1'\n\toption smtp_tls 'off'", (10, 14, 15), ("off", "private|local")),
	"spool": ("option account 'office'", "option account 'office'\n\toption spool 'ram'", (3, 4),
		("spool",)),
	"delivery-spool": ("option provider", "option delivery 'spool'\n\toption provider", (10, 11), ("spool",)),
	"open-to-the-world": ("option port", "list allow '0.0.0.0/0'\n\toption port", (5, 8), ("auth",)),
	"world-with-clear-passwords": ("option port",
		"list allow '0.0.0.0/0'\n\toption auth 'required'\n\toption port", (5, 8, 9), ("plain_auth|TLS",)),
	"proxy-from-missing": ("option port", "option proxy_protocol '1'\n\toption port", (5, 8), ("proxy_from",)),
	"key-missing": ("option port", "option certificate '/etc/ssl/certs/ca-certificates.crt'\n\toption port",
		(5, 8), ("key",)),
	"password-file-missing": ("option password 'x'", "option password_file '/nonexistent/pw'", 13,
		("/nonexistent/pw",)),
	"password-twice": ("option password 'x'", "option password 'x'\n\toption password_file '/etc/hostname'",
		(10, 13, 14), ("password_file",)),
	"pin": ("option provider", "list pin 'sha256/short'\n\toption provider", 11, ("pin|sha256",)),
	"tls-min-of-account": ("option provider", "option tls_min '1.0'\n\toption provider", 11, ("tls_min",)),
	"two-gateways": ("config listener", "config gateway 'other'\n\nconfig listener", 5, ("gateway",)),
	"route-reference": ("config user", "config route\n\toption account 'home'\n\nconfig user", 17, ("home",)),
	"control-character": ("gateway.test", "gateway\x01test", 2, ("gateway|character",)),
}


def lines(done):
	return (done.stdout + done.stderr).splitlines()


@pytest.fixture
def good(gateway):
	"""A right configuration that isn't running."""
	return gateway(GOOD.format(port=harness.free_port()), wait=False)


def test_good_configuration(good):
	"""Exit 0; what is said is no error."""
	done = good.test()
	assert done.returncode == 0, done
	assert not [line for line in lines(done) if "error" in line]


@pytest.mark.parametrize("case", list(WRONG))
def test_wrong_configuration(good, case):
	"""Exit 1 and FILE:LINE: with the right line and words; `run` starts nothing with it either."""
	old, new, line, words = WRONG[case]
	old = old.replace("{port}", re.search(r"port '(\d+)'", good.text)[1])
	assert old in good.text
	good.write(good.text.replace(old, new, 1))
	done = good.test()
	assert done.returncode == 1, done
	found = [text for text in lines(done) if text.startswith(good.config)]
	assert found, done
	if line is not None:
		wanted = line if isinstance(line, tuple) else (line,)
		numbers = [int(re.match(r":(\d+): ", text[len(good.config):])[1]) for text in found]
		assert numbers[0] in wanted, found
	for word in words:
		assert re.search(word, found[0]), (word, found)
	assert "option password" not in found[0] and len(found[0]) < 400
	run = good.run("run", "-c", good.config, seconds=20)
	assert run.returncode != 0 and "ready" not in run.stderr, run


def test_certificate_missing(good):
	"""A listener whose certificate can't be read is not opened with another one: nothing starts."""
	user = f"option user '{harness.unprivileged()}'\n\t"
	good.write(good.text.replace("option hostname", user + f"option state '{good.folder}/state'\n"
		f"\toption control '{good.folder}/socket'\n\toption hostname").replace("option port", "option tls 'implicit'\n"
		"\toption certificate '/nonexistent/c.pem'\n\toption key '/nonexistent/c.key'\n\toption port"))
	run = good.run("run", "-c", good.config, seconds=20)
	assert run.returncode != 0 and "ready" not in run.stderr and "/nonexistent/c" in run.stderr, run


def test_files_that_are_named(good):
	"""What a configuration names and isn't there is told before it is needed."""
	good.write(good.text.replace("option hostname", "option trust '/nonexistent/ca.pem'\n\toption hostname"))
	done = good.test()
	assert done.returncode == 0 and "/nonexistent/ca.pem: there is no such file" in done.stderr, done


def test_no_file(good):
	"""A file that isn't there is said so."""
	done = good.run("test", "-c", good.config + ".missing")
	assert done.returncode == 1 and any(good.config + ".missing" in line for line in lines(done))


def test_usage(good):
	"""Exit 2, or a help text, for what is no command."""
	assert good.run("nonsense").returncode == 2
	assert good.run("--help").returncode == 0 and "mailwicket run" in good.run("--help").stdout
	assert re.match(r"(mailwicket )?\d+\.\d+", good.run("--version").stdout)


def test_uci_syntax(good):
	"""UCI as OpenWrt writes it: comments, both quotes, none, joined strings, CRLF, no end of line."""
	text = good.text.replace("'gateway.test'", "\"gateway\"'.test'  # comment")
	text = "# first line\r\n\r\npackage mailwicket\n" + text.replace("option account 'office'", "option account office")
	good.write(text.rstrip("\n"))
	done = good.test()
	assert done.returncode == 0, done


@pytest.fixture
def gate(relay):
	return relay("plain", account={"smtp_tls": "off", "auth": "none"}, allow=ALL)


def test_reload_of_a_bad_file(gate):
	"""A-82: refused in words, and the running configuration stays."""
	with Client(gate.port()) as client:
		client.ehlo()
		good = gate.text
		gate.write(good.replace("gateway.test", "other.test").replace("option auth", "option auht"))
		gate.reload()
		line = gate.wait_log("auht")
		assert re.search(r":\d+: ", line) and "auth" in line
		assert client.mail().code == 250
	with Client(gate.port()) as client:
		assert "gateway.test" in client.greeting.text
	gate.write(good.replace("gateway.test", "other.test"))
	gate.reload()
	gate.wait_log("reload", start=len(gate.lines) - 1)
	with Client(gate.port()) as client:
		assert "other.test" in client.greeting.text


def test_reload_drops_no_session(gate):
	"""A-82: sessions in every phase survive any number of reloads, also when their listener goes."""
	clients = [Client(gate.port()) for _ in range(4)]
	for client in clients[1:]:
		client.ehlo()
	clients[2].envelope()
	clients[3].envelope()
	clients[3].ok("DATA", 354)
	clients[3].send(b"Subject: x\r\n\r\nhalf ")
	old_port, new_port = gate.port(), harness.free_port()
	for number in range(6):
		seen = len(gate.lines)
		port = new_port if number % 2 == 0 else old_port
		gate.sections[("listener", "scan")]["port"] = port
		gate.sections[("account", "office")]["address"] = f"user{number}@example.test"
		gate.write(gate.complete(gate.sections))
		gate.reload()
		gate.wait_log("reload", start=seen)
		with Client(port) as client:
			client.ehlo()
	clients[3].send(b"message\r\n.\r\n")
	assert clients[3].reply().code == 250
	clients[0].ehlo()
	assert clients[0].mail().code == 250
	assert clients[1].mail().code == 250
	assert clients[2].data(b"Subject: y\r\n\r\nwhole\r\n").code == 250
	for client in clients:
		client.quit()
	assert len(gate.upstream.wait(4)) == 4
