/* SPDX-License-Identifier: Apache-2.0
 *
 * Name service: settings, the cache, the hosts file, and a test question to each name server.
 */
#include "agent/plat/win/win.h"

/* before our own catalogue, whose MB it knows otherwise */
#include <windns.h>

#include "agent/plat/win/collect/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/probe.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define SERVERS_MAX   8
#define QUESTIONS_MAX (OP_NAMES_MAX + 1)
#define ASK_ALL_MS    6000 /* no further questions after that */
#define ANSWER_MAX    8192
#define HOSTS_MAX     65536
#define CACHE_MAX     2000
#define TCPIP	      "SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters"
#define DNSCACHE      "SYSTEM\\CurrentControlSet\\Services\\Dnscache\\Parameters"

struct dns {
	struct sink *s;
	char server[SERVERS_MAX][NET_ADDR];
	char question[QUESTIONS_MAX][COLLECT_RELAY_LEN + 1];
	size_t servers, questions, names_failed;
};

/* ---- settings ---- */

static void add_server(struct dns *d, const char *addr)
{
	for (size_t i = 0; i < d->servers; i++)
		if (strcmp(d->server[i], addr) == 0)
			return;
	/* what Windows writes where no server was ever set */
	if (d->servers < SERVERS_MAX && strncmp(addr, "fec0:", 5) != 0)
		snprintf(d->server[d->servers++], NET_ADDR, "%s", addr);
}

static void print_settings(struct dns *d)
{
	static const char *const values[] = {"HostName",
					     "Domain",
					     "NV Domain",
					     "SearchList",
					     "NameServer",
					     "DhcpNameServer",
					     "UseDomainNameDevolution"};
	char text[FACTS_TEXT], name[NET_NAME], addr[NET_ADDR];
	DWORD err;
	IP_ADAPTER_ADDRESSES *all = net_adapters(&err);

	facts_begin(d->s, "windows/dns_settings", "GetAdaptersAddresses, registry Tcpip");
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		sink_printf(d->s, "%s = %s\n", values[i],
			    facts_reg(HKEY_LOCAL_MACHINE, TCPIP, values[i], text, sizeof text));
	sink_printf(d->s, "[Dnscache]\n");
	facts_reg_dump(d->s, HKEY_LOCAL_MACHINE, DNSCACHE, NULL);
	for (const IP_ADAPTER_ADDRESSES *a = all; a; a = a->Next) {
		sink_printf(d->s, "%s:", win_text(a->FriendlyName, name, sizeof name));
		for (const IP_ADAPTER_DNS_SERVER_ADDRESS *s = a->FirstDnsServerAddress; s;
		     s = s->Next) {
			sink_printf(d->s, " %s", net_addr(s->Address.lpSockaddr, addr));
			if (a->OperStatus == IfOperStatusUp)
				add_server(d, addr);
		}
		sink_printf(d->s, "\n");
	}
	free(all);
	facts_end(d->s, err);
}

/* ---- the cache: an old interface, known to everybody and written down nowhere ---- */

struct cache_entry {
	struct cache_entry *next;
	wchar_t *name;
	uint16_t type, length;
	uint32_t flags;
};

static void print_cache(struct sink *s)
{
	typedef BOOL WINAPI get_table(struct cache_entry * head);
	typedef void WINAPI free_entry(void *p, int kind);
	get_table *get = WIN_FIND(get_table *, "dnsapi.dll", "DnsGetCacheDataTable");
	free_entry *release = WIN_FIND(free_entry *, "dnsapi.dll", "DnsFree");
	struct cache_entry head = {0};
	char name[FACTS_TEXT];
	unsigned n = 0;

	facts_begin(s, "windows/dns_cache", "DnsGetCacheDataTable");
	if (!get || !release) {
		facts_end(s, ERROR_PROC_NOT_FOUND);
		return;
	}
	get(&head);
	for (struct cache_entry *e = head.next, *next; e; e = next) {
		next = e->next;
		if (n++ < CACHE_MAX)
			sink_printf(s, "%s type %u\n",
				    win_text(e->name ? e->name : L"?", name, sizeof name), e->type);
		release(e->name, 0);
		release(e, 0);
	}
	facts_end(s, 0);
}

/* ---- questions ---- */

static void add_question(struct dns *d, const char *target)
{
	char name[COLLECT_RELAY_LEN + 1];

	/* A name without a point means nothing to a server: the search list completes it. */
	if (!probe_name(target, name, sizeof name) || !strchr(name, '.'))
		return;
	for (size_t i = 0; i < d->questions; i++)
		if (strcmp(d->question[i], name) == 0)
			return;
	snprintf(d->question[d->questions++], sizeof name, "%s", name);
}

/* The first answer says how the server is; of the other names only failures are facts. */
static void fact(struct dns *d, size_t server, size_t question, const char *result)
{
	bool is_ok = strncmp(result, "ok ", 3) == 0;
	char key[ITEM_KEY_MAX];

	if (question == 0) {
		snprintf(key, sizeof key, "dns.server.%zu", server + 1);
		sink_fact(d->s, key, "%s: %s%s%s", d->server[server], result, is_ok ? "" : " for ",
			  is_ok ? "" : d->question[0]);
	} else if (!is_ok) {
		snprintf(key, sizeof key, "dns.name.%zu", ++d->names_failed);
		sink_fact(d->s, key, "%s from %s: %s", d->question[question], d->server[server],
			  result);
	}
}

/* False when the server gave no answer at all: it is not asked again. */
static bool ask(struct dns *d, size_t server, size_t question, const char *type)
{
	const char *args[] = {"dns", d->server[server], d->question[question], type, NULL};
	char text[ANSWER_MAX], why[100];
	const char *at = text;
	struct probe_block b = {0};
	int err = probe_text(d->s, args, text, sizeof text);

	sink_write(d->s, text, strlen(text));
	if (!probe_next(&at, &b)) {
		snprintf(b.result, sizeof b.result, "not tried: %s",
			 err_text(err, why, sizeof why));
		sink_printf(d->s, "result: %s\n", b.result);
	}
	fact(d, server, question, b.result);
	return strstr(b.result, " ms") != NULL;
}

static void ask_all(struct dns *d)
{
	uint64_t end = clock_mono_ms() + ASK_ALL_MS;
	const char *type = "A";

	if (d->questions == 0) {
		snprintf(d->question[d->questions++], sizeof d->question[0], ".");
		type = "NS";
	}
	sink_file_begin(d->s, NET "assent_dns", ITEM_FROM_COMMAND, "assent-probe dns");
	if (d->servers == 0)
		sink_printf(d->s, "no name server is configured\n");
	for (size_t i = 0; i < d->servers && clock_mono_ms() < end; i++) {
		bool answers = ask(d, i, 0, type);

		for (size_t q = 1; q < d->questions && answers && clock_mono_ms() < end; q++)
			answers = ask(d, i, q, type);
	}
	sink_file_end(d->s, ITEM_OK, false, "");
}

int collect_dns(struct sink *s, const struct collect_args *args)
{
	struct dns d = {.s = s};
	wchar_t hosts[MAX_PATH + 32];

	add_question(&d, args->relay);
	for (size_t i = 0; i < args->op.names_count; i++)
		add_question(&d, args->op.names[i]);
	print_settings(&d);
	print_cache(s);
	GetSystemDirectoryW(hosts, MAX_PATH);
	wcscat(hosts, L"\\drivers\\etc\\hosts");
	facts_copy(s, hosts, "etc/hosts", HOSTS_MAX);
	ask_all(&d);
	return 0;
}
