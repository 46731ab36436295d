/* SPDX-License-Identifier: Apache-2.0 */
#include "console/package.h"

#include <stdio.h>
#include <time.h>

const struct package_format package_formats[] = {
    {"deb", package_deb},
    {"rpm", package_rpm},
    {"msi", package_msi},
    {NULL, NULL},
};

const char *package_date(int64_t time, char out[PACKAGE_DATE_MAX])
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)time;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	snprintf(out, PACKAGE_DATE_MAX, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
		 tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		 tm.tm_sec);
	return out;
}
