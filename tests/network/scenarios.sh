# The networks of run.sh, one function each. Read by run.sh; not a program.

# ---- without a proxy ----

scenario_plain() {
	begin plain "both protocols, nothing in the way"
	names "${usual_names[@]}"
	session directly
}

scenario_ipv6_only() {
	begin ipv6_only "a customer who has only IPv6"
	names "${usual_names[@]}"
	echo "nameserver fd01::1" >"$work/resolv.inside"
	ip -n inside addr del 10.1.0.2/24 dev i0
	session directly
	ip -n inside addr add 10.1.0.2/24 dev i0
	ip -n inside route add default via 10.1.0.1
}

scenario_broken_ipv6() {
	begin broken_ipv6 "IPv6 is there and swallows everything"
	names "${usual_names[@]}"
	ip -n edge -6 route add blackhole fd02::2/128
	session directly
	ip -n edge -6 route del blackhole fd02::2/128
}

scenario_slow_dns() {
	begin slow_dns "the first name server is dead"
	names "${usual_names[@]}"
	printf 'nameserver 10.9.9.9\nnameserver 10.1.0.1\n' >"$work/resolv.inside"
	session directly
}

scenario_silent_dns() {
	begin silent_dns "no name server answers"
	echo "nameserver 10.9.9.9" >"$work/resolv.inside"
	refusal "no name server (DNS) answered" "Please check why the name relay.acme.test cannot be found"
}

scenario_unknown_name() {
	begin unknown_name "the name is not known here"
	no_names
	refusal "is not known to this network's name servers" "(DNS)"
}

scenario_wrong_dns() {
	begin wrong_dns "the name leads to another server"
	nginx_config tls closed
	names --host-record=relay.acme.test,10.2.0.3
	refusal "another server answered at relay.acme.test:443 (10.2.0.3)" "web.other.test"
}

scenario_sinkhole_dns() {
	begin sinkhole_dns "a DNS filter leads the name to nowhere"
	names --host-record=relay.acme.test,0.0.0.0
	refusal "0.0.0.0" "refuses the connection" "Please allow the name relay.acme.test in the name service (DNS)"
}

scenario_firewall() {
	begin firewall "a firewall that drops everything"
	names "${usual_names[@]}"
	forwarding 0
	refusal "does not answer" "Please allow outgoing TCP connections from this computer to relay.acme.test port 443."
}

# ---- HTTP proxies ----

scenario_tinyproxy() {
	begin tinyproxy "tinyproxy from the environment; names only at the proxy"
	names "${usual_names[@]}"
	no_names
	forwarding 0
	printf 'Port 8888\nTimeout 600\nMaxClients 50\n' >"$work/tinyproxy.conf"
	start tinyproxy edge tinyproxy -d -c "$work/tinyproxy.conf"
	wait_for answers edge 10.1.0.1 8888
	both_env https_proxy=http://10.1.0.1:8888
	session "through the proxy 10.1.0.1:8888"
}

scenario_tinyproxy_port() {
	begin tinyproxy_port "a proxy that allows other ports only"
	names "${usual_names[@]}"
	forwarding 0
	printf 'Port 8888\nTimeout 600\nMaxClients 50\nConnectPort 8443\n' >"$work/tinyproxy.conf"
	start tinyproxy edge tinyproxy -d -c "$work/tinyproxy.conf"
	wait_for answers edge 10.1.0.1 8888
	agent_says "proxy = http://10.1.0.1:8888"
	refusal "the proxy does not allow connections to relay.acme.test port 443" \
		"Please allow connections through the proxy 10.1.0.1:8888 to relay.acme.test port 443 (CONNECT)."
}

squid_config() { # AUTH-LINE...
	mkdir -p "$work/squid"
	chmod 777 "$work/squid"
	{
		printf '%s\n' "$@"
		cat <<-EOF
		http_port 10.1.0.1:3128
		acl ok proxy_auth REQUIRED
		http_access allow ok
		http_access deny all
		cache deny all
		access_log stdio:$work/squid/access.log
		cache_log $work/squid/cache.log
		pid_filename $work/squid/squid.pid
		coredump_dir $work/squid
		shutdown_lifetime 0 seconds
		visible_hostname proxy.corp.test
		EOF
	} >"$work/squid.conf"
	start squid edge squid -N -f "$work/squid.conf"
	wait_for answers edge 10.1.0.1 3128
}

scenario_squid_basic() {
	begin squid_basic "squid that wants Basic"
	names "${usual_names[@]}"
	no_names
	forwarding 0
	openssl passwd -apr1 geheim | sed 's/^/ada:/' >"$work/squid.passwd"
	squid_config "auth_param basic program /usr/lib/squid/basic_ncsa_auth $work/squid.passwd" "auth_param basic realm Corp"
	agent_says "proxy = http://10.1.0.1:3128" "proxy-credentials = proxy.secret" "direct = never" "websocket = never"
	install -m 600 /dev/null "$work/agent/proxy.secret"
	echo ada:geheim >"$work/agent/proxy.secret"
	refusal "only in readable form (Basic)" '"proxy-auth = basic"'
	agent_says "proxy-auth = basic"
	console_says "proxy-auth = basic"
	console_env=(https_proxy=http://ada:geheim@10.1.0.1:3128)
	session "through the proxy 10.1.0.1:3128"
}

digest_squid() {
	printf 'ada:%s\n' "$(printf 'ada:Corp:geheim' | openssl md5 -r | cut -d' ' -f1)" | sed 's/:/:Corp:/' >"$work/squid.digest"
	squid_config "auth_param digest program /usr/lib/squid/digest_file_auth -c $work/squid.digest" "auth_param digest realm Corp"
}

scenario_squid_digest() {
	begin squid_digest "squid that wants Digest; Basic stays forbidden"
	names "${usual_names[@]}"
	no_names
	forwarding 0
	digest_squid
	both_say "proxy = http://ada:geheim@10.1.0.1:3128"
	session "through the proxy 10.1.0.1:3128"
}

scenario_squid_password() {
	begin squid_password "a password that is wrong"
	names "${usual_names[@]}"
	forwarding 0
	digest_squid
	agent_says "proxy = http://ada:geheimnis@10.1.0.1:3128"
	chmod 600 "$work/agent/agent.conf"
	refusal "does not accept the user name and password" "Please correct the user name and password for the proxy 10.1.0.1:3128"
}

scenario_squid_nobody() {
	begin squid_nobody "a proxy that asks, and nothing is configured"
	names "${usual_names[@]}"
	forwarding 0
	digest_squid
	agent_env=(https_proxy=http://10.1.0.1:3128)
	refusal "the proxy asks for a user name and password, and none are configured" "reach relay.acme.test port 443 without a login"
}

scenario_squid_ntlm() {
	begin squid_ntlm "a proxy that knows only NTLM"
	names "${usual_names[@]}"
	forwarding 0
	squid_config "auth_param ntlm program /usr/lib/squid/ntlm_fake_auth" "auth_param ntlm children 2"
	agent_says "proxy = http://ada:geheim@10.1.0.1:3128"
	chmod 600 "$work/agent/agent.conf"
	refusal "(it takes: NTLM)" "without a login, or with Digest"
}

scenario_proxy_gone() {
	begin proxy_gone "the configured proxy is not here, as at home: directly"
	names "${usual_names[@]}"
	both_say "proxy = http://proxy.corp.test:3128"
	session directly
}

# ---- SOCKS ----

dante_config() { # METHOD
	cat >"$work/danted.conf" <<-EOF
	logoutput: stderr
	internal: 10.1.0.1 port = 1080
	external: e1
	socksmethod: $1
	user.privileged: root
	user.unprivileged: nobody
	client pass { from: 0/0 to: 0/0 }
	socks pass { from: 0/0 to: 0/0 }
	EOF
	# the only users that dante knows are the system's: one more, in this namespace
	{ cat /etc/passwd; echo "proxyuser:x:65000:65000::/nonexistent:/usr/sbin/nologin"; } >"$work/passwd"
	{ cat /etc/shadow; echo "proxyuser:$(openssl passwd -6 geheim):19000:0:99999:7:::"; } >"$work/shadow"
	chmod 600 "$work/shadow"
	start danted edge bash -c "mount --bind $work/passwd /etc/passwd; mount --bind $work/shadow /etc/shadow; exec danted -f $work/danted.conf"
	wait_for answers edge 10.1.0.1 1080
}

scenario_dante() {
	begin dante "dante without a login; names only at the proxy"
	names "${usual_names[@]}"
	no_names
	forwarding 0
	dante_config none
	agent_env=(ALL_PROXY=socks5h://10.1.0.1:1080)
	console_says "proxy = socks5h://10.1.0.1:1080"
	session "through the SOCKS proxy 10.1.0.1:1080"
}

scenario_dante_user() {
	begin dante_user "dante with user and password"
	names "${usual_names[@]}"
	no_names
	forwarding 0
	dante_config username
	agent_says "proxy = socks5h://10.1.0.1"
	agent_says "direct = never"
	refusal "the proxy asks for a user name and password" "10.1.0.1:1080"
	cp "$work/agent.conf" "$work/agent/agent.conf"
	agent_says "proxy = socks5h://proxyuser:geheim@10.1.0.1"
	console_env=(all_proxy=socks5://proxyuser:geheim@10.1.0.1:1080)
	session "through the SOCKS proxy 10.1.0.1:1080"
}

# ---- WebSockets ----

# The organisation has not signed this one: the prompt says so, and that is all.
relay_is() { # HOST:PORT
	sed -i -e "s/^relay = .*/relay = $1/" -e '/^signature = /d' "$work/agent/agent.conf" "$work/ada/console.conf"
}

nginx_config() { # tls | plain [closed]: a web server that passes only upgrades, or (closed) nothing
	local listen="listen 10.2.0.3:80; listen [fd02::3]:80;"
	[ "$1" = plain ] || listen="listen 10.2.0.3:443 ssl; listen [fd02::3]:443 ssl; ssl_certificate $work/web.crt; ssl_certificate_key $work/web.key;"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/O=Other/CN=web.other.test' -keyout "$work/web.key" -out "$work/web.crt" 2>/dev/null
	mkdir -p "$work/nginx"
	cat >"$work/nginx.conf" <<-EOF
	daemon off;
	pid $work/nginx/pid;
	error_log $work/nginx/error.log;
	user root;
	events {}
	http {
		access_log off;
		client_body_temp_path $work/nginx/a; proxy_temp_path $work/nginx/b; fastcgi_temp_path $work/nginx/c;
		uwsgi_temp_path $work/nginx/d; scgi_temp_path $work/nginx/e;
		server {
			$listen
			location / {
				if (\$http_upgrade !~* ^websocket$) { return 403; }
				$([ "${2:-}" != closed ] || echo "return 403;")
				proxy_pass http://10.3.0.1:443;
				proxy_http_version 1.1;
				proxy_set_header Upgrade \$http_upgrade;
				proxy_set_header Connection upgrade;
				proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
				proxy_read_timeout 90s;
			}
		}
	}
	EOF
	start nginx web nginx -c "$work/nginx.conf"
	if [ "$1" = plain ]; then wait_for answers web 10.2.0.3 80; else wait_for answers web 10.2.0.3 443; fi
}

scenario_nginx_tls() {
	begin nginx_tls "nginx that ends TLS and passes only WebSocket upgrades"
	names "${usual_names[@]}"
	nginx_config tls
	relay_is gate.acme.test:443
	session "directly, in a WebSocket over TLS"
}

scenario_nginx_plain() {
	begin nginx_plain "the same without TLS, at a place of its own; the relay itself is shut off"
	names "${usual_names[@]}"
	nginx_config plain
	ip -n edge route add blackhole 10.2.0.2/32
	ip -n edge -6 route add blackhole fd02::2/128
	both_say "websocket = ws://gate.acme.test/assent"
	session "directly, in a WebSocket"
	ip -n edge route del blackhole 10.2.0.2/32
	ip -n edge -6 route del blackhole fd02::2/128
}

scenario_nginx_through_tinyproxy() {
	begin nginx_through_tinyproxy "a proxy, and behind it only WebSockets"
	names "${usual_names[@]}"
	no_names
	nginx_config tls
	forwarding 0
	printf 'Port 8888\nTimeout 600\nMaxClients 50\n' >"$work/tinyproxy.conf"
	start tinyproxy edge tinyproxy -d -c "$work/tinyproxy.conf"
	wait_for answers edge 10.1.0.1 8888
	relay_is gate.acme.test:443
	both_env https_proxy=http://10.1.0.1:8888
	session "through the proxy 10.1.0.1:8888, in a WebSocket over TLS"
}

# ---- what opens TLS, and what wants a login ----

inspection() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/O=Corp/CN=Corp Inspection' -keyout "$work/corp.key" -out "$work/corp.crt" 2>/dev/null
	ip -n edge addr add 10.2.0.2/32 dev lo # the box sits where the relay seems to be
	ip -n edge -6 route add unreachable fd02::2/128
	start box edge "$bin/middlebox" inspect 10.2.0.2:443 10.2.0.22:443 "$work/corp.crt" "$work/corp.key" relay.acme.test
	wait_for grep -q listening "$work/box.log"
}
no_inspection() {
	ip -n edge addr del 10.2.0.2/32 dev lo
	ip -n edge -6 route del unreachable fd02::2/128
}

scenario_inspection() {
	begin inspection "a box that opens TLS, refused by default"
	names "${usual_names[@]}"
	inspection
	refusal 'issued by "Corp Inspection"' "exempt them from TLS inspection"
	no_inspection
}

scenario_inspection_allowed() {
	begin inspection_allowed "the same, allowed, with the certificates that this computer trusts"
	names "${usual_names[@]}"
	inspection
	cp "$work/corp.crt" "$work/trust.pem"
	agent_says "tls-inspection = allow"
	console_at=outside_with_names # an inspected TLS cannot show the console's certificate
	echo "10.2.0.22 relay.acme.test" >"$work/hosts"
	session "directly, trusting this computer's certificates" directly
	grep -qF '"inspected_by":"Corp Inspection"' "$work"/state/assent/record/*.jsonl || bad "inspection_allowed: not in the record"
	grep -qF '(certificate of "Corp Inspection")' "$work/agent.screen" || bad "inspection_allowed: the customer is not told"
	no_inspection
}

scenario_proxy_inspects() {
	begin proxy_inspects "a proxy that opens TLS: refused, then allowed"
	names "${usual_names[@]}"
	no_names
	forwarding 0
	inspection
	printf 'Port 8888\nTimeout 600\nMaxClients 50\n' >"$work/tinyproxy.conf"
	start tinyproxy edge tinyproxy -d -c "$work/tinyproxy.conf"
	wait_for answers edge 10.1.0.1 8888
	agent_says "proxy = http://10.1.0.1:8888"
	refusal 'issued by "Corp Inspection"' \
		"Please exempt connections through the proxy 10.1.0.1:8888 to relay.acme.test port 443 from TLS inspection."
	cp "$work/corp.crt" "$work/trust.pem"
	agent_says "tls-inspection = allow"
	console_at=outside_with_names
	echo "10.2.0.22 relay.acme.test" >"$work/hosts"
	session "through the proxy 10.1.0.1:8888, trusting this computer's certificates" directly
	grep -qF '"inspected_by":"Corp Inspection"' "$work"/state/assent/record/*.jsonl || bad "proxy_inspects: not in the record"
	no_inspection
}

scenario_inspection_websocket() {
	begin inspection_websocket "opened TLS in front of a WebSocket: the relay stays pinned inside"
	names "${usual_names[@]}"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/O=Corp/CN=Corp Inspection' -keyout "$work/corp.key" -out "$work/corp.crt" 2>/dev/null
	ip -n edge addr add 10.2.0.2/32 dev lo
	ip -n edge -6 route add unreachable fd02::2/128
	start box edge "$bin/middlebox" websocket 10.2.0.2:443 10.2.0.22:443 "$work/corp.crt" "$work/corp.key"
	wait_for grep -q listening "$work/box.log"
	session "directly, in a WebSocket over TLS"
	grep -qF '"inspected_by":""' "$work"/state/assent/record/*.jsonl || bad "inspection_websocket: it was not pinned"
	no_inspection
}

scenario_portal_80() {
	begin portal_80 "the same, as most are: encrypted connections are refused, web pages redirected"
	names "${usual_names[@]}"
	ip -n edge addr add 10.2.0.2/32 dev lo
	ip -n edge -6 route add unreachable fd02::2/128
	start box edge "$bin/middlebox" portal 10.2.0.2:80
	wait_for grep -q listening "$work/box.log"
	refusal "Open a web browser"
	no_inspection
}

scenario_portal() {
	begin portal "a hotel: a login page for everybody"
	names "${usual_names[@]}"
	ip -n edge addr add 10.2.0.2/32 dev lo
	ip -n edge -6 route add unreachable fd02::2/128
	start box edge "$bin/middlebox" portal 10.2.0.2:443
	wait_for grep -q listening "$work/box.log"
	refusal "a web page answered in place of the server: http://login.portal.test/" "Open a web browser"
	no_inspection
}
