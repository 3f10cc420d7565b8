"""Fixtures: the test authority, scripted upstreams, running gateways."""
import os
import tempfile

import pytest

import harness
import mailclient
import mailupstream
from authority import Authority
from dnsserver import NameServer
from dovecot import Dovecot
from upstream import Upstream


def pytest_collection_modifyitems(items):
	if not os.access(harness.BINARY, os.X_OK):
		raise pytest.UsageError(f"there is no program {harness.BINARY}: run make first")


@pytest.fixture(scope="session")
def authority():
	with tempfile.TemporaryDirectory(prefix="mw-ca-") as folder:
		os.chmod(folder, 0o755)
		yield Authority(folder)


@pytest.fixture
def upstream(authority):
	"""Makes scripted upstreams; `upstream(mode, leaf=..., **options)`."""
	made = []

	def make(mode="starttls", leaf="ec", **options):
		made.append(Upstream(authority.context(leaf), mode, **options))
		return made[-1]

	yield make
	for server in made:
		server.stop()


@pytest.fixture
def gateway():
	"""Starts gateways; at the end each must be idle, stop within 10 s and have a clean log.

	`allow` lists patterns of error lines that the test provokes.
	"""
	made = []

	def make(sections, allow=(), idle=True, **options):
		running = harness.Gateway(sections, **options)
		running.allowed = list(allow)
		running.check_idle = idle
		made.append(running)
		return running

	yield make
	faults = []
	for running in made:
		try:
			faults += finish(running)
		finally:
			running.remove()
	assert not faults, "\n".join(faults)


def finish(running):
	"""What is wrong at the end of a gateway's life."""
	faults = []
	if running.child is None:
		return faults
	try:
		if running.child.poll() is None and running.check_idle:
			running.wait_idle()
	except AssertionError as error:
		faults.append(str(error))
	finally:
		try:
			status = running.stop()
			if status:
				faults.append(f"the gateway ended with {status}:\n" + "\n".join(running.lines[-30:]))
		except AssertionError as error:
			faults.append(str(error))
	return faults + running.unexpected()


@pytest.fixture
def relay(gateway, upstream, authority):
	"""A gateway in front of a scripted upstream: `relay(mode=..., script=..., main=..., ...)`."""

	def make(mode="starttls", leaf="ec", main=None, listener=None, account=None, more=None, allow=(),
			idle=True, binary=None, **options):
		server = upstream(mode, leaf, **options)
		sections = harness.standard(server, authority.trust, main, listener, account, more)
		running = gateway(sections, allow, idle, binary=binary)
		running.upstream = server
		return running

	return make


@pytest.fixture(scope="module")
def dovecot(authority, tmp_path_factory):
	"""Starts Dovecots, which live as long as the module: `dovecot(leaf="rsa")`."""
	if os.geteuid():
		pytest.skip("real servers need root for their users and namespaces")
	made = []

	def make(**options):
		folder = tmp_path_factory.mktemp("dovecot")
		harness.let_others_in(folder)
		made.append(Dovecot(str(folder), authority, **options))
		return made[-1]

	yield make
	for server in made:
		server.stop()


@pytest.fixture
def way(gateway, authority):
	"""A gateway in front of a Dovecot, as clients see it: `way(server, tls=..., security=...)`."""

	def make(server, tls="off", security="starttls", user=harness.USER, allow=(), account=None, **more):
		ports = (server.imaps, server.pop3s) if security == "implicit" else (server.imap, server.pop3)
		sections = mailclient.sections(authority, *ports, security, tls.split("-")[0],
			account={"address": user, "username": user, **(account or {})}, **more)
		running = None if mailclient.DIRECT else gateway(sections, allow)
		return mailclient.Way(running, server, tls, user)

	return make


@pytest.fixture
def mailbox(gateway, authority):
	"""A gateway in front of a scripted provider: `mailbox("imap", mode=..., script=..., tls=...)`."""
	made = []

	def make(protocol, mode="starttls", leaf="ec", tls="off", allow=(), idle=True, main=None, listener=None,
			account=None, more=None, **options):
		server = mailupstream.KINDS[protocol](authority.context(leaf), mode, **options)
		made.append(server)
		security = "off" if mode == "plain" else mode
		running = gateway(mailclient.sections(authority, server.port, server.port, security, tls, main,
			listener, account, more), allow, idle)
		running.upstream = server
		running.protocol = protocol
		return running

	yield make
	for server in made:
		server.stop()


@pytest.fixture
def upstream_twins(authority):
	"""An IMAP and a POP3 provider with STARTTLS: {protocol: server}."""
	made = {name: kind(authority.context("ec")) for name, kind in mailupstream.KINDS.items()}
	yield made
	for server in made.values():
		server.stop()


@pytest.fixture
def names():
	"""Starts name servers: `names({"mx.test": ["127.0.0.1"]})`."""
	made = []

	def make(known):
		made.append(NameServer(known))
		return made[-1]

	yield make
	for server in made:
		server.stop()
