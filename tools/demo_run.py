#!/usr/bin/python3
"""Shows the main job on a machine with no account anywhere (`make run`).

Starts the demo provider and the gateway on free loopback ports, sends one mail as an old scanner
does, reads it back as old mail programs do over IMAP and POP3, says what each side saw, and leaves a
terminal at the gateway's console. Exits 0 only when the message arrived and came back unchanged. Whatever was started is stopped by its pid.
"""
import argparse
import ctypes
import email.message
import grp
import hashlib
import imaplib
import json
import os
import poplib
import pwd
import queue
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
START_S = 30
DELIVERY_S = 30
STOP_S = 12
LONGEST_SOCKET_FOLDER = 80
PR_SET_PDEATHSIG = 1
FIRST_WISH = {"scan": 2525, "submission": 2587, "imap": 2143, "pop3": 2110}
PROVIDER_PORTS = 6
READER, READER_PASSWORD = "owner@lan", "never changes"


class Failed(Exception):
	"""The demonstration did not work; the text is for the owner."""


def free_port(wish=0):
	"""`wish` when nothing listens there, else a port that the system chooses."""
	for port in (wish, 0):
		with socket.socket() as probe:
			probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
			try:
				probe.bind(("127.0.0.1", port))
				return probe.getsockname()[1]
			except OSError:
				continue
	raise Failed("no free port on 127.0.0.1")


def set_option(text, section, option, value):
	"""The UCI text with one option of one named section replaced, or added at the section's head."""
	head = re.search(rf"^config \w+ '{section}'\n", text, re.M)
	if not head:
		raise Failed(f"the configuration has no section '{section}'")
	end = text.find("\nconfig ", head.end())
	body = text[head.end():end if end >= 0 else len(text)]
	line = f"\toption {option} '{value}'\n"
	changed, count = re.subn(rf"^\toption {option} .*\n", lambda _: line, body, count=1, flags=re.M)
	if not count:
		changed = line + body
	return text[:head.end()] + changed + text[head.end() + len(body):]


class Process:
	"""A child in a session of its own, whose lines are read by a thread and kept."""

	def __init__(self, arguments, output, echo=None):
		libc = ctypes.CDLL(None)
		self.lines = queue.Queue()
		self.log = []
		self.child = subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True,
			errors="replace", start_new_session=True,
			preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
			stdout=subprocess.PIPE if output == "stdout" else None,
			stderr=subprocess.PIPE if output == "stderr" else None)
		self.echo = echo
		threading.Thread(target=self.read, args=(getattr(self.child, output),), daemon=True).start()

	def read(self, stream):
		for line in stream:
			self.log.append(line.rstrip("\n"))
			self.lines.put(line.rstrip("\n"))
			if self.echo:
				self.echo.write(line)
				self.echo.flush()
		self.lines.put(None)

	def expect(self, pattern, seconds, what):
		"""The next line that matches; Failed when it doesn't come."""
		while True:
			try:
				line = self.lines.get(timeout=seconds)
			except queue.Empty:
				raise Failed(f"{what} did not come within {seconds} s") from None
			if line is None:
				raise Failed(f"{what} did not come; last lines were:\n" + "\n".join(self.log[-8:]))
			if found := re.match(pattern, line):
				return found

	def stop(self):
		if self.child.poll() is None:
			self.child.terminate()
			try:
				self.child.wait(STOP_S)
			except subprocess.TimeoutExpired:
				os.killpg(self.child.pid, signal.SIGKILL)
				self.child.wait()
		return self.child.returncode


def start_provider(folder):
	provider = Process([sys.executable, os.path.join(ROOT, "tools/demo_provider.py"),
		"--folder", os.path.join(folder, "provider"),
		"--account", "scanner@demo.example:demo password",
		"--account", "owner@demo.example:owner"], "stdout")
	return provider


def unprivileged_user():
	"""The user that a gateway started as root becomes: its own where the package made one."""
	for name in ("mailwicket", "nobody"):
		try:
			grp.getgrgid(pwd.getpwnam(name).pw_gid)
			return name
		except KeyError:
			continue
	raise Failed("there is neither a user 'mailwicket' nor 'nobody' to run the gateway as")


def write_config(folder, provider_ports, trust):
	with open(os.path.join(ROOT, "boards/linux/demo.conf"), encoding="utf-8") as source:
		text = source.read()
	ports = {name: free_port(wish) for name, wish in FIRST_WISH.items()}
	changes = [("main", "state", os.path.join(folder, "state")),
		("main", "control", os.path.join(folder, "control.sock")), ("main", "trust", trust),
		("office", "smtp_port", provider_ports["smtp-implicit"]),
		("mailbox", "imap_port", provider_ports["imap-implicit"]),
		("mailbox", "pop3_port", provider_ports["pop3-starttls"])]
	changes += [(name, "port", port) for name, port in ports.items()]
	if os.geteuid() == 0:
		changes.append(("main", "user", unprivileged_user()))
	for section, option, value in changes:
		text = set_option(text, section, option, value)
	path = os.path.join(folder, "demo.conf")
	with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w",
			encoding="utf-8") as target:
		target.write(text)
	return path, ports


def scan():
	"""What an old scanner sends: its own From, no Date, no Message-ID, an attachment."""
	mail = email.message.EmailMessage()
	mail["From"] = "Scanner 2nd floor <scanner@device.lan>"
	mail["To"] = "owner@demo.example"
	mail["Subject"] = "Scan from the second floor"
	mail.set_content("A document was scanned and is attached.\n")
	page = b"%PDF-1.4\n" + bytes(range(256)) * 64
	mail.add_attachment(page, maintype="application", subtype="pdf", filename="scan0001.pdf")
	return mail


def send_scan(port):
	"""Sends the scan; returns what the device heard, command by command."""
	heard = []
	with smtplib.SMTP("127.0.0.1", port, local_hostname="[192.168.1.9", timeout=DELIVERY_S) as device:
		for name, command in (("HELO", lambda: device.helo()),
				("MAIL", lambda: device.mail("scanner@device.lan")),
				("RCPT", lambda: device.rcpt("owner@demo.example")),
				("DATA", lambda: device.data(scan().as_bytes()))):
			code, text = command()
			heard.append((name, code, text.decode("ascii", "replace").splitlines()[0]))
			if code >= 400:
				raise Failed(f"the gateway answered {name} with {code} {heard[-1][2]}")
	return heard


def show(port, heard, message):
	headers = message["headers"]
	first = {name: (values[0] if values else "(none)") for name, values in headers.items()}
	print(f"device    -> gateway   plain SMTP to 127.0.0.1:{port}, HELO [192.168.1.9, no password")
	print("                       MAIL FROM:<scanner@device.lan>  RCPT TO:<owner@demo.example>")
	for name, code, text in heard[-2:]:
		print(f"device   <-  gateway   {name}: {code} {text}")
	print(f"gateway   -> provider  {message['tls']} {message['cipher']}, EHLO {message['helo']}, "
		f"AUTH {message['auth']}")
	print(f"provider received      MAIL FROM:<{message['reverse_path']}>, {message['octets']} octets")
	for name in ("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Received"):
		print(f"  {name + ':':<12}{' '.join(first[name].split())}")


def read_imap(port):
	"""What an old mail program reads; (steps as it heard them, the message's octets)."""
	heard = []
	with imaplib.IMAP4("127.0.0.1", port, timeout=DELIVERY_S) as client:
		client.login(READER, READER_PASSWORD)
		status, count = client.select("INBOX")
		heard.append(("SELECT", f"{status}, {count[0].decode()} message(s)"))
		status, parts = client.fetch("*", "(BODY[])")
		if not parts or not isinstance(parts[0], tuple):
			raise Failed(f"the gateway answered FETCH with {status} {parts}")
		heard.append(("FETCH", f"{status}, {len(parts[0][1])} octets"))
		return heard, parts[0][1]


def read_pop3(port):
	"""The same over POP3."""
	client = poplib.POP3("127.0.0.1", port, timeout=DELIVERY_S)
	client.user(READER)
	client.pass_(READER_PASSWORD)
	count, size = client.stat()
	_, lines, _ = client.retr(count)
	data = b"".join(line + b"\r\n" for line in lines)
	client.quit()
	return [("STAT", f"{count} message(s), {size} octets"), ("RETR", f"{len(data)} octets")], data


READERS = (("imap", "IMAP", "LOGIN", read_imap), ("pop3", "POP3", "USER", read_pop3))


def read_back(provider, ports, message):
	"""Reads the newest message through the gateway over both protocols; it must be the provider's."""
	for name, title, verb, read in READERS:
		try:
			heard, data = read(ports[name])
		except (imaplib.IMAP4.error, poplib.error_proto) as error:
			raise Failed(f"reading over {title}: {error}") from None
		login = json.loads(provider.expect("login (.*)", DELIVERY_S, f"the {title} sign-in")[1])
		print(f"client    -> gateway   plain {title} to 127.0.0.1:{ports[name]}, {verb} {READER}")
		print(f"gateway   -> provider  {login['tls']} {login['cipher']}, "
			f"{login['mechanism']} {login['name']}")
		for step, text in heard:
			print(f"client   <-  gateway   {step}: {text}")
		if hashlib.sha256(data).hexdigest() != message["sha256"]:
			raise Failed(f"what came back over {title} is not what the provider has")
		print("                       the same octets as at the provider")


def console(binary, config):
	"""The gateway's console on this terminal; ends at `quit` or ^C."""
	child = subprocess.Popen([binary, "console", "-c", config])
	while True:
		try:
			return child.wait()
		except KeyboardInterrupt:
			child.terminate()


def demonstrate(binary, folder, started):
	provider = start_provider(folder)
	started.append(provider)
	what = "the demo provider's start"
	provider_ports = dict(provider.expect(r"port (\S+) (\d+)", START_S, what).groups()
		for _ in range(PROVIDER_PORTS))
	trust = provider.expect("trust (.*)", START_S, what)[1]
	provider.expect("ready", START_S, what)
	config, ports = write_config(folder, provider_ports, trust)
	tested = subprocess.run([binary, "test", "-c", config], stdin=subprocess.DEVNULL, text=True,
		capture_output=True, timeout=START_S, check=False)
	if tested.returncode:
		raise Failed("mailwicket test refuses boards/linux/demo.conf:\n" + tested.stdout
			+ tested.stderr)
	gateway = Process([binary, "run", "-c", config], "stderr")
	started.append(gateway)
	ready = gateway.expect(r"(mailwicket \S+ ready)", START_S, "the gateway's start")[1]
	print(ready)
	try:
		heard = send_scan(ports["scan"])
		message = json.loads(provider.expect("message (.*)", DELIVERY_S, "the message")[1])
		show(ports["scan"], heard, message)
		read_back(provider, ports, message)
	except (OSError, smtplib.SMTPException, Failed) as error:
		raise Failed(f"{error}\nThe gateway said:\n" + "\n".join(gateway.log[-8:])) from None
	if sys.stdin.isatty():
		print("The gateway runs; this is its console. `help` helps, `quit` ends the demonstration.")
		sys.stdout.flush()
		console(binary, config)


def main():
	parser = argparse.ArgumentParser(description="demonstrate the gateway on loopback")
	parser.add_argument("--binary", default=os.path.join(ROOT, "build/linux/mailwicket"))
	binary = os.path.abspath(parser.parse_args().binary)
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
	signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
	place = os.path.join(ROOT, "build")
	os.makedirs(place, exist_ok=True)
	folder = tempfile.mkdtemp(prefix="demo-",
		dir=place if len(place) < LONGEST_SOCKET_FOLDER else None)
	os.chmod(folder, 0o755)
	started = []
	status = 0
	try:
		demonstrate(binary, folder, started)
	except (Failed, OSError, subprocess.TimeoutExpired) as error:
		print(f"make run: {error}", file=sys.stderr)
		status = 1
	except KeyboardInterrupt:
		status = 130
	finally:
		for process in reversed(started):
			process.stop()
		shutil.rmtree(folder, ignore_errors=True)
	return status


if __name__ == "__main__":
	sys.exit(main())
