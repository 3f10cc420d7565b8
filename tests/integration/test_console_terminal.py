"""The console on a real terminal: `mailwicket console` with a pseudo-terminal at both ends."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import harness
from smtpclient import Client

ALL = [".*"]
PROMPT = "mailwicket> "
SECRET = "canary-Typed-41"


class Terminal:
	"""A person at a pseudo-terminal; `row` is what the last row shows."""

	def __init__(self, gate, columns=80, rows=24, term="xterm", words=()):
		self.master, self.slave = pty.openpty()
		self.resize(columns, rows)
		self.before = termios.tcgetattr(self.slave)
		self.seen = ""
		environment = {k: v for k, v in os.environ.items() if k != "TERM"}
		if term is not None:
			environment["TERM"] = term
		self.child = subprocess.Popen([harness.BINARY, "console", "-c", gate.config, *words], stdin=self.slave,
			stdout=self.slave, stderr=self.slave, env=environment, start_new_session=True,
			preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

	def resize(self, columns, rows):
		fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

	def read(self, quiet=0.4, limit=10.0):
		"""What comes until nothing has come for a while."""
		out, end = b"", time.monotonic() + limit
		while time.monotonic() < end and select.select([self.master], [], [], quiet)[0]:
			out += os.read(self.master, 65536)
		self.seen += out.decode("utf-8")
		return out.decode("utf-8").replace("\r\n", "\n")

	def until(self, wanted, seconds=10):
		out, end = "", time.monotonic() + seconds
		while wanted not in out:
			left = end - time.monotonic()
			assert left > 0 and select.select([self.master], [], [], left)[0], f"no {wanted!r} in {out!r}"
			more = os.read(self.master, 65536).decode("utf-8")
			self.seen += more
			out += more.replace("\r\n", "\n")
		return out

	def type(self, keys):
		data = keys.encode()
		while data:
			if select.select([], [self.master], [], 5)[1]:
				data = data[os.write(self.master, data[:512]):]

	def says(self, keys, wanted=PROMPT):
		self.type(keys)
		return self.until(wanted)

	def restored(self):
		return termios.tcgetattr(self.slave) == self.before

	def close(self):
		if self.child.poll() is None:
			self.child.kill()
		status = self.child.wait(10)
		os.close(self.master)
		os.close(self.slave)
		return status


@pytest.fixture
def gate(relay):
	return relay("plain", account={"smtp_tls": "off", "auth": "none"},
		more={("user", "printer"): {"password": "canary-Local-23"}}, allow=ALL)


@pytest.fixture
def terminal(gate):
	made = []

	def make(**options):
		made.append(Terminal(gate, **options))
		return made[-1]

	yield make
	for one in made:
		one.close()


def test_line_editor(terminal):
	"""Typing, Tab, unique prefixes, arrows, history, UTF-8, and an end by `quit`."""
	person = terminal()
	assert person.until(PROMPT).startswith("\x1b[?2004h")
	assert person.says("sh\t", "show ") == "show "
	assert person.says("stat\t", "status ").endswith("status ")
	answer = person.says("\r")
	assert re.search(r"^mailwicket \S+ on ", answer, re.M) and answer.endswith("\n" + PROMPT)
	assert person.says("\x1b[A", "show status") == "show status"
	assert person.says("\r").count("running for") == 1
	answer = person.says("gt main.hostname\x1b[H\x1b[Ce\r")
	assert "gateway.test\n" in answer and "error" not in answer
	answer = person.says("nonsense äöü漢字\r")
	assert "nonsense äöü漢字" in answer and "error: unknown command 'nonsense'" in answer
	assert "office" in person.says("sh accounts\r")
	person.type("quit\r")
	assert person.child.wait(10) == 0
	assert person.read().endswith("\x1b[?2004l")
	assert person.restored()


def test_question_marks(terminal):
	"""`?` needs no Enter, and the line stays."""
	person = terminal()
	person.until(PROMPT)
	listed = person.says("show ?", PROMPT + "show ")
	assert re.search(r"^sessions +who is connected", listed, re.M)
	listed = person.says("\x15set office.smtp_tls=?", PROMPT + "set office.smtp_tls=")
	assert re.search(r"^starttls", listed, re.M) and re.search(r"^implicit", listed, re.M)


def test_secret(gate, terminal):
	"""A secret is asked for, not echoed, not in the history, and in no log; `passwd` asks twice."""
	person = terminal()
	person.until(PROMPT)
	assert person.says("passwd printer\r", "(not shown): ").endswith("new password (not shown): ")
	assert person.says(SECRET + "\r", "once more: ") == "\nonce more: "
	assert "set" in person.says(SECRET + "\r")
	person.says("set office.password\r", "(not shown): ")
	assert person.says(SECRET + "x\x7f\r") == "\n" + PROMPT
	assert SECRET not in person.seen
	person.says("set main.admin=" + "a@b.test\r")
	person.says("set office.password=" + SECRET + "\r")
	start = len(person.seen)
	for _ in range(12):
		person.type("\x1b[A")
	person.read()
	assert SECRET not in person.seen[start:]
	assert SECRET not in person.says("\x15commit\r") and "error" not in person.seen
	with Client(gate.port()) as client:
		client.ehlo()
		client.auth_plain("printer", SECRET)
	assert SECRET not in "\n".join(gate.lines)


def test_paging(terminal):
	"""Long output stops at each page for a person, goes on by row or page, and stops for good."""
	person = terminal(rows=12, columns=200)
	person.until(PROMPT)
	page = person.says("help account\r", "--more--")
	assert page.count("\n") == 12  # with the echo's own
	assert person.says("\r", "--more--").count("\n") == 1
	assert person.says(" ", "--more--").count("\n") <= 11
	assert person.says("q").endswith(PROMPT)
	assert "gateway.test" in person.says("get main.hostname\r")


def test_interrupt_and_end(terminal):
	"""^C drops the line and leaves at an empty one; so does ^D; what runs is ended."""
	person = terminal()
	person.until(PROMPT)
	assert person.says("set main.host\x03") .endswith("^C\n" + PROMPT)
	person.says("passwd printer\r", "(not shown): ")
	assert person.says("abc\x03").endswith("^C\n" + PROMPT)
	person.type("\x03")
	assert person.child.wait(10) == 0 and person.restored()
	person = terminal()
	person.until(PROMPT)
	person.type("\x04")
	assert person.child.wait(10) == 0 and person.restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_killed(terminal, number):
	"""The terminal is put back when the client is killed."""
	person = terminal()
	person.until(PROMPT)
	person.says("half a line", "half a line")
	assert not person.restored()
	person.child.send_signal(number)
	assert person.child.wait(10) == -number
	assert person.restored()
	assert person.read().endswith("\x1b[?2004l")


def test_gateway_stops(gate, terminal):
	"""... and when the gateway goes."""
	person = terminal()
	person.until(PROMPT)
	gate.stop()
	assert person.child.wait(10) != 0
	assert person.restored() and "the gateway closed the console" in person.read()


@pytest.mark.parametrize("marks", [("", ""), ("\x1b[200~", "\x1b[201~")])
def test_paste(terminal, marks):
	"""200 lines at once: each is run whole, no prompt is drawn anew, errors come back at the end."""
	person = terminal()
	person.until(PROMPT)
	lines = [f"set main.hostname=h{i}.test" if i % 40 else f"nonsense{i} what{'?' if i else ''}" for i in range(200)]
	person.type(marks[0] + "\r".join(lines) + "\r" + marks[1] + "get main.host")
	text = person.until("lines failed:", 20) + person.read()
	assert text.count("lines failed:") == 1
	body, end = text.split("5 of 200 lines failed:\n")
	assert re.findall(r"^error: line (\d+): unknown", body, re.M) == ["1", "41", "81", "121", "161"]
	assert re.findall(r"^line (\d+): unknown", end, re.M) == ["1", "41", "81", "121", "161"]
	for line in lines:
		assert f"{PROMPT}{line}\n" in "\n" + body or line == lines[0], line
	assert body.count(PROMPT) in (199, 200)
	assert end.endswith(PROMPT + "get main.host")
	assert "h199.test" in person.says("name\r")
	person.says("revert\r")


def test_log_follow(gate, terminal):
	"""Lines come as they are logged, until a key."""
	person = terminal()
	person.until(PROMPT)
	person.says("log follow\r", "log follow\n")
	with Client(gate.port()) as client:
		client.ehlo()
		assert client.mail().code == 250
	assert "message from=<" in person.until("owner@example.test")
	assert person.says("x") == PROMPT
	assert "pools: " in person.says("show memory\r", PROMPT)


def test_log_follow_scripted(gate):
	"""A script's `log follow` ends with its input; one command's, when the client goes."""
	assert gate.console(script="log follow\n") is not None
	child = subprocess.Popen([harness.BINARY, "console", "-c", gate.config, "log", "follow"],
		stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
	try:
		with Client(gate.port()) as client:
			client.ehlo()
			assert client.mail().code == 250
		seen, end = b"", time.monotonic() + 10
		while b"owner@example.test" not in seen:
			assert select.select([child.stdout], [], [], end - time.monotonic())[0], seen
			seen += os.read(child.stdout.fileno(), 4096)
	finally:
		child.kill()
		child.wait(10)
		child.stdout.close()
	end = time.monotonic() + 10
	while gate.pool("consoles")["now"] > 1:  # this question's own
		assert time.monotonic() < end, "the console of a client that went is still there"


def test_dumb_terminal(terminal):
	"""Without a terminal type nothing but text, backspaces and line ends is written."""
	person = terminal(term="dumb", columns=40)
	person.until(PROMPT)
	person.says("get main.hostname that is much longer than the row\x1b[D\x1b[D\x1b[Ax\x0c", "x")
	person.says("\x05\x15show memory\r")
	person.says("sho\t", "show ")
	person.says("?")
	person.read()
	assert "\x1b" not in person.seen


def test_resize(terminal):
	"""The gateway hears of a terminal's new size."""
	person = terminal(columns=80, rows=100)
	person.until(PROMPT)
	assert "--more--" not in person.says("help account\r")
	person.resize(80, 10)
	person.read()
	assert person.says("help account\r", "--more--")
	person.says("q")


def test_one_command_asks(gate, terminal):
	"""`console passwd USER` of a person asks in words, shows nothing, and asks again."""
	person = terminal(words=["passwd", "printer"])
	for wanted in ("new password (not shown): ", "once more: "):
		person.until(wanted)
		end = time.monotonic() + 5
		while termios.tcgetattr(person.slave)[3] & termios.ECHO:
			assert time.monotonic() < end
		person.type(SECRET + "\n")
	assert "set" in person.until("commit")
	assert person.child.wait(10) == 0 and person.restored()
	assert SECRET not in person.seen
	gate.console("revert")


def test_noise(gate, terminal):
	"""Bytes of a line that is plugged in do no harm."""
	person = terminal()
	person.until(PROMPT)
	os.write(person.master, bytes(b for b in range(256) if b not in (3, 4, 13, 10, 22, 63)) * 8)
	person.read()
	assert "gateway.test" in person.says("\r\x15get main.hostname\r", "gateway.test\n")
	assert gate.console("show status")
