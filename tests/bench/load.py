"""The far end that counts messages, and the near end that sends them."""
import fcntl
import os
import re
import shutil
import subprocess
import time

import candidates
import configs
import harness
import process

SETTLE_S = 0.15
SOURCE_S = 5
COUNT = re.compile(rb"mesg=(\d+)")


def postfix_tool(name):
	return os.path.join(candidates.unpacked("postfix"), "usr/sbin", name)


class Sink:
	"""smtp-sink behind an nginx that ends TLS."""

	def __init__(self, place):
		self.log = os.path.join(place.folder, "sink.log")
		folder = os.path.join(place.folder, "sink")
		os.makedirs(folder)
		os.chmod(folder, 0o755)
		self.children = []
		self.start_smtp(place, os.path.join(folder, "smtp"))
		path = os.path.join(folder, "nginx.conf")
		with open(path, "w", encoding="ascii") as target:
			target.write(configs.SINK.format(module=candidates.nginx_module(), cert=place.cert,
				user=candidates.nginx_user(), key=place.key, folder=folder, port=place.sink_port))
		self.children.append(process.start(candidates.nginx_command(folder, path), self.log,
			place.load_core, candidates.libraries("nginx")))
		process.wait_port(self.children[-1], place.sink_port, self.log)

	def start_smtp(self, place, path):
		"""Its standard output has the running counters."""
		nobody = ()
		if os.geteuid() == 0:
			nobody = ("-u", "nobody")
			shutil.chown(os.path.dirname(path), "nobody")
		reader, writer = os.pipe()
		fcntl.fcntl(reader, fcntl.F_SETFL, os.O_NONBLOCK)
		self.reader, self.seen, self.rest = reader, 0, b""
		with open(self.log, "ab") as log:
			self.children.append(subprocess.Popen([postfix_tool("smtp-sink"), "-c", "-h", "localhost",
				"-m", "2000", *nobody, "unix:" + path, "511"], stdin=subprocess.DEVNULL, stdout=writer, stderr=log,
				start_new_session=True, env=dict(os.environ, **candidates.libraries("postfix"))))
		os.close(writer)
		end = time.monotonic() + process.START_S
		while not os.path.exists(path):
			if self.children[0].poll() is not None or time.monotonic() > end:
				raise process.Failed(f"smtp-sink does not start: {process.tail(self.log)}")
			time.sleep(0.02)
		os.chmod(path, 0o777)

	def count(self):
		"""Messages since the start."""
		while True:
			try:
				more = os.read(self.reader, 65536)
			except BlockingIOError:
				return self.seen
			if not more:
				raise process.Failed(f"smtp-sink ended: {process.tail(self.log)}")
			text, cut, self.rest = (self.rest + more).rpartition(b"\r")
			found = COUNT.findall(text + cut)
			if found:
				self.seen = int(found[-1])

	def wait_quiet(self, seconds=10):
		"""Until nothing has come for a second."""
		end = time.monotonic() + seconds
		last, since = self.count(), time.monotonic()
		while time.monotonic() < end and time.monotonic() - since < 1:
			time.sleep(0.05)
			if self.count() != last:
				last, since = self.count(), time.monotonic()

	def stop(self):
		for child in self.children:
			process.stop(child)
		os.close(self.reader)


def send(sink, candidate, case, number, limit_s):
	"""Sends `number` messages; {elapsed_s, cpu_s, messages, bytes}, or Failed."""
	before, cpu = sink.count(), candidate.cpu()
	began = time.monotonic()
	source = subprocess.Popen([postfix_tool("smtp-source"), "-4", "-s", str(min(number, case.connections)),
		"-m", str(number), "-l", str(case.size), "-f", harness.USER, "-t", "someone@example.test",
		f"127.0.0.1:{candidate.port}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
		stderr=subprocess.PIPE, start_new_session=True, text=True, errors="replace",
		env=dict(os.environ, **candidates.libraries("postfix")))
	fault = None
	try:
		elapsed = wait_arrived(sink, source, before + number, began, limit_s)
		source.wait(SOURCE_S)
	except subprocess.TimeoutExpired:
		fault = "all messages have arrived, but the client never ends"
	except process.Failed as why:
		fault = f"{sink.count() - before} of {number} arrived: {why}"
	process.stop(source)
	with source.stderr:
		said = source.stderr.read().strip()[-300:].rpartition("smtp-source: ")[2]
	if fault or source.returncode != 0:
		raise process.Failed(" ".join(filter(None, (fault, said))))
	time.sleep(SETTLE_S)
	arrived = sink.count() - before
	if arrived != number:
		raise process.Failed(f"{number} were sent, {arrived} arrived")
	return {"messages": number, "elapsed_s": elapsed, "cpu_s": candidate.cpu() - cpu,
		"bytes": number * case.size}


def wait_arrived(sink, source, wanted, began, limit_s):
	"""Seconds until the count is reached."""
	while True:
		count, now = sink.count(), time.monotonic()
		if count >= wanted:
			return now - began
		if source.poll() not in (None, 0):
			raise process.Failed(f"the client ended with {source.returncode}")
		if now - began > limit_s:
			raise process.Failed(f"not done after {limit_s:.0f} s")
		time.sleep(0.004)
