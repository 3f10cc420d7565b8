"""Rounds of sign-ins and of a big message through every proxy of mailboxes, and memory while they wait."""
import time

import mailboxes
import mailload
import process

IDLE_S = 1.0
FETCH = {"imap": "FETCH", "pop3": "RETR"}
FRONTS = {"plain": "plain to TLS", "tls": "TLS to TLS"}


class Case:
	"""One dialogue through one door."""

	def __init__(self, door, dialogue, connections):
		self.door, self.dialogue, self.connections = door, dialogue, connections
		self.figures = "bulk" if dialogue == "bulk" else "sessions"
		self.size = 0
		way = FRONTS[door.front]
		if dialogue == "bulk":
			self.name = f"{FETCH[door.protocol]} of 50 MB, {way}"
		elif dialogue == "idle":
			self.name = f"idle IMAP connections, {way}"
		else:
			self.name = (f"{door.protocol.upper()} sign-ins, {way}, "
				f"{'resumed' if door.upstream == 'resumed' else 'full handshakes'}, {connections} connection"
				+ ("s" if connections > 1 else ""))


def sign_in_cases(quick):
	return [Case(door, "login", connections) for door in mailboxes.DOORS
		for connections in ((10,) if quick else (1, 10, 50))]


def bulk_cases(quick):
	return [Case(door, "bulk", 1) for door in mailboxes.DOORS if door.upstream == "resumed"
		and not (quick and door.front == "tls")]


def idle_cases():
	return [Case(mailboxes.Door("imap", front, "resumed"), "idle", 0) for front in ("plain", "tls")]


class MailBench:
	"""`parts` is a subset of sessions, bulk, idle."""

	def __init__(self, options, place, say):
		self.options, self.place, self.say = options, place, say
		self.end = time.monotonic() + options.limit * 1.5
		self.left_out = {}
		self.cases = []
		if "sessions" in options.parts:
			self.cases += sign_in_cases(options.quick)
		if "bulk" in options.parts:
			self.cases += bulk_cases(options.quick)
		self.results = {case: [] for case in self.cases}
		self.idle = {}
		self.settled = {}

	def kinds(self):
		return (mailboxes.Mailwicket,) + tuple(kind for kind in mailboxes.PEER_KINDS
			if kind.name in self.options.peers)

	def leave_out(self, name, why):
		if name in self.left_out:
			return
		self.say(f"{name}: left out: {why}")
		self.left_out[name] = str(why)

	# --- load

	def run_once(self, sink, member, case):
		if (member.name, case) in self.settled:
			return self.settled[member.name, case]
		try:
			return mailload.load(sink, member, case, self.options.seconds / 4)
		except process.Failed as why:
			self.settled[member.name, case] = str(why)
			member.stop()
			try:
				member.start()
			except process.Failed as again:
				for other in self.cases:
					self.settled.setdefault((member.name, other), str(again))
			return str(why)

	def round(self, sink, members):
		for case in self.cases:
			row = {}
			self.results[case].append(row)
			for member in members:
				if time.monotonic() > self.end:
					return False
				row[member.name] = self.run_once(sink, member, case)
		return True

	def rounds(self, sink):
		members = [kind(self.place) for kind in self.kinds()]
		try:
			for member in list(members):
				try:
					member.start()
				except process.Failed as why:
					self.leave_out(member.name, why)
					members.remove(member)
					member.stop()
			for turn in range(self.options.rounds):
				self.say(f"mailboxes, round {turn + 1} of {self.options.rounds}")
				if not self.round(sink, members):
					self.say("the time is up")
					break
		finally:
			for member in members:
				member.stop()

	# --- memory

	def measure_idle(self, sink, kind, case):
		member = kind(self.place, (case.door,))
		try:
			member.start()
			time.sleep(IDLE_S)
			return mailload.idle(sink, member, case, (20,) if self.options.quick else (50, 500))
		except process.Failed as why:
			return str(why)
		finally:
			member.stop()

	def idles(self, sink):
		for case in idle_cases():
			self.say(case.name)
			self.idle[case.name] = {kind.name: self.measure_idle(sink, kind, case)
				for kind in self.kinds() if kind.name not in self.left_out}

	def run(self):
		sink = mailload.Sink(self.place)
		try:
			if self.cases:
				self.rounds(sink)
			if "idle" in self.options.parts:
				self.idles(sink)
		finally:
			sink.stop()
