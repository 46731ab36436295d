/* SPDX-License-Identifier: Apache-2.0 */
#include_next <time.h>
#ifndef AS_WIN_FILES_TIME_H
#define AS_WIN_FILES_TIME_H

#define timegm(tm) _mkgmtime(tm)

#endif
