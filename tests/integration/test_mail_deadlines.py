"""What a mailbox client waits for: half a minute each, so all of it at once (issue: must show 8)."""
import concurrent.futures
import socket
import time

import mailclient
from mailclient import KINDS, LIMIT, LOCAL_PASSWORD, TEMPORARY, attempt, verdict

ALL = [".*"]


def test_places_and_handshakes(gateway, upstream_twins, authority):
	"""TL-16 DECISIONS 17: a provider that accepts and never speaks TLS is given up within its deadline;
	above the account's connections a client hears so, and a place that becomes free goes to who waits."""
	with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
		port = silent.getsockname()[1]
		more = {("user", "few"): {"password": LOCAL_PASSWORD, "account": "two"},
			("account", "two"): {"provider": "generic", "address": "user@example.test",
				"password": "canary-Password-17", "smtp_host": "localhost", "max_connections": "2",
				"imap_host": "localhost", "imap_port": upstream_twins["imap"].port, "imap_tls": "starttls",
				"pop3_host": "localhost", "pop3_port": upstream_twins["pop3"].port, "pop3_tls": "starttls"}}
		gate = gateway(mailclient.sections(authority, port, port, "implicit", more=more), allow=ALL)
		held = [KINDS[protocol](gate.port(protocol), timeout=60) for protocol in KINDS]
		for client in held:
			assert attempt(client, "few")[0] == "OK"
		with concurrent.futures.ThreadPoolExecutor(8) as pool:
			silence = {protocol: pool.submit(verdict, gate, protocol=protocol) for protocol in KINDS}
			full = {protocol: pool.submit(verdict, gate, "few", protocol=protocol) for protocol in KINDS}
			for protocol in KINDS:
				code, text = silence[protocol].result()
				assert code == TEMPORARY[protocol], text
				code, text = full[protocol].result()
				assert code == LIMIT[protocol], text
			waiting = {protocol: pool.submit(verdict, gate, "few", protocol=protocol) for protocol in KINDS}
			time.sleep(0.3)
			assert not any(future.done() for future in waiting.values())
			for client in held:
				client.quit()
			for protocol in KINDS:
				assert waiting[protocol].result()[0] == "OK"
