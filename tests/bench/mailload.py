"""Generator and sink of the mailbox bench: compiled once a run, then started for each measurement."""
import json
import mmap
import os
import struct
import subprocess
import time

import harness
import process

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = ("mailbox.c", "mailbox_sink.c", "mailbox_source.c", "wire.c")
KINDS = tuple(f"{protocol}-{kind}" for protocol in ("imap", "pop3") for kind in ("resumed", "full", "plain"))
SETTLE_S = 0.1
IDLE_SETTLE_S = 1.0
GRACE_S = 15


def build(folder):
	program = os.path.join(folder, "mailbox")
	done = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O2", "-o", program,
		*(os.path.join(HERE, name) for name in SOURCES), "-lssl", "-lcrypto"], capture_output=True, text=True,
		check=False)
	if done.returncode:
		raise process.Failed("the generator does not compile: " + done.stderr[-400:])
	return program


class Sink:
	"""The far end: a port for each of KINDS, told to `place`."""

	def __init__(self, place):
		self.program = build(place.folder)
		self.log = os.path.join(place.folder, "mail-sink.log")
		place.mail_sinks = {kind: harness.free_port() for kind in KINDS}
		path = os.path.join(place.folder, "mail-counters")
		self.child = process.start([self.program, "sink", place.cert, place.key, path,
			*(f"{kind}:{port}" for kind, port in place.mail_sinks.items())], self.log, place.load_core)
		for port in place.mail_sinks.values():
			process.wait_port(self.child, port, self.log)
		with open(path, "rb") as source:
			self.counters = mmap.mmap(source.fileno(), 32, prot=mmap.PROT_READ)

	def count(self):
		"""(connections, handshakes, resumed handshakes, logins) since the start."""
		return struct.unpack("=4Q", self.counters[:])

	def stop(self):
		process.stop(self.child)


def source(sink, candidate, case, *words):
	door = case.door
	return [sink.program, "source", str(candidate.port_of(door)), door.protocol, door.front, door.upstream,
		case.dialogue, *words]


def load(sink, candidate, case, seconds):
	"""Sessions for so many seconds; a row, or Failed."""
	child = subprocess.Popen(source(sink, candidate, case, str(case.connections), str(seconds),
		str(seconds + GRACE_S)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
	try:
		child.stdout.readline()
		time.sleep(SETTLE_S)
		before, cpu = sink.count(), candidate.cpu()
		row = json.loads(child.communicate("\n", timeout=seconds + 2 * GRACE_S)[0])
	except (subprocess.TimeoutExpired, ValueError, BrokenPipeError):
		raise process.Failed("the generator does not end") from None
	finally:
		child.kill()
		child.wait()
	time.sleep(SETTLE_S)
	if row["faults"] or not row["sessions"]:
		raise process.Failed(f"{row['faults']} sessions broke, {row['sessions']} went well: "
			f"{row['first_fault']}")
	used = candidate.cpu() - cpu
	_, handshakes, resumed, logins = (now - then for now, then in zip(sink.count(), before))
	if logins < row["sessions"]:
		raise process.Failed(f"{row['sessions']} sessions, but {logins} logins arrived")
	return {"messages": row["sessions"], "elapsed_s": row["elapsed_s"], "bytes": row["bytes"],
		"cpu_s": used, "resumed_up": resumed / handshakes if handshakes else None,
		"resumed_down": row["resumed"] / row["sessions"] if case.door.front == "tls" else None}


def idle(sink, candidate, case, counts):
	"""{connections: PSS of all processes in kB} with so many clients signed in and waiting."""
	found = {0: process.pss_kb(candidate.child.pid)}
	child = subprocess.Popen(source(sink, candidate, case, *map(str, counts)), stdin=subprocess.PIPE,
		stdout=subprocess.PIPE, text=True, start_new_session=True)
	try:
		for count in counts:
			line = child.stdout.readline().strip()
			if line != f"idle {count}":
				raise process.Failed(line or "the generator ended")
			time.sleep(IDLE_SETTLE_S)
			candidate.cpu()
			found[count] = process.pss_kb(candidate.child.pid)
			child.stdin.write("\n")
			child.stdin.flush()
		return found
	finally:
		child.kill()
		child.wait()
		child.stdin.close()
		child.stdout.close()
