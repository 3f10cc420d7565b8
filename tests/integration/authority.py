"""Test authorities and certificates, good and bad, made with the openssl command.

Every leaf is for localhost unless its name says otherwise. `Authority.leaf(name)` gives a file with
the chain and one with the key; GOOD and BAD list the names and what is wrong with them.
"""
import base64
import hashlib
import os
import ssl
import subprocess
import warnings

NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"
PAST = ("20200101000000Z", "20210101000000Z")
FUTURE = ("20450101000000Z", "20460101000000Z")
NOW = ("20240101000000Z", "20440101000000Z")
SERVER = "extendedKeyUsage=serverAuth\n"

GOOD = ("rsa", "ec", "p384", "wildcard", "intermediate", "no_eku")
BAD = {
	"wrong_name": "the names of the certificate are other ones",
	"wildcard_top": "a wildcard for a whole top level domain",
	"expired": "its time is over",
	"not_yet_valid": "its time has not come",
	"intermediate_expired": "the time of its issuer is over",
	"self_signed": "no authority signed it",
	"unknown_ca": "an authority that nobody trusts signed it",
	"leaf_as_ca": "a certificate that is no authority signed it",
	"constraints_critical": "its issuer may not sign this name (critical)",
	"constraints": "its issuer may not sign this name (not critical)",
	"eku_client": "it is for clients only",
	"cn_only": "the name stands in CN only",
	"rsa1024": "a key of 1024 bits",
	"sha1": "signed with SHA-1",
}

CONFIG = """[ca]
default_ca=d
[d]
database={folder}/index
new_certs_dir={folder}
rand_serial=yes
unique_subject=no
default_md=sha256
policy=p
[p]
CN=optional
O=optional
"""


def openssl(*arguments, **options):
	done = subprocess.run(("openssl",) + arguments, stdin=subprocess.DEVNULL, capture_output=True,
		check=False, **options)
	assert done.returncode == 0, f"openssl {' '.join(arguments)}: {done.stderr.decode()}"
	return done.stdout


class Authority:
	def __init__(self, folder):
		self.folder = folder
		os.makedirs(folder, exist_ok=True)
		with open(self.path("ca.cnf"), "w", encoding="ascii") as config:
			config.write(CONFIG.format(folder=folder))
		for name in ("index", "index.attr"):
			with open(self.path(name), "w", encoding="ascii"):
				pass
		self.keys()
		self.sign("root", "ec-root", None, "CA:TRUE")
		self.sign("root_rsa", "rsa-root", None, "CA:TRUE")
		self.sign("stranger", "ec-stranger", None, "CA:TRUE")
		with open(self.path("trust.pem"), "wb") as trust:
			trust.write(self.read("root.crt") + self.read("root_rsa.crt"))
		self.trust = self.path("trust.pem")
		os.chmod(self.trust, 0o644)
		self.good()
		self.bad()

	def path(self, name):
		return os.path.join(self.folder, name)

	def read(self, name):
		with open(self.path(name), "rb") as source:
			return source.read()

	def keys(self):
		for name in ("ec", "ec-root", "ec-stranger", "ec-middle"):
			openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out",
				self.path(name + ".priv"))
		openssl("ecparam", "-genkey", "-name", "secp384r1", "-noout", "-out", self.path("p384.priv"))
		for name, bits in (("rsa", "2048"), ("rsa-root", "2048"), ("rsa1024", "1024")):
			openssl("genrsa", "-out", self.path(name + ".priv"), bits)

	def sign(self, name, key, issuer, basic, extra="", subject=None, time=NOW, digest="sha256"):
		"""Makes NAME.crt for a key; `issuer` is (certificate, key) or None for self-signed."""
		request, ext = self.path("request.csr"), self.path("request.ext")
		openssl("req", "-new", "-sha256", "-key", self.path(key + ".priv"), "-out", request,
			"-subj", subject or f"/O=Mailwicket test/CN={name}")
		with open(ext, "w", encoding="ascii") as target:
			target.write(f"basicConstraints=critical,{basic}\n" + extra)
		by = ("-selfsign", "-keyfile", self.path(key + ".priv"))
		if issuer:
			by = ("-cert", self.path(issuer[0] + ".crt"), "-keyfile", self.path(issuer[1] + ".priv"))
		openssl("ca", "-config", self.path("ca.cnf"), "-batch", "-notext", "-in", request,
			"-extfile", ext, "-startdate", time[0], "-enddate", time[1], "-md", digest,
			"-out", self.path(name + ".crt"), *by)

	def make(self, name, key="ec", issuer=("root", "ec-root"), names=NAMES, extra=SERVER, chain=(),
			**more):
		if names:
			extra += f"subjectAltName={names}\n"
		self.sign(name, key, issuer, "CA:FALSE", extra, **more)
		with open(self.path(name + ".pem"), "wb") as target:
			for part in (name,) + chain:
				target.write(self.read(part + ".crt"))
		with open(self.path(name + ".key"), "wb") as target:
			target.write(self.read(key + ".priv"))

	def middle(self, name, extra="", **more):
		self.sign(name, "ec-middle", ("root", "ec-root"), "CA:TRUE", extra, **more)
		return {"issuer": (name, "ec-middle"), "chain": (name,)}

	def good(self):
		self.make("ec")
		self.make("rsa", "rsa", ("root_rsa", "rsa-root"))
		self.make("p384", "p384")
		self.make("wildcard", names="DNS:*.wild.test,DNS:*.localhost,DNS:localhost")
		self.make("intermediate", **self.middle("middle"))
		self.make("no_eku", extra="")

	def bad(self):
		self.make("wrong_name", names="DNS:elsewhere.test")
		self.make("wildcard_top", names="DNS:*")
		self.make("expired", time=PAST)
		self.make("not_yet_valid", time=FUTURE)
		self.make("intermediate_expired", **self.middle("middle_expired", time=PAST))
		self.make("self_signed", issuer=None)
		self.make("unknown_ca", issuer=("stranger", "ec-stranger"), chain=("stranger",))
		self.make("leaf_as_ca", issuer=("ec", "ec"), chain=("ec",))
		self.make("constraints_critical",
			**self.middle("middle_nc", "nameConstraints=critical,permitted;DNS:allowed.test\n"))
		self.make("constraints",
			**self.middle("middle_nc2", "nameConstraints=permitted;DNS:allowed.test\n"))
		self.make("eku_client", extra="extendedKeyUsage=clientAuth\n")
		self.make("cn_only", names=None, subject="/O=Mailwicket test/CN=localhost")
		self.make("rsa1024", "rsa1024", ("root_rsa", "rsa-root"))
		self.make("sha1", "rsa", ("root_rsa", "rsa-root"), digest="sha1")

	def leaf(self, name="ec"):
		return self.path(name + ".pem"), self.path(name + ".key")

	def context(self, name="ec", ciphers=None):
		"""A server's context with that leaf; TLS 1.2, so that the record counts are what we know."""
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
		context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
		context.load_cert_chain(*self.leaf(name))
		return context

	def old_context(self, version):
		"""A server that knows nothing newer than `version`."""
		context = self.context("rsa")
		with warnings.catch_warnings():
			warnings.simplefilter("ignore", DeprecationWarning)
			context.minimum_version = context.maximum_version = version
		return context

	def pin(self, name):
		"""The SPKI pin of a certificate, as `list pin` takes it."""
		public = openssl("x509", "-in", self.path(name + ".crt"), "-pubkey", "-noout")
		der = subprocess.run(("openssl", "pkey", "-pubin", "-outform", "DER"), input=public,
			capture_output=True, check=True).stdout
		return "sha256/" + base64.b64encode(hashlib.sha256(der).digest()).decode()
