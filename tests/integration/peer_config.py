"""Configurations of the real servers that tests use as providers."""

POSTFIX_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
	"private", "saved", "trace")

POSTFIX_MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
meta_directory = {folder}/etc
mail_owner = postfix
setgid_group = postdrop
import_environment = MAIL_CONFIG, MAIL_LOGTAG, LANG=C, LD_LIBRARY_PATH, POSTLOG_SERVICE, POSTLOG_HOSTNAME
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = postfix.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
virtual_mailbox_domains = example.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = 50000000
smtputf8_enable = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth.sock
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_client_connection_count_limit = 0
"""

POSTFIX_MASTER = """127.0.0.1:{starttls} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
127.0.0.1:{implicit} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

EXIM = """primary_hostname = exim.test
exim_path = /usr/sbin/exim4
spool_directory = {folder}/spool
log_file_path = {folder}/exim-log/%slog
pid_file_path = {folder}/spool/exim.pid
daemon_smtp_ports = {starttls} : {implicit}
tls_on_connect_ports = {implicit}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = {cert}
tls_privatekey = {key}
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}{{}}}}
acl_smtp_rcpt = rcpt
host_lookup =
rfc1413_hosts =
message_size_limit = 50M
smtp_accept_max = 200
smtp_accept_max_per_host = 200
timeout_frozen_after = 1d
keep_environment =
add_environment =

begin acl
rcpt:
  accept authenticated = *
  deny message = relay not permitted

begin routers
inbox:
  driver = accept
  transport = inbox

begin transports
inbox:
  driver = appendfile
  directory = {folder}/mail/inbox
  maildir_format
  create_directory
  user = Debian-exim
  group = Debian-exim

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{user}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""

OPENSMTPD = """pki test cert "{folder}/cert.pem"
pki test key "{folder}/key.pem"
table users file:{folder}/users
smtp max-message-size 50M
listen on 127.0.0.1 port {starttls} tls-require pki test auth <users> hostname opensmtpd.test
listen on 127.0.0.1 port {implicit} smtps pki test auth <users> hostname opensmtpd.test
action "out" relay host "smtp://127.0.0.1:{sink}"
match auth from any for any action "out"
"""
