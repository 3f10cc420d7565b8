"""Dovecot as the provider of mailboxes, run from build/peers like the servers of peers.py.

Ports: `imap` and `pop3` (clear, with STARTTLS and STLS), `imaps` and `pop3s` (TLS). Every name is an
account as long as its password is harness.PASSWORD; an account's mailbox is a Maildir, which tests
fill with `deliver` while the server runs, too.
"""
import functools
import os
import random
import re
import time

import harness
import mails
import peers

CONFIG = """protocols = imap pop3
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
import_environment = LD_LIBRARY_PATH
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
auth_verbose = yes
auth_username_chars =
mail_location = maildir:~/Maildir
mail_max_userip_connections = 1000
mail_plugins = zlib
mailbox_idle_check_interval = 2 secs
imap_idle_notify_interval = {notify} secs
maildir_stat_dirs = no
first_valid_uid = 100
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={folder}/mail/%u
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  service_count = 0
  process_min_avail = 1
  client_limit = 1000
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 1
  client_limit = 1000
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s}
    ssl = yes
  }}
}}
service auth {{
  client_limit = 4000
}}
service imap {{
  process_limit = 1000
  service_count = 0
}}
service pop3 {{
  process_limit = 1000
  service_count = 0
}}
protocol imap {{
  mail_plugins = zlib imap_zlib
}}
protocol pop3 {{
  pop3_uidl_format = %08Xu%08Xv
}}
"""

MESSAGES = 1000
BIG = 20_000_000


class Dovecot(peers.Peer):
	package = "dovecot"

	def __init__(self, folder, authority, leaf="ec", mechanisms="plain login cram-md5", notify=120):
		self.leaf, self.mechanisms, self.notify = leaf, mechanisms, notify
		self.pop3, self.pop3s = harness.free_port(), harness.free_port()
		self.delivered = 0
		super().__init__(folder, authority)

	imap = property(lambda self: self.starttls)
	imaps = property(lambda self: self.implicit)

	def configure(self):
		cert, key = self.authority.leaf(self.leaf)
		self.write("dovecot.conf", CONFIG.format(**dict(self.values(), cert=cert, key=key,
			uid=peers.SPOOL_UID, mechanisms=self.mechanisms, notify=self.notify, imap=self.imap,
			imaps=self.imaps, pop3=self.pop3, pop3s=self.pop3s)))
		os.makedirs(os.path.join(self.folder, "mail"))
		os.chown(os.path.join(self.folder, "mail"), peers.SPOOL_UID, peers.SPOOL_UID)

	def command(self):
		return f"/usr/sbin/dovecot -F -c {self.folder}/dovecot.conf"

	def start(self):
		super().start()
		for port in (self.pop3, self.pop3s):
			self.wait_port(port)

	# --- mailboxes

	def maildir(self, account):
		return os.path.join(self.folder, "mail", account, "Maildir")

	def fill(self, account, messages):
		"""A fresh mailbox whose messages have the UIDs 1, 2, … in the order given; idle servers only."""
		root = self.maildir(account)
		for part in ("", "/cur", "/new", "/tmp"):
			os.makedirs(root + part)
		for number, octets in enumerate(messages, 1):
			path = f"{root}/cur/{1_700_000_000 + number}.M{number}.test:2,"
			with open(path, "wb") as target:
				target.write(octets.replace(b"\r\n", b"\n"))
			os.utime(path, (1_700_000_000 + number,) * 2)
		home = os.path.dirname(root)
		for folder, _, names in os.walk(home):
			for path in [folder] + [os.path.join(folder, name) for name in names]:
				os.chown(path, peers.SPOOL_UID, peers.SPOOL_UID)

	def deliver(self, account, octets):
		"""One new message, as a delivery agent writes it."""
		root = self.maildir(account)
		self.delivered += 1
		name = f"{int(time.time())}.D{self.delivered}.test"
		with open(f"{root}/tmp/{name}", "wb") as target:
			target.write(octets.replace(b"\r\n", b"\n"))
		os.chown(f"{root}/tmp/{name}", peers.SPOOL_UID, peers.SPOOL_UID)
		os.rename(f"{root}/tmp/{name}", f"{root}/new/{name}")

	def stored(self, account):
		"""The octets of every message in the mailbox, in the order of arrival."""
		found = {}
		for part in ("cur", "new"):
			folder = os.path.join(self.maildir(account), part)
			for name in os.listdir(folder):
				found[tuple(int(word) for word in re.findall(r"\d+", name)[:2])] = os.path.join(folder, name)
		return [self.read(found[key]) for key in sorted(found)]

	def logins(self, least=0):
		"""[(protocol, account, mechanism, secure)] of the logins so far, as its log tells them, a moment
		later: `least` of them are waited for."""
		for _ in range(100):
			with open(self.log, encoding="utf-8", errors="replace") as log:
				found = [(match[1], match[2], match[3], "TLS" in match[0]) for match in re.finditer(
					r"(imap|pop3)-login: Info: Login: user=<([^>]*)>, method=([^,]*),.*", log.read())]
			if len(found) >= least:
				break
			time.sleep(0.1)
		return found


@functools.lru_cache(maxsize=None)
def messages(count=MESSAGES, big=BIG, longest=998, seed=7):
	"""Messages of all small sizes with 8-bit octets, lines of dots and long lines; the last is big."""
	source = random.Random(seed)
	text = mails.body(2_000_000, longest=longest, seed=seed)
	starts = [match.end() for match in re.finditer(b"\r\n", text[:1_900_000])]
	made = []
	for number in range(1, count + 1):
		start = source.choice(starts)
		end = text.index(b"\r\n", start + source.randrange(1, 5000)) + 2
		made.append(b"From: a%d@example.test\r\nTo: %s\r\nSubject: number %d\r\n"
			b"Date: Thu, 1 Jan 2026 10:00:00 +0000\r\nMessage-ID: <%d@example.test>\r\n\r\n"
			% (number, harness.USER.encode(), number, number) + text[start:end])
	if big:
		made.append(mails.mail(big))
	return made


def numbered(message):
	"""The number that stands in the Message-ID; 0 is the big one's."""
	match = re.search(rb"(?im)^Message-ID: <(\d+)@example\.test>", message[:4000])
	return int(match[1]) if match else 0
