#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""normal.py MSI EPOCH: the same bytes whenever and wherever it was built.

What wixl and msibuild take from the clock and from chance stands in the summary: two times, and
the package's code. The times become EPOCH; the code becomes a name of the content, so that
Windows takes two packages for the same only when they are. All lie where they lay: nothing moves."""
import hashlib
import re
import struct
import sys
import uuid

FORMAT = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")  # FMTID_SummaryInformation
FILETIME, STRING, CODE = 0x40, 0x1E, 9
SPACE = uuid.UUID("6bd5c1e5-7c27-5e0b-9a53-0f3c6a0f8e11")


def properties(data, section):
    """(id, type, where its value begins) of every property of the summary."""
    count = struct.unpack_from("<I", data, section + 4)[0]
    for i in range(count):
        number, offset = struct.unpack_from("<II", data, section + 8 + 8 * i)
        yield number, struct.unpack_from("<I", data, section + offset)[0], section + offset + 4


def main():
    path, epoch = sys.argv[1], int(sys.argv[2])
    with open(path, "rb") as file:
        data = bytearray(file.read())
    at = data.index(FORMAT)
    section = at - 28 + struct.unpack_from("<I", data, at + 16)[0]
    code = None
    for number, kind, where in properties(data, section):
        if kind == FILETIME:
            struct.pack_into("<Q", data, where, (epoch + 11644473600) * 10_000_000)
        elif kind == STRING and number == CODE:
            code = slice(where + 4, where + 4 + 38)
    if code is None or not re.fullmatch(rb"\{[0-9A-F-]{36}\}", data[code]):
        sys.exit(f"{path}: no package code where it should be")
    data[code] = b"\0" * 38
    name = uuid.uuid5(SPACE, hashlib.sha256(data).hexdigest())
    data[code] = ("{%s}" % name).upper().encode()
    with open(path, "wb") as file:
        file.write(data)


main()
