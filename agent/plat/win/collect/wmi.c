/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/collect/wmi.h"

#define COBJMACROS
#include "agent/plat/win/collect/facts.h"

#include <initguid.h>
#include <oleauto.h>
#include <stdio.h>
#include <string.h>
#include <wbemidl.h>

#define QUERY_MAX   1024
#define ROW_WAIT_MS 8000 /* for one object; a provider that hangs costs this much */

DEFINE_GUID(CLSID_locator, 0x4590f811, 0x1d3a, 0x11d0, 0x89, 0x1f, 0x00, 0xaa, 0x00, 0x4b, 0x2e,
	    0x24);
DEFINE_GUID(IID_locator, 0xdc12a687, 0x737f, 0x11cf, 0x88, 0x4d, 0x00, 0xaa, 0x00, 0x4b, 0x2e,
	    0x24);

static BSTR bstr(const char *utf8)
{
	wchar_t wide[QUERY_MAX];

	win_wide(utf8, wide, QUERY_MAX);
	return SysAllocString(wide);
}

static HRESULT connect_to(const char *space, IWbemServices **out)
{
	IWbemLocator *locator = NULL;
	BSTR name = bstr(space);
	/* Whoever called us may have begun with COM already; that is as good. */
	HRESULT hr = CoInitializeEx(NULL, COINIT_MULTITHREADED);

	if (SUCCEEDED(hr) || hr == RPC_E_CHANGED_MODE)
		hr = CoCreateInstance(&CLSID_locator, NULL, CLSCTX_INPROC_SERVER, &IID_locator,
				      (void **)&locator);
	if (SUCCEEDED(hr)) {
		hr = IWbemLocator_ConnectServer(locator, name, NULL, NULL, NULL,
						WBEM_FLAG_CONNECT_USE_MAX_WAIT, NULL, NULL, out);
		IWbemLocator_Release(locator);
	}
	if (SUCCEEDED(hr))
		CoSetProxyBlanket((IUnknown *)*out, RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE, NULL,
				  RPC_C_AUTHN_LEVEL_CALL, RPC_C_IMP_LEVEL_IMPERSONATE, NULL, 0);
	SysFreeString(name);
	return hr;
}

/* "20261101120000.000000+060" stays as it is: engineers know the form. */
static void value_text(VARIANT *v, char out[WMI_VALUE_MAX])
{
	VARIANT text;

	out[0] = '\0';
	if (v->vt == VT_NULL || v->vt == VT_EMPTY)
		return;
	if (v->vt & VT_ARRAY) { /* of texts: addresses and the like */
		long from = 0, to = -1;
		size_t n = 0;

		if ((v->vt & VT_TYPEMASK) != VT_BSTR)
			return;
		SafeArrayGetLBound(v->parray, 1, &from);
		SafeArrayGetUBound(v->parray, 1, &to);
		for (long i = from; i <= to && n + 4 < WMI_VALUE_MAX; i++) {
			BSTR one = NULL;

			if (FAILED(SafeArrayGetElement(v->parray, &i, &one)))
				continue;
			n += (size_t)snprintf(out + n, WMI_VALUE_MAX - n, "%s",
					      i > from ? ", " : "");
			win_text(one ? one : L"", out + n, WMI_VALUE_MAX - n);
			n += strlen(out + n);
			SysFreeString(one);
		}
		return;
	}
	VariantInit(&text);
	if (SUCCEEDED(VariantChangeType(&text, v, VARIANT_ALPHABOOL, VT_BSTR)))
		win_text(text.bstrVal, out, WMI_VALUE_MAX);
	VariantClear(&text);
}

static void read_row(IWbemClassObject *row, const struct wmi_query *q, char values[][WMI_VALUE_MAX])
{
	for (size_t i = 0; q->props[i] && i < WMI_PROPS_MAX; i++) {
		BSTR name = bstr(q->props[i]);
		VARIANT v;

		VariantInit(&v);
		values[i][0] = '\0';
		if (SUCCEEDED(IWbemClassObject_Get(row, name, 0, &v, NULL, NULL)))
			value_text(&v, values[i]);
		VariantClear(&v);
		SysFreeString(name);
	}
}

static HRESULT walk(IEnumWbemClassObject *all, const struct wmi_query *q, wmi_on_row on, void *arg)
{
	static char values[WMI_PROPS_MAX][WMI_VALUE_MAX];
	const char *texts[WMI_PROPS_MAX];
	HRESULT hr = S_OK;

	for (size_t i = 0; i < WMI_PROPS_MAX; i++)
		texts[i] = values[i];
	for (unsigned n = 0; n < q->rows_max; n++) {
		IWbemClassObject *row = NULL;
		ULONG got = 0;

		hr = IEnumWbemClassObject_Next(all, ROW_WAIT_MS, 1, &row, &got);
		if (hr == WBEM_S_TIMEDOUT)
			return HRESULT_FROM_WIN32(ERROR_TIMEOUT);
		if (FAILED(hr) || got == 0)
			break;
		read_row(row, q, values);
		IWbemClassObject_Release(row);
		if (on(texts, arg) < 0)
			break;
	}
	return FAILED(hr) ? hr : S_OK;
}

unsigned long wmi_ask(const struct wmi_query *q, wmi_on_row on, void *arg)
{
	IEnumWbemClassObject *all = NULL;
	IWbemServices *services = NULL;
	char text[QUERY_MAX];
	size_t n = (size_t)snprintf(text, sizeof text, "SELECT ");

	for (size_t i = 0; q->props[i] && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "," : "", q->props[i]);
	if (n < sizeof text)
		snprintf(text + n, sizeof text - n, " FROM %s%s", q->class, q->where);

	HRESULT hr = connect_to(q->space, &services);
	if (SUCCEEDED(hr)) {
		BSTR language = bstr("WQL"), query = bstr(text);

		hr = IWbemServices_ExecQuery(services, language, query,
					     WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY,
					     NULL, &all);
		SysFreeString(language);
		SysFreeString(query);
	}
	if (SUCCEEDED(hr)) {
		hr = walk(all, q, on, arg);
		IEnumWbemClassObject_Release(all);
	}
	if (services)
		IWbemServices_Release(services);
	if (SUCCEEDED(hr))
		return 0;
	return HRESULT_FACILITY(hr) == FACILITY_WIN32 ? HRESULT_CODE(hr) : (unsigned long)hr;
}

struct page {
	struct sink *s;
	const struct wmi_query *q;
};

static int print_row(const char *const values[], void *arg)
{
	struct page *p = arg;
	int err = 0;

	for (size_t i = 0; p->q->props[i] && err == 0; i++)
		if (values[i][0])
			err = sink_printf(p->s, "%s: %s\n", p->q->props[i], values[i]);
	return err < 0 ? err : sink_printf(p->s, "\n");
}

int wmi_file(struct sink *s, const char *file, const struct wmi_query *q)
{
	struct page p = {s, q};
	char source[256];

	snprintf(source, sizeof source, "WMI %s %s", q->space, q->class);
	facts_begin(s, file, source);
	return facts_end(s, wmi_ask(q, print_row, &p));
}
