#!/usr/bin/python3
"""Measures the gateway against peers from Debian in the same run (make bench).

smtp      messages a second and CPU (user and system, all processes of the candidate) for 4 kB and
          100 kB at 1, 10 and 50 connections, the same for single messages of 50 MB, memory after
          start, and size
sessions  IMAP and POP3 sign-ins a second and their CPU at 1, 10 and 50 connections, plain to TLS and
          TLS to TLS, with sessions resumed and with full handshakes on every leg
bulk      FETCH and RETR of 50 MB
idle      memory with 0, 50 and 500 IMAP clients signed in and waiting

Candidates run one at a time on one core, generator and sink on the other. tools/deps bench fetches
the peers.
"""
import argparse
import json
import os
import platform
import shlex
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
INTEGRATION = os.path.join(os.path.dirname(HERE), "integration")
sys.path[:0] = [HERE, INTEGRATION]
sys.dont_write_bytecode = True

import candidates  # noqa: E402
import harness  # noqa: E402
import load  # noqa: E402
import mailbench  # noqa: E402
import mailboxes  # noqa: E402
import process  # noqa: E402
import report  # noqa: E402

IDLE_S = 1.0
RUN_LIMIT_S = 15
LONGEST = 5000
PARTS = ("smtp", "sessions", "bulk", "idle")
SLOW = 3  # a first run that takes so many times the wanted seconds is the only one


class Case:
	def __init__(self, size, connections, bulk=False):
		self.size, self.connections, self.bulk = size, connections, bulk
		self.figures = "bulk" if bulk else "messages"
		what = f"{size // 1000000} MB" if bulk else f"{size // 1000} kB"
		self.name = f"one message of {what}" if bulk else (
			f"messages of {what}, {connections} connection" + ("s" if connections > 1 else ""))


CASES = [Case(size, connections) for size in (4000, 100000) for connections in (1, 10, 50)]
CASES.append(Case(50000000, 1, bulk=True))


class Place:
	"""Where a run happens: paths, ports and cores that candidates and sink share."""

	def __init__(self, folder, binary):
		self.folder, self.binary = folder, binary
		self.core, self.load_core = process.cores()
		self.sink_port = harness.free_port()
		made = os.path.join(folder, "ca")
		subprocess.run([sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); "
			"import authority; authority.Authority(sys.argv[2])", INTEGRATION, made], check=True,
			env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
		os.chmod(folder, 0o755)
		self.trust = os.path.join(made, "trust.pem")
		self.cert, self.key = os.path.join(made, "ec.pem"), os.path.join(made, "ec.key")


def say(text):
	print(text, file=sys.stderr, flush=True)


class Bench:
	def __init__(self, options, place):
		self.options, self.place = options, place
		self.end = time.monotonic() + options.limit
		self.left_out, self.pss, self.code = {}, {}, {}
		self.rates, self.settled = {}, {}
		self.members = []
		self.results = {case: [] for case in CASES}

	# --- one candidate alone on the machine: memory after start

	def measure_idle(self, kind):
		member = kind(self.place)
		try:
			member.start()
			time.sleep(IDLE_S)
			self.pss[member.name] = process.pss_kb(member.child.pid)
		except process.Failed as why:
			if kind is candidates.Mailwicket:
				raise
			self.left_out[member.name] = str(why)
			return
		finally:
			member.stop()
		self.members.append(member)

	# --- load

	def number_of(self, member, case):
		"""Messages that take about the wanted time, as far as is known."""
		lowest = 1 if case.bulk else max(10, case.connections)
		known = self.rates.get((member.name, case))
		wanted = 0 if known is None else known * self.options.seconds
		return int(min(LONGEST, max(lowest, wanted)))

	def run_once(self, sink, member, case):
		if (member.name, case) in self.settled:
			return self.settled[member.name, case]
		number = self.number_of(member, case)
		try:
			row = load.send(sink, member, case, number, RUN_LIMIT_S)
		except process.Failed as why:
			self.settled[member.name, case] = str(why)
			self.recover(sink, member)
			return str(why)
		if (member.name, case) not in self.rates and row["elapsed_s"] > SLOW * self.options.seconds:
			self.settled[member.name, case] = row
		self.rates[member.name, case] = report.rate(row)
		return row

	def recover(self, sink, member):
		"""A clean start after a fault, so that the next case does not suffer from it."""
		member.stop()
		sink.wait_quiet()
		try:
			member.start()
		except process.Failed as why:
			for case in CASES:
				self.settled.setdefault((member.name, case), str(why))

	def round(self, sink, keep):
		for case in CASES:
			row = {}
			if keep:
				self.results[case].append(row)
			for member in self.members:
				if time.monotonic() > self.end:
					return False
				row[member.name] = self.run_once(sink, member, case)
		return True

	def run(self):
		"""Idle figures, one short round that finds the speeds, then the rounds that count."""
		for kind in (candidates.Mailwicket,) + tuple(kind for kind in candidates.PEER_KINDS
				if kind.name in self.options.peers):
			self.measure_idle(kind)
		sink = load.Sink(self.place)
		try:
			for member in self.members:
				member.start()
			say("finding each one's speed")
			self.round(sink, False)
			for turn in range(self.options.rounds):
				say(f"round {turn + 1} of {self.options.rounds}")
				if not self.round(sink, True):
					say("the time is up")
					break
			for member in self.members:
				if member.child and member.child.poll() is None:
					self.code[member.name] = process.code_bytes(member.child.pid)
		finally:
			for member in self.members:
				member.stop()
			sink.stop()


def result_of(began, command, smtp, mail):
	cases = {**(smtp.results if smtp else {}), **(mail.results if mail else {})}
	left_out = {**(smtp.left_out if smtp else {})}
	for name, why in (mail.left_out if mail else {}).items():
		left_out[f"{name} (mailboxes)"] = why
	return {"command": command, "machine": machine(), "seconds": time.monotonic() - began,
		"rounds": max((len(rows) for rows in cases.values()), default=0), "left_out": left_out,
		"pss_kb": smtp.pss if smtp else {}, "code_bytes": smtp.code if smtp else {},
		"cases": [report.summary(case, rows) for case, rows in cases.items() if any(rows)],
		"idle": mail.idle if mail else {}}


def machine():
	model = platform.machine()
	with open("/proc/cpuinfo", encoding="utf-8") as source:
		for line in source:
			if line.startswith("model name"):
				model = line.split(":", 1)[1].strip()
				break
	return f"{model}, {os.cpu_count()} cores"


def arguments():
	known = list(dict.fromkeys(kind.name for kind in candidates.PEER_KINDS + mailboxes.PEER_KINDS))
	parser = argparse.ArgumentParser(description=__doc__,
		formatter_class=argparse.RawDescriptionHelpFormatter)
	parser.add_argument("--binary", default=harness.BINARY, help="the gateway's program")
	parser.add_argument("--quick", action="store_true", help="one short round of fewer cases, to check the script")
	parser.add_argument("--rounds", type=int, help="rounds that count (default 3, quick 1)")
	parser.add_argument("--seconds", type=float, help="aim for one measurement of mail, and four of sign-ins (default 2, quick 0.4)")
	parser.add_argument("--limit", type=float, default=320,
		help="of smtp, one and a half of it for sessions and bulk: start nothing new after so many seconds")
	parser.add_argument("--parts", default=",".join(PARTS), help="what to measure (default all)")
	parser.add_argument("--peers", default=",".join(known), help="which peers, by name (default all)")
	parser.add_argument("--json", metavar="FILE", help="also write the figures there")
	options = parser.parse_args()
	options.rounds = options.rounds or (1 if options.quick else 3)
	options.seconds = options.seconds or (0.4 if options.quick else 2.0)
	for name, allowed in (("peers", known), ("parts", PARTS)):
		chosen = [word for word in getattr(options, name).split(",") if word]
		if wrong := set(chosen) - set(allowed):
			parser.error(f"{name}: no {', '.join(sorted(wrong))}; there are {', '.join(allowed)}")
		setattr(options, name, chosen)
	if not os.access(options.binary, os.X_OK):
		parser.error(f"there is no program {options.binary}: run make first")
	options.binary = os.path.abspath(options.binary)
	return options


def main():
	options, began = arguments(), time.monotonic()
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
	command = shlex.join([os.path.basename(sys.executable), os.path.relpath(sys.argv[0]), *sys.argv[1:]])
	usable = os.sched_getaffinity(0)
	try:
		with tempfile.TemporaryDirectory(prefix="mw-bench-") as folder:
			place = Place(folder, options.binary)
			os.sched_setaffinity(0, {place.load_core})
			smtp = Bench(options, place) if "smtp" in options.parts else None
			if smtp:
				smtp.run()
			mail = mailbench.MailBench(options, place, say) if set(options.parts) - {"smtp"} else None
			if mail:
				mail.run()
			result = result_of(began, command, smtp, mail)
	except process.Failed as why:
		say(f"bench: {why}")
		return 1
	finally:
		os.sched_setaffinity(0, usable)
	print("\n".join(report.show(result)))
	if options.json:
		with open(options.json, "w", encoding="utf-8") as target:
			json.dump(result, target, indent=1)
			target.write("\n")
	return 1 if report.ours_failed(result) else 0


if __name__ == "__main__":
	sys.exit(main())
