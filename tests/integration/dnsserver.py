"""A name server on loopback for names that tests make up."""
import ipaddress
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
NXDOMAIN, SERVFAIL = 3, 2


class NameServer:
	"""`names` maps a lower-case name to a list of addresses, to an error code, or to None (silence)."""

	def __init__(self, names):
		self.names = dict(names)
		self.asked = []
		self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		self.socket.bind(("127.0.0.1", 0))
		self.port = self.socket.getsockname()[1]
		threading.Thread(target=self.serve, daemon=True).start()

	def serve(self):
		while True:
			try:
				query, sender = self.socket.recvfrom(4096)
				answer = self.answer(query)
				if answer:
					self.socket.sendto(answer, sender)
			except OSError:
				return

	def answer(self, query):
		name, end = self.name(query)
		kind = struct.unpack("!H", query[end:end + 2])[0]
		self.asked.append((name, kind))
		known = self.names.get(name.lower(), NXDOMAIN)
		if known is None:
			return None
		code = known if isinstance(known, int) else 0
		records = b""
		count = 0
		for address in known if isinstance(known, list) else ():
			packed = ipaddress.ip_address(address).packed
			if (kind, len(packed)) in ((A, 4), (AAAA, 16)):
				records += struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(packed)) + packed
				count += 1
		head = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, count, 0, 0)
		return head + query[12:end + 4] + records

	@staticmethod
	def name(query):
		labels, at = [], 12
		while query[at]:
			labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
			at += 1 + query[at]
		return ".".join(labels), at + 1

	def stop(self):
		self.socket.close()
