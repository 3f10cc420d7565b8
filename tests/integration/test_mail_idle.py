"""Sessions that stay: IDLE, fifty of one account, half-close, slow readers, reload and renewal under two
hundred of them (issue: must show 2 and 7; IM-24 IM-25 A-41 A-82)."""
import os
import socket
import ssl
import threading
import time

import pytest

import dovecot as peer
import harness
import mailclient
import mails
from mailclient import KINDS, Imap, pause_until
from smtpclient import any_certificate, trusting

ALL = [".*"]
CROWD = 200
GROWTH_KB = 8192 if os.environ.get("MAILWICKET_VARIANT") == "asan" else 1024  # it has shadows to fill
NOTIFY_S = 2


@pytest.fixture(scope="module")
def server(dovecot):
	made = dovecot(notify=NOTIFY_S)
	made.fill(harness.USER, peer.messages(20, 20_000_000))
	made.fill("quiet@example.test", [])
	return made


def mail(subject):
	return b"From: a@example.test\r\nSubject: %s\r\n\r\nnew mail\r\n" % subject


@pytest.mark.parametrize("tls,security", [("off", "starttls"), ("implicit", "implicit"),
	("starttls", "starttls")])
def test_idle_hears_new_mail(way, server, tls, security):
	"""IM-24: mail that arrives is told at once; IDLE ends at DONE, and the mail can be read."""
	path = way(server, tls, security, user="quiet@example.test")
	client = path.sign_in("imap")
	client.ok("SELECT INBOX")
	for turn in range(3):
		tag = client.idle()
		subject = b"%s-%s-%d" % (tls.encode(), security.encode(), turn)
		server.deliver("quiet@example.test", mail(subject))
		heard = b""
		client.sock.settimeout(20)
		while b" EXISTS" not in heard:
			heard = client.response()
		number = int(heard.split(b" ")[1])
		assert client.done(tag).status == "OK"
		assert client.fetch(f"{number} BODY.PEEK[]")[number] == mail(subject)
	client.quit()


def test_idle_that_stays(way, server):
	"""IM-24: for a while the server alone speaks; nothing is lost, and DONE still works."""
	path = way(server, "implicit", "starttls", user="quiet@example.test")
	client = path.sign_in("imap")
	client.ok("SELECT INBOX")
	tag = client.idle()
	heard = [client.response() for _ in range(3)]
	assert all(line.startswith(b"* OK Still here") for line in heard), heard
	assert client.done(tag).status == "OK"
	client.quit()


@pytest.mark.parametrize("protocol", list(KINDS))
def test_fifty_of_one_account(way, server, protocol):
	"""IM-25 A-35: fifty connections of one account at once, each reads what it asked for."""
	path = way(server, "off", "starttls", user=harness.USER if protocol == "imap" else "quiet@example.test")
	if protocol == "pop3":
		server.deliver("quiet@example.test", mail(b"for pop3"))
	faults = []
	opened = threading.Barrier(50)

	def work(number):
		try:
			client = path.sign_in(protocol, timeout=60)
			opened.wait(60)
			if protocol == "imap":
				client.ok("EXAMINE INBOX")
				wanted = number % 20 + 1
				assert client.fetch(f"{wanted} BODY.PEEK[]")[wanted] == peer.messages(20, 20_000_000)[wanted - 1]
			else:
				count = int(client.ok("STAT").split(" ")[1])
				assert client.multi(f"RETR {count}").startswith(b"From: a@example.test")
			client.quit()
		except (OSError, EOFError, AssertionError, threading.BrokenBarrierError) as error:
			opened.abort()
			faults.append((number, error))

	threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert not faults, faults[:3]


@pytest.mark.parametrize("protocol", list(KINDS))
@pytest.mark.parametrize("tls", ["off", "implicit"])
def test_half_close(way, server, protocol, tls):
	"""IM-25: a client that says everything and closes its sending side hears all the answers."""
	path = way(server, tls, "starttls")
	client = path.sign_in(protocol)
	if protocol == "imap":
		client.send(b"a EXAMINE INBOX\r\nb FETCH 1:20 BODY.PEEK[]\r\nc LOGOUT\r\n")
	else:
		client.send(b"".join(b"RETR %d\r\n" % number for number in range(1, 21)) + b"QUIT\r\n")
	if tls == "off":
		client.sock.shutdown(socket.SHUT_WR)
	heard = client.until_end()
	for message in peer.messages(20, 20_000_000)[:20]:
		assert (message if protocol == "imap" else mails.stuffed(message)) in heard
	assert b"\r\nc OK " in heard or heard.endswith(b"\r\n") and b"+OK Logging out" in heard


def resident_kb(gate):
	"""What the gateway's processes hold of memory for themselves."""
	total = 0
	for pid in gate.pids():
		with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
			total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
	return total


@pytest.mark.parametrize("protocol", list(KINDS))
@pytest.mark.parametrize("tls", ["off", "implicit"])
def test_slow_reader(way, server, protocol, tls):
	"""IM-25 A-41: 20 MB towards a client that reads slowly wait at the provider, not in our memory; every
	octet arrives, and others are served meanwhile."""
	path = way(server, tls, "starttls")
	client = path.connect(protocol, timeout=60)
	client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200_000)
	client.login(path.user, path.password)
	content = peer.messages(20, 20_000_000)[20]
	before = resident_kb(path.gateway) if path.gateway else 0
	if protocol == "imap":
		client.ok("EXAMINE INBOX")
		client.start("FETCH 21 BODY.PEEK[]")
		expected = content
	else:
		client.send(b"RETR 21\r\n")
		expected = mails.stuffed(content)
	parts, have, most = [], 0, 0
	while have < 1_500_000:
		parts.append(client.sock.recv(16384))
		if have // 32768 != (have + len(parts[-1])) // 32768:
			time.sleep(0.02)
			most = max(most, resident_kb(path.gateway) if path.gateway else 0)
		have += len(parts[-1])
	other = path.sign_in("imap")
	other.quit()
	client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
	while have < len(expected):
		parts.append(client.sock.recv(65536))
		assert parts[-1], "closed in the middle"
		have += len(parts[-1])
	assert expected in b"".join(parts)
	assert most - before < GROWTH_KB, f"{most - before} kB more than before"
	client.close()


def test_upload_to_a_slow_provider(mailbox):
	"""IM-25: towards a provider that takes nothing the client's line stands still; then all of it moves."""
	size = 16_000_000
	go = threading.Event()

	def hold(session, _line):
		go.wait(30)
		damaged, left = False, size - len(session.buffer)
		while left:
			octets = session.sock.recv(min(left, 65536))
			damaged = damaged or octets.strip(b"z") != b""
			left -= len(octets)
		session.buffer = b""
		return "TAG NO damaged" if damaged else "TAG OK taken"

	gate = mailbox("imap", script={"APPEND": hold})
	before = resident_kb(gate)
	with Imap(gate.port("imap"), timeout=60) as client:
		client.login()
		client.send(b"a APPEND INBOX {%d+}\r\n" % size)
		sent = threading.Thread(target=client.send, args=(b"z" * size,))
		sent.start()
		time.sleep(1)
		assert sent.is_alive(), "16 MB went nowhere"
		assert resident_kb(gate) - before < GROWTH_KB
		go.set()
		sent.join()
		assert client.finish("a").text == "taken"


def test_stop_under_idle(mailbox):
	"""A-83: at SIGTERM sessions that only wait are let go, and the gateway ends in time."""
	gate = mailbox("imap", tls="implicit", allow=ALL)
	held = []
	for _ in range(10):
		held.append(Imap(gate.port("imap"), tls=any_certificate()))
		held[-1].login()
		held[-1].idle()
	waiting = Imap(gate.port("imap"), tls=any_certificate())
	assert gate.stop() == 0
	for client in held + [waiting]:
		client.until_end(5)
		client.close()


def hold_many(path, count):
	"""Signed-in sessions in IDLE, opened by a few threads: [(client, tag)]."""
	made, faults = [], []

	def open_some():
		try:
			for _ in range(count // 8):
				client = path.sign_in("imap", timeout=60)
				client.ok("EXAMINE INBOX")
				made.append((client, client.idle()))
		except (OSError, EOFError, AssertionError) as error:
			faults.append(error)

	threads = [threading.Thread(target=open_some) for _ in range(8)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert not faults, faults[:2]
	return made


def serial(port):
	"""The serial number of the certificate at a TLS port."""
	with socket.create_connection(("127.0.0.1", port), 10) as sock:
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
		context.check_hostname = False
		context.verify_mode = ssl.CERT_NONE
		context.maximum_version = ssl.TLSVersion.TLSv1_2
		with context.wrap_socket(sock) as secure:
			return secure.getpeercert(True)


def test_renewal_and_reload_under_idle(way, server, authority, tmp_path):
	"""A-58 A-82 TL-14 (issue: must show 7): a new certificate and a reload take effect for new sessions;
	two hundred in IDLE stay, hear new mail, and end as usual."""
	if mailclient.DIRECT:
		pytest.skip("the gateway's own affair")
	harness.let_others_in(tmp_path)
	files = [tmp_path / "chain.pem", tmp_path / "key.pem"]

	def install(leaf):
		for path, source in zip(files, authority.leaf(leaf)):
			temporary = path.with_suffix(".new")
			with open(source, "rb") as octets:
				temporary.write_bytes(octets.read())
			os.chmod(temporary, 0o644)
			os.replace(temporary, path)

	install("ec")
	account = "quiet@example.test"
	path = way(server, "implicit", "implicit", user=account,
		listener={"certificate": str(files[0]), "key": str(files[1])})
	gate = path.gateway
	old = serial(gate.port("imap"))
	held = hold_many(path, CROWD)
	assert len(held) == CROWD and gate.pool("session")["now"] >= CROWD
	install("rsa")
	gate.reload()
	pause_until(lambda: serial(gate.port("imap")) != old, 15, "the new certificate is not shown")
	gate.write(gate.text.replace("option max_per_client '1000'", "option max_per_client '900'"))
	gate.reload()
	gate.wait_log("reload|configuration", 10)
	fresh = Imap(gate.port("imap"), tls=trusting(authority.trust))
	fresh.login()
	fresh.quit()
	server.deliver(account, mail(b"after the reload"))
	for client, tag in held:
		client.sock.settimeout(30)
		heard = b""
		while b" EXISTS" not in heard:
			heard = client.response()
	for client, tag in held:
		client.send(b"DONE\r\nz LOGOUT\r\n")
	for client, tag in held:
		assert client.finish(tag).status == "OK"
		assert client.finish("z").status == "OK"
		client.close()
