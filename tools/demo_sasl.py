"""SASL as the demo provider's services know it: PLAIN (RFC 4616) and LOGIN, and nothing else."""
import base64
import binascii

MECHANISMS = ("PLAIN", "LOGIN")


class Cancelled(Exception):
	"""The client sent `*` in place of an answer."""


def decoded(text):
	if text == "*":
		raise Cancelled
	try:
		return base64.b64decode("" if text == "=" else text, validate=True).decode("utf-8")
	except binascii.Error:
		raise ValueError("not base64") from None


def credentials(mechanism, initial, ask):
	"""(name, password); `initial` is the initial response or "", `ask(prompt)` sends a prompt in base64
	and returns the line that answers it. Raises ValueError for what cannot be understood."""
	def answer(prompt, given):
		if not given:
			given = ask(base64.b64encode(prompt.encode()).decode())
		return decoded(given)
	if mechanism == "PLAIN":
		parts = answer("", initial).split("\0")
		if len(parts) != 3:
			raise ValueError("not of three parts")
		return parts[1], parts[2]
	if mechanism == "LOGIN":
		name = answer("Username:", initial)
		return name, answer("Password:", "")
	raise ValueError("unknown mechanism")
