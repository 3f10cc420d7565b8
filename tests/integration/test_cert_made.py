"""The gateway's own authority and leaf, as OpenSSL and Python's ssl module see them (DECISIONS 27)."""
import os
import socket
import ssl
import subprocess

import pytest

import harness


def openssl(*words, good=True):
	done = subprocess.run(["openssl", *words], text=True, capture_output=True, check=False, timeout=30)
	assert (done.returncode == 0) == good, done.stdout + done.stderr
	return done.stdout


def certificate_of(port, context, name):
	"""The server's certificate in DER, verified by `context`."""
	with socket.create_connection(("127.0.0.1", port), 10) as plain, \
			context.wrap_socket(plain, server_hostname=name) as secure:
		assert secure.recv(4) == b"220 "
		return secure.getpeercert(True)


def sections(**main):
	made = harness.standard(main={"name": ["mail.lan", "192.0.2.7"], **main})
	made[("listener", "secure")] = {"protocol": "smtp", "address": ["127.0.0.1"],
		"port": harness.free_port(), "tls": "implicit", "auth": "optional"}
	return made


@pytest.mark.parametrize("kind", ["", "-rsa"])
def test_openssl_takes_it(gateway, kind):
	"""Strict verification, names, purpose; keys that nobody else may read."""
	gate = gateway(sections(rsa="1"))
	state = os.path.join(gate.folder, "state")
	ca, leaf = os.path.join(state, f"ca{kind}.crt"), os.path.join(state, f"leaf{kind}.crt")
	strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca]
	for name in ("gateway.test", "mail.lan"):
		openssl(*strict, "-verify_hostname", name, leaf)
	openssl(*strict, "-verify_ip", "192.0.2.7", leaf)
	openssl(*strict, "-verify_hostname", "other.lan", leaf, good=False)
	for key in (f"ca{kind}.key", f"leaf{kind}.key"):
		assert os.stat(os.path.join(state, key)).st_mode & 0o077 == 0
		openssl("pkey", "-noout", "-check", "-in", os.path.join(state, key))
	context = ssl.create_default_context(cafile=ca)
	context.set_ciphers("aRSA" if kind else "aECDSA")
	context.maximum_version = ssl.TLSVersion.TLSv1_2
	shown = certificate_of(gate.port("secure"), context, "gateway.test")
	with open(leaf, encoding="ascii") as file:
		assert shown == ssl.PEM_cert_to_DER_cert(file.read())


def test_same_after_a_restart(gateway, tmp_path):
	"""A device that trusts the authority once goes on trusting it; the leaf stays while it is young."""
	state = tmp_path / "state"
	harness.let_others_in(tmp_path)
	gate = gateway(sections(state=str(state)))
	made = {name: (state / name).read_bytes() for name in ("ca.crt", "ca.key", "leaf.crt", "leaf.key")}
	assert gate.stop() == 0
	gate.start()
	assert made == {name: (state / name).read_bytes() for name in made}
	context = ssl.create_default_context(cafile=str(state / "ca.crt"))
	assert certificate_of(gate.port("secure"), context, "gateway.test")
