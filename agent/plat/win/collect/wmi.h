/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions to WMI, for facts that no plain interface of Windows tells. Which properties are read
 * is written down each time: serial numbers and the like are left out on purpose.
 */
#ifndef AS_WIN_WMI_H
#define AS_WIN_WMI_H

struct sink;

#define WMI_PROPS_MAX 24
#define WMI_VALUE_MAX 512

struct wmi_query {
	const char *space; /* "ROOT\\CIMV2" */
	const char *class;
	const char *where;	  /* "" or " WHERE ..." */
	const char *const *props; /* NULL at the end */
	unsigned rows_max;
};

/* Called for each object with the texts of the properties, "" for those that are not set. A
 * negative value ends the question. */
typedef int (*wmi_on_row)(const char *const values[], void *arg);

/* 0, or an error of GetLastError() kind (an HRESULT where it is one). */
unsigned long wmi_ask(const struct wmi_query *q, wmi_on_row on, void *arg);

/* All objects into one file, a block of "NAME: VALUE" lines each; a gap when WMI does not answer.
 */
int wmi_file(struct sink *s, const char *file, const struct wmi_query *q);

#endif
