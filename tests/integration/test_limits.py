"""Pools, caps and guessers: who is refused, who still gets through, and that all comes back."""
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

import harness
import smtpclient
from smtpclient import Client, b64

ALL = [".*"]
LOCAL = "canary-Local-23"


@pytest.fixture(scope="session")
def small():
	"""The program with 64 sessions and 2 large record buffers; built where the environment names none.

	It is the same program whatever variant the rest of the suite runs with, so it is tested once.
	"""
	if os.environ.get("MAILWICKET_VARIANT") == "asan":
		pytest.skip("the small variant is tested along with the one that locks the heap")
	if "MAILWICKET_SMALL" not in os.environ:
		subprocess.run(["make", "-C", harness.ROOT, "VARIANT=small", "all"], check=True,
			stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
	return harness.SMALL


def source(number):
	"""A loopback address of its own for a client."""
	return f"127.0.{1 + number // 200}.{1 + number % 200}"


def crowd(work, count):
	"""Runs work(number) for `count` clients at once; returns the results."""
	results = [None] * count

	def run(number):
		try:
			results[number] = work(number)
		except (OSError, EOFError, AssertionError) as error:
			results[number] = error

	threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	return results


def test_four_hundred_clients(relay, small):
	"""A-40 A-44 DECISIONS 17: a pool of 64; the surplus gets the constant refusal, then all comes back."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none", "max_connections": "100"},
		listener={"max_connections": "1000", "max_per_client": "100"}, binary=small, allow=ALL)
	opened = threading.Barrier(401)
	leave = threading.Event()

	def client(number):
		try:
			device = Client(gate.port(), source=source(number), timeout=60)
		finally:
			opened.wait(60)
		leave.wait(60)
		with device:
			if device.greeting.code == 220:
				device.ehlo()
				return device.mail(recipients=[f"r{number}@example.test"]).code
			assert device.until_end() == b""
			return device.greeting

	runner = threading.Thread(target=lambda: runner.results.extend(crowd(client, 400)))
	runner.results = []
	runner.start()
	opened.wait(60)
	leave.set()
	runner.join()
	served = [result for result in runner.results if result == 250]
	refused = [result for result in runner.results if getattr(result, "code", 0) == 421]
	assert len(served) + len(refused) == 400, [r for r in runner.results if r not in served + refused][:5]
	assert 50 <= len(served) <= 64
	assert {reply.text for reply in refused} == {refused[0].text}
	assert refused[0].text.startswith("4.3.2")
	assert len(gate.upstream.wait(len(served))) == len(served)
	gate.wait_idle()
	assert gate.pool("session")["count"] == gate.pool("session")["peak"] == 64
	with Client(gate.port()) as device:
		device.ehlo()
		assert device.mail().code == 250


def test_caps(relay):
	"""A-40: `max_per_client` and `max_connections` of a listener."""
	gate = relay(listener={"max_connections": "6", "max_per_client": "3"}, allow=ALL)
	mine = [Client(gate.port(), source="127.0.0.5") for _ in range(4)]
	assert [client.greeting.code for client in mine] == [220, 220, 220, 421]
	others = [Client(gate.port(), source=f"127.0.0.{6 + number}") for number in range(4)]
	assert [client.greeting.code for client in others] == [220, 220, 220, 421]
	for client in mine + others:
		client.close()
	gate.wait_idle()
	with Client(gate.port(), source="127.0.0.5") as client:
		assert client.greeting.code == 220


def test_honest_client_among_guessers(relay):
	"""A-30 A-31 A-33: a hundred addresses guess passwords; one honest client still signs in and sends."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none"}, allow=ALL,
		listener={"auth": "required", "max_connections": "200", "max_per_client": "20"},
		more={("user", "printer"): {"password": LOCAL}})
	end = threading.Event()
	heard = []

	def guess(number):
		tries = 0
		while not end.is_set():
			try:
				with Client(gate.port(), source=source(number), timeout=10) as client:
					client.ehlo()
					for word in range(5):
						heard.append(client.cmd("AUTH PLAIN " + b64(f"\0printer\0guess{word}")).code)
						tries += 1
			except (OSError, EOFError, AssertionError):
				time.sleep(0.05)
		return tries

	guessers = threading.Thread(target=crowd, args=(guess, 100))
	guessers.start()
	try:
		time.sleep(3)
		done = 0
		limit = time.monotonic() + 30
		while done < 5 and time.monotonic() < limit:
			try:
				with Client(gate.port(), source="127.0.9.9") as client:
					client.ehlo()
					client.auth_plain("printer", LOCAL)
					assert client.mail().code == 250
					done += 1
			except (OSError, EOFError):
				time.sleep(0.1)
		assert done == 5
	finally:
		end.set()
		guessers.join()
	assert 235 not in heard and 535 in heard
	assert heard.count(535) < len(heard) or len(heard) < 2000, "guesses are never slowed down"


def sign_in(gate, address, name, password):
	"""The code of one try in a connection of its own."""
	with Client(gate.port(), source=address) as client:
		client.ehlo()
		return client.cmd("AUTH PLAIN " + b64(f"\0{name}\0{password}")).code


def test_guesser_is_penalised(relay):
	"""A-30 SS-36: an address that keeps guessing is refused unheard; a name that has signed in from there
	before, and other addresses, are not."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none"}, allow=ALL,
		listener={"auth": "required"}, more={("user", "printer"): {"password": LOCAL}})
	assert sign_in(gate, "127.0.0.66", "printer", LOCAL) == 235
	codes = [sign_in(gate, "127.0.0.66", "root", f"guess{number}") for number in range(12)]
	assert codes[0] == 535 and 454 in codes, codes
	assert sign_in(gate, "127.0.0.66", "root", "guess") == 454
	assert sign_in(gate, "127.0.0.66", "printer", LOCAL) == 235
	assert sign_in(gate, "127.0.0.67", "printer", LOCAL) == 235


def test_session_of_wrong_passwords_ends(relay):
	"""SS-36 SS-44: a few wrong passwords end the connection with 421."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none"}, allow=ALL,
		listener={"auth": "required"}, more={("user", "printer"): {"password": LOCAL}})
	with Client(gate.port()) as client:
		client.ehlo()
		codes = [535]
		while codes[-1] == 535 and len(codes) < 12:
			client.send(b"AUTH PLAIN " + b64("\0printer\0wrong").encode() + b"\r\n")
			codes.append(client.reply().code)
		assert codes[-1] == 421 and client.until_end() == b"", codes


def client_hello(port):
	"""A TLS client that will talk records by hand: (socket, SSLObject, outgoing BIO)."""
	sock = socket.create_connection(("127.0.0.1", port), 60)
	incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
	tls = smtpclient.any_certificate().wrap_bio(incoming, outgoing)
	while True:
		try:
			tls.do_handshake()
			break
		except ssl.SSLWantReadError:
			sock.sendall(outgoing.read())
			incoming.write(sock.recv(65536))
	sock.sendall(outgoing.read())
	return sock, tls, incoming, outgoing


def converse(sock, tls, incoming, outgoing, text):
	"""Sends a command and waits for one reply line; b'' at the end."""
	if text:
		tls.write(text)
		sock.sendall(outgoing.read())
	got = b""
	while not got.endswith(b"\n"):
		try:
			got += tls.read(4096)
		except ssl.SSLWantReadError:
			more = sock.recv(65536)
			if not more:
				return got
			incoming.write(more)
	return got


def test_dribbling_records(relay, small):
	"""A-41 A-42 DESIGN 5: 2 large buffers, 40 peers that each dribble a 16 kB record: all are served in
	turn or meet their deadline, and a client with small records never waits for them."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none", "max_connections": "64"}, allow=ALL,
		listener={"tls": "implicit", "max_connections": "64", "max_per_client": "64"}, binary=small)
	begun = time.monotonic()

	def dribble(number):
		peer = client_hello(gate.port())
		sock, tls, _, outgoing = peer
		with sock:
			converse(*peer, b"")
			for line in (b"HELO x\r\n", b"MAIL FROM:<a@device.lan>\r\n",
					b"RCPT TO:<r%d@example.test>\r\n" % number, b"DATA\r\n"):
				assert converse(*peer, line)[:1] in (b"2", b"3")
			tls.write((b"Subject: x\r\n\r\n" + b"y" * 76 + b"\r\n" + b"z" * 16384)[:16384 - 5] + b"\r\n.\r\n")
			record = outgoing.read()
			assert len(record) > 16384
			for start in range(0, len(record), 1024):
				sock.sendall(record[start:start + 1024])
				time.sleep(0.03)
			return converse(*peer, b"")[:3]

	def honest():
		slowest = 0
		for _ in range(10):
			start = time.monotonic()
			with Client(gate.port(), tls=smtpclient.any_certificate(), timeout=60) as client:
				client.ehlo()
				assert client.mail(recipients=["honest@example.test"]).code == 250
			slowest = max(slowest, time.monotonic() - start)
		return slowest

	results = []
	runner = threading.Thread(target=lambda: results.extend(crowd(dribble, 40)))
	runner.start()
	time.sleep(0.5)
	slowest = honest()
	runner.join()
	assert slowest < 10, f"an honest client waited {slowest:.1f} s"
	assert results.count(b"250") == 40, [result for result in results if result != b"250"][:5]
	assert time.monotonic() - begun < 120
	large = gate.pool("records_large")
	assert large["count"] == large["peak"] == 2 and large["refused"] > 0, large
	gate.wait_idle(30)


def test_half_records_meet_their_deadline(relay, small):
	"""A-41 DESIGN 5: peers that stop in the middle of a large record lose their buffer to those who
	go on, within the deadline of a lent buffer."""
	gate = relay("plain", account={"smtp_tls": "off", "auth": "none", "max_connections": "64"}, allow=ALL,
		listener={"tls": "implicit", "max_connections": "64", "max_per_client": "64"}, binary=small)
	stuck = []
	for _ in range(4):
		peer = client_hello(gate.port())
		converse(*peer, b"")
		peer[1].write(b"NOOP " + b"x" * 16000 + b"\r\n")
		peer[0].sendall(peer[3].read()[:8000])
		stuck.append(peer)
	start = time.monotonic()
	peer = client_hello(gate.port())
	converse(*peer, b"")
	peer[0].settimeout(90)
	answer = converse(*peer, b"NOOP " + b"x" * 15000 + b"\r\n")
	assert answer.startswith(b"500"), answer
	assert time.monotonic() - start < 70
	for other in stuck + [peer]:
		other[0].close()
	gate.wait_idle(30)
