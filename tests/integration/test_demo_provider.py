"""The provider of `make run` by itself: what it promises to imaplib, poplib, smtplib and curl."""
import imaplib
import json
import os
import poplib
import queue
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import threading

import pytest

import harness

OWNER, PASSWORD = "owner@demo.example", 'own"er \\ {3}'
START_S = 30
BODY = (b"From: owner@demo.example\r\nTo: owner@demo.example\r\nSubject: dots\r\n\r\n"
	b".one\r\n..two\r\n.\r\nlast \xc3\xa9\r\n")


class Provider:
	def __init__(self, folder):
		self.child = subprocess.Popen([sys.executable, os.path.join(harness.ROOT, "tools/demo_provider.py"),
			"--folder", str(folder), "--account", f"{OWNER}:{PASSWORD}"], stdin=subprocess.PIPE,
			stdout=subprocess.PIPE, text=True, start_new_session=True,
			preexec_fn=harness.end_with_parent)
		self.lines = queue.Queue()
		threading.Thread(target=self.read, daemon=True).start()
		self.ports = {}
		while (line := self.lines.get(timeout=START_S)) != "ready":
			words = line.split()
			if words[0] == "port":
				self.ports[words[1]] = int(words[2])
			elif words[0] == "trust":
				self.trust = words[1]
		self.context = ssl.create_default_context(cafile=self.trust)

	def read(self):
		for line in self.child.stdout:
			self.lines.put(line.rstrip("\n"))

	def said(self, kind):
		while True:
			word, _, rest = self.lines.get(timeout=START_S).partition(" ")
			if word == kind:
				return json.loads(rest)

	def deliver(self, data=BODY):
		with smtplib.SMTP_SSL("localhost", self.ports["smtp-implicit"], context=self.context) as client:
			client.login(OWNER, PASSWORD)
			client.sendmail(OWNER, [OWNER], data)
		self.said("message")

	def imap(self, implicit=True):
		if implicit:
			client = imaplib.IMAP4_SSL("localhost", self.ports["imap-implicit"], ssl_context=self.context)
		else:
			client = imaplib.IMAP4("localhost", self.ports["imap-starttls"])
			client.starttls(self.context)
		return client

	def pop3(self, implicit=True):
		if implicit:
			return poplib.POP3_SSL("localhost", self.ports["pop3-implicit"], context=self.context)
		client = poplib.POP3("localhost", self.ports["pop3-starttls"])
		client.stls(self.context)
		return client

	def stop(self):
		self.child.stdin.close()
		self.child.wait(10)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
	provider = Provider(tmp_path_factory.mktemp("provider"))
	yield provider
	provider.stop()


@pytest.fixture
def provider(running):
	"""With one message, whatever the test before left."""
	client = running.imap()
	client.login(OWNER, PASSWORD)
	client.select()
	client.store("1:*", "+FLAGS", "\\Deleted")
	client.close()
	client.logout()
	running.deliver()
	while not running.lines.empty():
		running.lines.get()
	return running


@pytest.mark.parametrize("implicit", [True, False])
def test_imap_reads_what_smtp_delivered(provider, implicit):
	client = provider.imap(implicit)
	assert client.login(OWNER, PASSWORD)[0] == "OK"
	seen = provider.said("login")
	assert (seen["protocol"], seen["mechanism"], seen["name"]) == ("imap", "LOGIN", OWNER)
	assert seen["tls"].startswith("TLSv1.")
	assert client.select() == ("OK", [b"1"])
	assert client.search(None, "UNSEEN")[1] == [b"1"]
	assert client.fetch("1", "(BODY.PEEK[])")[1][0][1] == BODY
	assert client.search(None, "UNSEEN")[1] == [b"1"]
	_, answer = client.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE RFC822)")
	assert answer[0][1] == BODY and f"RFC822.SIZE {len(BODY)}".encode() in answer[0][0]
	assert client.search(None, "UNSEEN")[1] == [b""]
	assert client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0][1] == b"Subject: dots\r\n\r\n"
	assert client.fetch("1", "(BODY.PEEK[TEXT]<1.3>)")[1][0][1] == b"one"
	assert client.status("INBOX", "(MESSAGES UNSEEN)")[1] == [b"INBOX (MESSAGES 1 UNSEEN 0)"]
	assert client.list()[1] == [b'(\\HasNoChildren) "/" INBOX']
	client.store("1", "+FLAGS", "(\\Deleted)")
	assert client.expunge() == ("OK", [b"1"])
	assert client.logout()[0] == "BYE"


@pytest.mark.parametrize("implicit", [True, False])
def test_pop3_reads_what_smtp_delivered(provider, implicit):
	client = provider.pop3(implicit)
	client.user(OWNER)
	client.pass_(PASSWORD)
	assert provider.said("login")["protocol"] == "pop3"
	assert client.stat() == (1, len(BODY))
	assert b"\r\n".join(client.retr(1)[1]) + b"\r\n" == BODY
	assert client.top(1, 1)[1][-2:] == [b"", b".one"]
	assert len(client.uidl()[1]) == 1
	busy = provider.pop3()
	busy.user(OWNER)
	with pytest.raises(poplib.error_proto, match="IN-USE"):
		busy.pass_(PASSWORD)
	busy.close()
	client.dele(1)
	with pytest.raises(poplib.error_proto):
		client.retr(1)
	client.rset()
	assert client.stat()[0] == 1
	client.dele(1)
	client.quit()
	again = provider.imap()
	again.login(OWNER, PASSWORD)
	assert again.select() == ("OK", [b"0"])
	again.logout()


def test_authenticate(provider):
	"""PLAIN with and without initial response, LOGIN, a cancelled exchange, a wrong password."""
	for answers in ((f"\0{OWNER}\0{PASSWORD}",), (OWNER, PASSWORD)):
		client = provider.imap()
		given = iter(answers)
		mechanism = "PLAIN" if len(answers) == 1 else "LOGIN"
		assert client.authenticate(mechanism, lambda _, given=given: next(given).encode())[0] == "OK"
		assert provider.said("login")["mechanism"] == mechanism
		client.logout()
	client = provider.imap()
	with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
		client.login(OWNER, "wrong")
	with pytest.raises(imaplib.IMAP4.error, match="Cancelled"):
		client.authenticate("PLAIN", lambda _: None)
	client.logout()


@pytest.mark.parametrize("name, said", [("imap-starttls", rb"a NO \[PRIVACYREQUIRED\]"),
	("pop3-starttls", rb"-ERR \[SYS/PERM\]")])
def test_no_password_without_tls(provider, name, said):
	with socket.create_connection(("localhost", provider.ports[name]), 5) as client:
		client.sendall(b"a LOGIN x y\r\na LOGOUT\r\n" if name.startswith("imap") else b"USER x\r\nQUIT\r\n")
		with client.makefile("rb") as stream:
			assert re.search(said, stream.read())


def test_injected_command_before_tls_ends_the_session(provider):
	with socket.create_connection(("localhost", provider.ports["imap-starttls"]), 5) as client:
		client.sendall(b"a STARTTLS\r\nb NOOP\r\n")
		with client.makefile("rb") as stream:
			assert b"\r\nb " not in stream.read()


def test_idle_tells_of_new_mail(provider):
	client = provider.imap()
	client.login(OWNER, PASSWORD)
	client.select()
	client.send(b"x IDLE\r\n")
	assert client.readline() == b"+ idling\r\n"
	provider.deliver()
	client.sock.settimeout(10)
	assert client.readline() == b"* 2 EXISTS\r\n"
	client.send(b"DONE\r\n")
	assert client.readline().startswith(b"x OK")
	client.logout()


def test_curl_reads_both(provider):
	for url in (f"imaps://localhost:{provider.ports['imap-implicit']}/INBOX;UID=1:*",
			f"pop3s://localhost:{provider.ports['pop3-implicit']}/1"):
		done = subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", provider.trust, "-K", "-", url],
			input='user = "' + f"{OWNER}:{PASSWORD}".replace("\\", "\\\\").replace('"', '\\"') + '"\n',
			text=True, capture_output=True, check=False)
		assert done.returncode == 0, done.stderr
		assert "Subject: dots" in done.stdout
