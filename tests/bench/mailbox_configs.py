"""Configurations of the proxies in front of mailboxes. {tls} is empty where the front is plain."""

NGINX = """load_module {module};
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
stream {{
	proxy_timeout 1h;
	proxy_ssl on;
	proxy_ssl_protocols TLSv1.2;
	proxy_ssl_session_reuse on;
	proxy_ssl_name localhost;
	proxy_ssl_verify on;
	proxy_ssl_trusted_certificate {trust};
	ssl_session_cache shared:front:10m;
{servers}}}
"""

NGINX_SERVER = """	server {{
		listen 127.0.0.1:{port}{ssl} backlog=511;
		proxy_pass 127.0.0.1:{sink};
{tls}	}}
"""

NGINX_TLS = """		ssl_protocols TLSv1.2;
		ssl_certificate {cert};
		ssl_certificate_key {key};
"""

NGINX_MAIL = """load_module {module};
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
mail {{
	server_name gateway.test;
	auth_http 127.0.0.1:{helper}/;
	timeout 1h;
	proxy_timeout 1h;
	ssl_session_cache shared:front:10m;
	imap_auth login plain;
	pop3_auth plain;
{servers}}}
"""

NGINX_MAIL_SERVER = """	server {{
		listen 127.0.0.1:{port}{ssl} backlog=511;
		protocol {protocol};
{tls}	}}
"""

# Says where every login goes, whatever the password.
NGINX_HELPER = """daemon off;
worker_processes 1;
{user}
pid {folder}/helper.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
	access_log off;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	map $http_auth_protocol $sink {{ imap {imap_sink}; pop3 {pop3_sink}; }}
	server {{
		listen 127.0.0.1:{helper} backlog=511;
		location / {{
			add_header Auth-Status OK always;
			add_header Auth-Server 127.0.0.1 always;
			add_header Auth-Port $sink always;
			return 204;
		}}
	}}
}}
"""

STUNNEL = """foreground = quiet
pid =
syslog = no
debug = warning
sslVersion = TLSv1.2
"""

STUNNEL_SERVER = """[{name}-server]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{between}
cert = {cert}
key = {key}
"""

STUNNEL_CLIENT = """[{name}]
client = yes
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{sink}
CAfile = {trust}
verifyChain = yes
checkHost = localhost
sni = localhost
"""

HAPROXY = """global
	nbthread 1
	maxconn 2000
{user}
defaults
	mode tcp
	timeout connect 5s
	timeout client 1h
	timeout server 1h
	backlog 511
"""

HAPROXY_DOOR = """listen {name}
	bind 127.0.0.1:{port}{tls}
	server sink 127.0.0.1:{sink} ssl verify required ca-file {trust} sni str(localhost) force-tlsv12
"""

HAPROXY_TLS = " ssl crt {folder}/both.pem force-tlsv12"

DOVECOT = """protocols = {protocols}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
import_environment = LD_LIBRARY_PATH
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_ca = <{trust}
ssl_require_crl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
login_proxy_max_disconnect_delay = 0
passdb {{
  driver = passwd-file
  args = {folder}/users.%s
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service anvil {{
  client_limit = 4000
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 4000
}}
{services}"""

DOVECOT_SERVICE = """service {protocol}-login {{
  service_count = 0
  process_min_avail = 1
  client_limit = 3000
{listeners}{unused}}}
"""

DOVECOT_LISTENER = """  inet_listener {name} {{
    port = {port}
    ssl = {ssl}
  }}
"""

DOVECOT_UNUSED = """  inet_listener {name} {{
    port = 0
  }}
"""

PERDITION = """{program} --no_daemon -P {protocol} -b 127.0.0.1 -l {port} -s localhost -p {sink} -n -M '' \\
	--config_file '' --pid_file '' {user_words} --ssl_mode {mode} --ssl_ca_file {trust} \\
	--ssl_ca_path {folder} --ssl_cert_file {cert} --ssl_key_file {key} -F {folder}/log &"""
