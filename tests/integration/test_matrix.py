"""Real clients through the gateway to real servers; every octet compared (issue: matrix of 2).

On the way to a STARTTLS upstream the clients are old devices (plain, no password); to an
implicit-TLS upstream they use STARTTLS and a local password, so that both legs meet real software.
"""
import email
import os
import smtplib
import subprocess

import pytest

import harness
import mails
import peers
import smtpclient
from smtpclient import Client

SENDER, RECIPIENT = "scanner@device.lan", "owner@example.test"
LOCAL_USER, LOCAL_PASSWORD = "printer", "canary-Local-23"


@pytest.fixture(scope="module", params=list(peers.KINDS))
def peer(request, authority, tmp_path_factory):
	if os.geteuid():
		pytest.skip("real servers need root for their users and namespaces")
	folder = tmp_path_factory.mktemp(request.param)
	harness.let_others_in(folder)
	server = peers.KINDS[request.param](str(folder), authority)
	yield server
	server.stop()


@pytest.fixture(params=["starttls", "implicit"])
def path(request, peer, authority, gateway):
	"""A gateway in front of the peer; `path.local` says whether the client signs in."""
	sections = harness.standard(None, authority.trust,
		account={"smtp_port": getattr(peer, request.param), "smtp_tls": request.param},
		more={("user", LOCAL_USER): {"password": LOCAL_PASSWORD, "account": "office"}})
	local = request.param == "implicit"
	if local:
		sections[("listener", "scan")].update(tls="starttls", auth="required", plain_auth="0")
	running = gateway(sections)
	running.local = local
	peer.forget()
	return running


def run(*words, text=None):
	done = subprocess.run(words, input=text, capture_output=True, timeout=60, check=False)
	assert done.returncode == 0, f"{words[0]}: {done.stdout[-800:]!r} {done.stderr[-800:]!r}"


def swaks(gate, folder, content):
	source = folder / "mail"
	source.write_bytes(content.removesuffix(b"\r\n").replace(b"\r\n", b"\n"))
	local = ["--tls", "--auth", "PLAIN", "--auth-user", LOCAL_USER, "--auth-password", LOCAL_PASSWORD]
	run("swaks", "--server", f"127.0.0.1:{gate.port()}", "--from", SENDER, "--to", RECIPIENT,
		"--ehlo", "device.lan", "--data", f"@{source}", "--silent", "2",
		*(local if gate.local else []))


def curl(gate, folder, content):
	source = folder / "mail"
	source.write_bytes(content)
	local = ["--ssl-reqd", "--insecure", "--user", f"{LOCAL_USER}:{LOCAL_PASSWORD}"]
	run("curl", "-sS", f"smtp://127.0.0.1:{gate.port()}/device.lan", "--mail-from", SENDER,
		"--mail-rcpt", RECIPIENT, "--upload-file", str(source), *(local if gate.local else []))


def msmtp(gate, _folder, content):
	local = ["--tls=on", "--tls-starttls=on", "--tls-certcheck=off", "--auth=plain",
		f"--user={LOCAL_USER}", f"--passwordeval=echo {LOCAL_PASSWORD}"]
	run("msmtp", "--host=127.0.0.1", f"--port={gate.port()}", f"--from={SENDER}",
		*(local if gate.local else ["--tls=off", "--auth=off"]), "--", RECIPIENT,
		text=content.replace(b"\r\n", b"\n"))


def python_smtplib(gate, _folder, content):
	with smtplib.SMTP("127.0.0.1", gate.port(), "device.lan", timeout=60) as client:
		if gate.local:
			client.starttls(context=smtpclient.any_certificate())
			client.login(LOCAL_USER, LOCAL_PASSWORD)
		assert client.sendmail(SENDER, [RECIPIENT], content, ["BODY=8BITMIME"]) == {}


def own(gate):
	client = Client(gate.port(), timeout=60)
	client.ehlo()
	if gate.local:
		client.starttls(smtpclient.any_certificate())
		client.ehlo()
		client.auth_login(LOCAL_USER, LOCAL_PASSWORD)
	return client


def chunked(gate, _folder, content):
	"""BDAT in chunks of odd sizes, an empty last one among them."""
	with own(gate) as client:
		assert "CHUNKING" in client.ehlo().lines
		client.envelope(SENDER, [RECIPIENT])
		sizes = (1, 7, 1000, 65536, 1_000_003)
		start = 0
		while start < len(content):
			size = sizes[start % len(sizes)]
			chunk = content[start:start + size]
			client.send(b"BDAT %d\r\n" % len(chunk) + chunk)
			assert client.reply().code == 250
			start += size
		assert client.cmd("BDAT 0 LAST").code == 250
		client.quit()


CLIENTS = {"swaks": swaks, "curl": curl, "msmtp": msmtp, "smtplib": python_smtplib, "bdat": chunked}


@pytest.mark.parametrize("client", list(CLIENTS))
def test_five_megabytes(path, peer, tmp_path, client):
	"""SS-23 SS-26 SS-27 SC-15 SC-16 SC-17: 8-bit octets and dots arrive as they were sent."""
	content = mails.mail()
	CLIENTS[client](path, tmp_path, content)
	arrived = peer.wait()[0]
	mails.assert_same(content, arrived)
	assert mails.named(arrived, "from") == [f'"Scanner 2nd floor ({SENDER})" <{harness.USER}>']
	assert mails.named(arrived, "reply-to") == [SENDER]


def test_s_nail(path, peer):
	"""s-nail writes its own headers (and quotes From_ lines): the text must arrive as it sent it."""
	text = mails.body(5_000_000, mails.LATIN, 900).replace(b"From ", b"from ")
	local = ["-S", f"mta=smtp://{LOCAL_USER}:{LOCAL_PASSWORD}@127.0.0.1:{path.port()}", "-S",
		"smtp-auth=login", "-S", "smtp-use-starttls", "-S", "tls-verify=ignore"]
	plain = ["-S", f"mta=smtp://127.0.0.1:{path.port()}", "-S", "smtp-auth=none"]
	run("s-nail", "-:/", "-S", "v15-compat", *(local if path.local else plain), "-S",
		"ttycharset=iso-8859-1", "-S", "sendcharsets=iso-8859-1", "-S", "mime-encoding=8bit", "-S",
		"hostname=device.lan", "-S", f"from={SENDER}", "-s", "from s-nail", RECIPIENT,
		text=text.replace(b"\r\n", b"\n"))
	arrived = peer.wait()[0]
	message = email.message_from_bytes(arrived)
	assert message["subject"] == "from s-nail"
	if message["content-transfer-encoding"] == "8bit":
		assert mails.split(arrived)[1] == text
	else:
		assert message.get_payload(decode=True).replace(b"\r\n", b"\n") == text.replace(b"\r\n", b"\n")


def test_bdat_without_last_line_end(path, peer):
	"""A-03 SC-15: the last line gets the CRLF that it lacks, and nothing else changes."""
	content = mails.mail(100_000)[:-2]
	with own(path) as client:
		client.envelope(SENDER, [RECIPIENT])
		client.send(b"BDAT %d LAST\r\n" % len(content) + content)
		assert client.reply().code == 250
		client.quit()
	mails.assert_same(content + b"\r\n", peer.wait()[0])


def test_wrong_upstream_password(peer, authority, gateway):
	"""DECISIONS 21: the provider's 535 is a 454 for the device; nothing is delivered."""
	running = gateway(harness.standard(None, authority.trust, account={"smtp_port": peer.starttls,
		"smtp_tls": "starttls", "password": "not the password"}), allow=[".*"])
	with Client(running.port()) as client:
		client.ehlo()
		client.ok(f"MAIL FROM:<{SENDER}>")
		reply = client.cmd(f"RCPT TO:<{RECIPIENT}>")
		assert reply.code == 454 and reply.text.startswith("4.7.0"), reply
