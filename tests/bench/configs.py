"""Configurations of the gateway's peers: each takes plain SMTP and passes it on over verified TLS."""

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
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
myhostname = postfix.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
local_transport = error:no local mail
alias_maps =
alias_database =
smtp_host_lookup = native
relayhost = [localhost]:{sink}
smtp_tls_wrappermode = yes
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = hostname
smtp_tls_CAfile = {trust}
smtp_tls_session_cache_database = btree:{folder}/data/smtp_scache
smtp_tls_connection_reuse = yes
message_size_limit = 60000000
mailbox_size_limit = 0
"""

POSTFIX_MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
tlsproxy unix - - n - 0 tlsproxy
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

OPENSMTPD = """smtp max-message-size 60M
listen on 127.0.0.1 port {port} hostname opensmtpd.test
action "out" relay host "smtps://localhost:{sink}" tls
match from any for any action "out"
"""

NGINX = """load_module {module};
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 2048; }}
stream {{
	server {{
		listen 127.0.0.1:{port} backlog=511;
		proxy_pass 127.0.0.1:{sink};
		proxy_ssl on;
		proxy_ssl_protocols TLSv1.2;
		proxy_ssl_session_reuse on;
		proxy_ssl_name localhost;
		proxy_ssl_verify on;
		proxy_ssl_trusted_certificate {trust};
	}}
}}
"""

STUNNEL = """foreground = quiet
pid =
syslog = no
debug = warning
[smtp]
client = yes
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{sink}
CAfile = {trust}
verifyChain = yes
checkHost = localhost
sni = localhost
"""

# The far end, the same for every candidate: TLS 1.2 with a session cache, SMTP behind it.
SINK = """load_module {module};
daemon off;
worker_processes 1;
{user}
pid {folder}/sink.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
stream {{
	server {{
		listen 127.0.0.1:{port} ssl backlog=511;
		ssl_protocols TLSv1.2;
		ssl_session_cache shared:sink:10m;
		ssl_session_tickets off;
		ssl_certificate {cert};
		ssl_certificate_key {key};
		proxy_pass unix:{folder}/smtp;
	}}
}}
"""
