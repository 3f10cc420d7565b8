"""Every sequence of CR, LF and dot up to length 5 around the terminator (A-01 to A-04).

Each is followed by a smuggled transaction. What is right is computed here from one rule: DATA ends at
CRLF.CRLF on the raw octets and nowhere else; what is bare becomes CRLF afterwards.
"""
import itertools
import re
import threading

import pytest

import mails
from smtpclient import Client

SEQUENCES = [b"".join(part) for length in range(1, 6)
	for part in itertools.product((b"\r", b"\n", b"."), repeat=length)]
HEAD = b"Subject: x\r\nDate: d\r\nMessage-ID: <a@b>\r\n\r\n"
SMUGGLED = (b"MAIL FROM:<evil@evil.test>\r\nRCPT TO:<evil@evil.test>\r\nDATA\r\nevil\r\n.\r\n")
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
WORKERS = 6


def expected(stream):
	"""(content as it must arrive, octets behind the terminator) of what follows DATA."""
	raw, _, rest = (b"\r\n" + stream).partition(b"\r\n.\r\n")
	content = re.sub(rb"\r\n\.", b"\r\n", raw)[2:] + b"\r\n"
	return re.sub(rb"\r\n|\r|\n", b"\r\n", content), rest


def transactions(rest):
	"""Number of transactions that stand behind the terminator: one, when MAIL begins a line there."""
	return 1 if re.search(rb"(^|\n)MAIL FROM:", rest) else 0


def text_of(message):
	return message.data.partition(b"\r\n\r\n")[2]


@pytest.fixture
def gate(relay):
	options = {"max_connections": "64", "max_per_client": "64"}
	return lambda **more: relay("plain", account={"smtp_tls": "off", "auth": "none"},
		listener={**options, **more}, allow=[".*"])


def everywhere(work, cases):
	"""Runs work(case) in some threads; returns what failed."""
	todo, failed = list(cases), []
	lock = threading.Lock()

	def run():
		while True:
			with lock:
				if not todo:
					return
				case = todo.pop()
			try:
				work(case)
			except (AssertionError, OSError, EOFError) as error:
				failed.append(f"{case!r}: {error!r}"[:300])

	threads = [threading.Thread(target=run) for _ in range(WORKERS)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	return failed


def play(running, tag, stream, step=None):
	"""One transaction whose content is `stream`; the replies from the one to DATA on."""
	with Client(running.port()) as client:
		client.ehlo()
		client.envelope(recipients=[f"{tag}@example.test"])
		client.ok("DATA", 354)
		for start in range(0, len(stream), step or len(stream)):
			client.send(stream[start:start + (step or len(stream))])
		client.send(b"QUIT\r\n")
		return [int(line[:3]) for line in client.until_end(30).split(b"\r\n") if line]


def arrived(running, tag):
	"""The messages for a case, and whether any of all was smuggled."""
	messages = list(running.upstream.messages)
	return [message for message in messages if message.recipients == [f"{tag}@example.test"]]


def cases():
	"""(tag, sequence, text before it): in the middle of a line, and at its start."""
	return [(f"c{number}x{place}", HEAD + before + sequence)
		for number, sequence in enumerate(SEQUENCES) for place, before in enumerate((b"a", b"a\r\n"))]


def test_data(gate):
	"""A-01 A-02 SS-23: one message with the right octets, never two; nothing bare leaves."""
	running = gate()

	def work(case):
		tag, start = case
		stream = start + SMUGGLED
		content, rest = expected(stream)
		codes = play(running, tag, stream)
		if codes[0] != 250:
			assert codes[0] in range(400, 600), codes
			assert not arrived(running, tag)
			return
		messages = arrived(running, tag)
		assert len(messages) == 1
		assert text_of(messages[0]) == content.partition(b"\r\n\r\n")[2]
		assert not mails.bare(messages[0].raw)
		assert codes.count(354) == transactions(rest), codes

	failed = everywhere(work, cases())
	assert not failed, "\n".join(failed[:10])
	real = sum(transactions(expected(start + SMUGGLED)[1]) for _, start in cases())
	evil = [message for message in running.upstream.messages if "evil" in message.rcpt[0]]
	assert len(evil) == real and real > 0


def test_data_octet_by_octet(gate):
	"""SS-22 A-01: the same for the shorter sequences when every octet comes alone."""
	running = gate()

	def work(case):
		tag, start = case
		content, _ = expected(start + SMUGGLED)
		codes = play(running, tag, start + SMUGGLED, step=1)
		messages = arrived(running, tag)
		assert len(messages) == (1 if codes[0] == 250 else 0)
		if messages:
			assert text_of(messages[0]) == content.partition(b"\r\n\r\n")[2]

	failed = everywhere(work, [case for case in cases() if len(case[1]) <= len(HEAD) + 6])
	assert not failed, "\n".join(failed[:10])


def test_reject(gate):
	"""A-02: with `legacy_eol reject` a bare CR or LF is 550 5.6.0 after the dot, and nothing leaves."""
	running = gate(legacy_eol="reject")

	def work(case):
		tag, start = case
		stream = start + b"\r\n.\r\n"
		raw = (b"\r\n" + stream).partition(b"\r\n.\r\n")[0]
		codes = play(running, tag, stream)
		bad = bool(BARE.search(raw + b"\r\n"))
		assert codes[0] == (550 if bad else 250), codes
		assert len(arrived(running, tag)) == (0 if bad else 1)

	failed = everywhere(work, [case for case in cases() if len(case[1]) <= len(HEAD) + 6])
	assert not failed, "\n".join(failed[:10])


def bdat(running, tag, chunks):
	with Client(running.port()) as client:
		client.ehlo()
		client.envelope(recipients=[f"{tag}@example.test"])
		for number, chunk in enumerate(chunks):
			last = b" LAST" if number == len(chunks) - 1 else b""
			client.send(b"BDAT %d%s\r\n" % (len(chunk), last) + chunk)
		client.send(b"QUIT\r\n")
		return [int(line[:3]) for line in client.until_end(30).split(b"\r\n") if line]


def test_bdat(gate):
	"""A-03 SS-27: counted content is one message or refused; dots and terminators in it mean nothing."""
	running = gate()

	def work(case):
		tag, start = case
		content = start + SMUGGLED
		codes = bdat(running, tag, [content])
		bad = bool(BARE.search(content))
		assert codes == [550 if bad else 250, 221], codes
		messages = arrived(running, tag)
		assert len(messages) == (0 if bad else 1)
		for message in messages:
			assert text_of(message) == content.partition(b"\r\n\r\n")[2]

	failed = everywhere(work, cases())
	assert not failed, "\n".join(failed[:10])
	assert not [1 for message in running.upstream.messages if "evil" in message.rcpt[0]]


def test_bdat_split_inside_the_sequence(gate):
	"""A-03: the verdict doesn't depend on where a chunk ends; a CRLF may be split between two."""
	running = gate()

	def work(case):
		tag, start = case
		content = start + SMUGGLED
		cut = len(start) - 1
		codes = bdat(running, tag, [content[:cut], content[cut:]])
		bad = bool(BARE.search(content))
		messages = arrived(running, tag)
		if bad:
			assert 250 not in codes[1:-1] and not messages, codes
		elif messages:
			assert text_of(messages[0]) == content.partition(b"\r\n\r\n")[2]
		assert len(messages) == (1 if codes[:2] == [250, 250] else 0), codes

	failed = everywhere(work, [case for case in cases() if len(case[1]) <= len(HEAD) + 6])
	assert not failed, "\n".join(failed[:10])
	assert not [1 for message in running.upstream.messages if "evil" in message.rcpt[0]]
