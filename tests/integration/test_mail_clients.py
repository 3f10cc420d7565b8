"""Real mail clients collect a thousand messages and one of 20 MB, octet for octet (issue: must show 2)."""
import email
import glob
import imaplib
import os
import poplib
import pty
import re
import signal
import subprocess
import threading

import pytest

import dovecot as peer
import harness
import mailclient
from peers import SPOOL_UID
from smtpclient import trusting

HOST = "localhost"
TIMEOUT_S = 120
FEW = "few@example.test"  # for a client that is slow by itself: a tenth of the messages, and the big one


@pytest.fixture(scope="module")
def server(dovecot):
	made = dovecot(leaf="rsa")
	made.fill(harness.USER, peer.messages())
	made.fill(FEW, peer.messages()[-101:])
	return made


def run(*words, home="/", user=None):
	done = subprocess.run([str(word) for word in words], capture_output=True, timeout=TIMEOUT_S,
		check=False, stdin=subprocess.DEVNULL, user=user, group=user,
		extra_groups=user and [], cwd=home,
		env=dict(os.environ, LC_ALL="C.UTF-8", HOME=str(home)))
	assert done.returncode == 0, (f"{words[0]}: {done.returncode} {done.stdout[-800:]!r} "
		f"{done.stderr[-800:]!r}")


def private(folder, name, text):
	path = folder / name
	path.write_text(text)
	path.chmod(0o600)
	return path


def collected(pattern):
	"""The messages in files, with the line ends of the network."""
	found = []
	for path in glob.glob(str(pattern)):
		with open(path, "rb") as source:
			found.append(source.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
	return found


def assert_whole(got, expected, bodies=False):
	"""Each message once, and every octet of it (of its text alone where a client rewrites headers)."""
	def part(message):
		return message.partition(b"\r\n\r\n")[2] if bodies else message

	sent = {peer.numbered(message): part(message) for message in expected}
	have = {peer.numbered(message): part(message) for message in got}
	assert len(got) == len(have) == len(sent), f"{len(got)} messages, {len(have)} of them different"
	for number, message in sent.items():
		if have[number] != message:
			at = len(os.path.commonprefix([have[number], message]))
			raise AssertionError(f"message {number} differs at {at}: {have[number][max(0, at - 40):at + 60]!r} "
				f"for {message[max(0, at - 40):at + 60]!r}")


def tls_is(way, implicit, starttls, off):
	return {"implicit": implicit, "starttls": starttls, "off": off}[way.tls]


# --- clients: each collects everything into a folder and returns the octets

def curl(way, authority, folder, protocol):
	scheme = protocol + tls_is(way, "s", "", "")
	part = "INBOX;UID=[1-1001]" if protocol == "imap" else "[1-1001]"
	run("curl", "-sS", "--user", f"{way.user}:{way.password}", "--cacert", authority.trust,
		*tls_is(way, [], ["--ssl-reqd"], []), "-o", folder / "m#1",
		f"{scheme}://127.0.0.1:{way.port(protocol)}/{part}")
	return collected(folder / "m*")


def curl_imap(way, authority, folder):
	return curl(way, authority, folder, "imap")


def curl_pop3(way, authority, folder):
	return curl(way, authority, folder, "pop3")


MUTT = """set certificate_file="{trust}"
set ssl_starttls={starttls} ssl_force_tls={force} imap_user="{user}" imap_pass="{password}"
set imap_authenticators="plain:login" mbox_type=Maildir folder="{folder}" record="" confirmappend=no
set confirmcreate=no delete=no mail_check=0 sleep_time=0 header_cache="" message_cachedir=""
set read_only=yes wait_key=no imap_keepalive=300 move=no quit=yes beep=no
"""


def mutt(way, authority, folder):
	"""mutt wants a terminal: it gets one, and keys."""
	scheme = "imap" + tls_is(way, "s", "", "")
	rc = private(folder, "muttrc", MUTT.format(trust=authority.trust, folder=folder, user=way.user,
		password=way.password, starttls=tls_is(way, "no", "yes", "no"),
		force=tls_is(way, "yes", "yes", "no")))
	keys = "<tag-pattern>~A<enter><tag-prefix><copy-message>=out<enter><exit>"
	pid, master = pty.fork()
	if pid == 0:
		os.environ.update(TERM="vt100", LC_ALL="C.UTF-8", HOME=str(folder), LINES="30", COLUMNS="100")
		os.execvp("mutt", ["mutt", "-n", "-R", "-F", str(rc), "-e", f"push '{keys}'", "-f",
			f"{scheme}://{HOST}:{way.port('imap')}/INBOX"])
	watch = threading.Timer(TIMEOUT_S, os.kill, (pid, signal.SIGKILL))
	watch.start()
	shown = b""
	try:
		while more := os.read(master, 65536):
			shown = (shown + more)[-4000:]
	except OSError:
		pass
	finally:
		_, status = os.waitpid(pid, 0)
		watch.cancel()
		os.close(master)
	assert status == 0, shown
	# mutt writes two headers of its own into copies.
	return [re.sub(rb"(?m)^Content-Length: \d+\r\nLines: \d+\r\n", b"", message, count=1)
		for message in collected(folder / "out" / "*" / "*")]


MBSYNC = """IMAPStore far
Host {host}
Port {port}
User {user}
Pass {password}
AuthMechs {mechanism}
SSLType {tls}
CertificateFile {trust}
SystemCertificates no
Timeout 60
PipelineDepth 50

MaildirStore near
Path {folder}/near/
Inbox {folder}/near/inbox

Channel all
Far :far:
Near :near:
Patterns INBOX
Sync Pull
Create Near
SyncState *
"""


def mbsync(way, authority, folder):
	(folder / "near").mkdir()
	rc = private(folder, "mbsyncrc", MBSYNC.format(host=HOST, port=way.port("imap"), user=way.user,
		password=way.password, tls=tls_is(way, "IMAPS", "STARTTLS", "None"), trust=authority.trust,
		mechanism="LOGIN", folder=folder))
	run("mbsync", "-c", rc, "-q", "all", home=folder)
	# The header that mbsync gives each message for the time of the transfer stays in the copy.
	return [re.sub(rb"(?m)^X-TUID: .{12}\r\n", b"", message, count=1)
		for message in collected(folder / "near" / "inbox" / "*" / "*,*")]


FETCHMAIL = """set invisible
poll {host} protocol {protocol} port {port} timeout 60
 user "{user}" password "{password}" fetchall keep norewrite no mimedecode {tls}
 mda "cat >{folder}/got.$$"
"""


def fetchmail(way, authority, folder, protocol):
	trust = f"sslcertck sslcertfile {authority.trust}"
	rc = private(folder, "fetchmailrc", FETCHMAIL.format(host=HOST, port=way.port(protocol),
		protocol=protocol, user=way.user, password=way.password, folder=folder,
		tls=tls_is(way, "ssl " + trust, 'sslproto "TLS1.2+" ' + trust, 'sslproto ""')))
	run("fetchmail", "-f", rc, "--nosyslog", "-i", folder / "ids", "--pidfile", folder / "pid",
		"-s", home=folder)
	return collected(folder / "got.*")


def fetchmail_imap(way, authority, folder):
	return fetchmail(way, authority, folder, "imap")


def fetchmail_pop3(way, authority, folder):
	return fetchmail(way, authority, folder, "pop3")


GETMAIL = """[retriever]
type = Simple{kind}{tls}Retriever
server = 127.0.0.1
port = {port}
username = {user}
password = {password}
timeout = 60
{more}
[destination]
type = Maildir
path = {folder}/box/
[options]
verbose = 0
read_all = true
delete = false
delivered_to = false
received = false
"""


def getmail(way, authority, folder, protocol):
	for part in ("cur", "new", "tmp"):
		(folder / "box" / part).mkdir(parents=True)
	secure = tls_is(way, True, None, False)
	rc = private(folder, "getmailrc", GETMAIL.format(kind=protocol.upper(), port=way.port(protocol),
		tls="SSL" if secure else "", user=way.user, password=way.password, folder=folder,
		more=f"ca_certs = {authority.trust}" if secure else ""))
	harness.let_others_in(folder)
	for path in (folder, rc, *folder.glob("box"), *folder.glob("box/*")):
		os.chown(path, SPOOL_UID, SPOOL_UID)
	run("getmail", "-g", folder, "-r", rc, home=folder, user=SPOOL_UID)
	return collected(folder / "box" / "new" / "*")


def getmail_imap(way, authority, folder):
	return getmail(way, authority, folder, "imap")


def getmail_pop3(way, authority, folder):
	return getmail(way, authority, folder, "pop3")


MPOP = """account default
host 127.0.0.1
port {port}
user {user}
passwordeval "echo {password}"
auth {mechanism}
{tls}
tls_trust_file {trust}
delivery maildir {folder}/box
uidls_file {folder}/uidls
received_header off
keep on
"""


def mpop(way, authority, folder):
	for part in ("cur", "new", "tmp"):
		(folder / "box" / part).mkdir(parents=True)
	tls = tls_is(way, "tls on\ntls_starttls off", "tls on\ntls_starttls on", "tls off")
	rc = private(folder, "mpoprc", MPOP.format(port=way.port("pop3"), user=way.user, tls=tls,
		password=way.password, trust=authority.trust, folder=folder, mechanism="plain"))
	run("mpop", "-C", rc, "-q", home=folder)
	return collected(folder / "box" / "new" / "*")


def python_imap(way, authority, _folder):
	context = trusting(authority.trust)
	if tls_is(way, True, False, False):
		client = imaplib.IMAP4_SSL(HOST, way.port("imap"), ssl_context=context)
	else:
		client = imaplib.IMAP4(HOST, way.port("imap"))
		if way.tls == "starttls":
			client.starttls(context)
	client.login(way.user, way.password)
	assert client.select(readonly=True)[1] == [b"1001"]
	got = [part[1] for part in client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1] if isinstance(part, tuple)]
	client.logout()
	return got


def python_pop(way, authority, _folder):
	context = trusting(authority.trust)
	if tls_is(way, True, False, False):
		client = poplib.POP3_SSL(HOST, way.port("pop3"), context=context)
	else:
		client = poplib.POP3(HOST, way.port("pop3"))
		if way.tls == "starttls":
			client.stls(context)
	client.user(way.user)
	client.pass_(way.password)
	count, octets = client.stat()
	got = [b"\r\n".join(client.retr(number)[1]) + b"\r\n" for number in range(1, count + 1)]
	client.quit()
	assert sum(len(message) for message in got) == octets
	return got


CASES = [(curl_imap, "starttls", "implicit"), (curl_pop3, "implicit", "starttls"),
	(mutt, "starttls", "starttls"), (mbsync, "implicit", "implicit"),
	(fetchmail_imap, "implicit", "starttls"), (fetchmail_pop3, "starttls", "implicit"),
	(getmail_imap, "off", "implicit"), (getmail_pop3, "detect-implicit", "starttls"), (mpop, "starttls", "starttls"),
	(python_imap, "detect-implicit", "starttls"), (python_pop, "detect-off", "implicit")]


@pytest.mark.parametrize("client,tls,security", CASES,
	ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_everything_arrives(way, server, authority, tmp_path, client, tls, security):
	"""IM-23 IM-25 PO-15 PO-17: 1 000 messages and one of 20 MB through both legs."""
	slow = client in (getmail_imap, getmail_pop3)
	path = way(server, tls, security, user=FEW if slow else harness.USER)
	assert_whole(client(path, authority, tmp_path), peer.messages()[-101:] if slow else peer.messages(),
		bodies=slow)
