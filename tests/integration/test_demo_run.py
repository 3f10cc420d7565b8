"""`make run` without a terminal: sends, reads back over both protocols, ends with 0."""
import os
import subprocess
import sys

import harness


def test_demonstration_sends_and_reads_back():
	done = subprocess.run([sys.executable, os.path.join(harness.ROOT, "tools/demo_run.py"), "--binary",
		harness.BINARY], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
	assert done.returncode == 0, done.stdout + done.stderr
	assert done.stdout.count("the same octets as at the provider") == 2
	for name in ("plain SMTP", "plain IMAP", "plain POP3"):
		assert f"{name} to 127.0.0.1:" in done.stdout
