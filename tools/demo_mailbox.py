"""The demo provider's mailboxes: what SMTP delivers, IMAP and POP3 read. In memory, safe for threads."""
import threading
import time


class Entry:
	"""One message in one mailbox."""

	def __init__(self, uid, data, received):
		self.uid = uid
		self.data = data
		self.received = received
		self.flags = set()


class Mailbox:
	"""Entries in the order of their UIDs. Sessions hold lists of entries of their own and compare."""

	def __init__(self):
		self.entries = []
		self.next_uid = 1
		self.validity = int(time.time())
		self.lock = threading.Lock()
		self.listeners = set()
		self.maildrop = threading.Lock()

	def add(self, data, received):
		with self.lock:
			self.entries.append(Entry(self.next_uid, data, received))
			self.next_uid += 1
		self.tell()

	def snapshot(self):
		with self.lock:
			return list(self.entries)

	def remove(self, gone):
		gone = set(gone)
		with self.lock:
			self.entries = [entry for entry in self.entries if entry not in gone]
		self.tell()

	def listeners_add(self, wake):
		with self.lock:
			self.listeners.add(wake)

	def listeners_remove(self, wake):
		with self.lock:
			self.listeners.discard(wake)

	def tell(self):
		"""Wakes every session that waits for a change."""
		with self.lock:
			for wake in self.listeners:
				wake()
