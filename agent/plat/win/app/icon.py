#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""icon.py FILE: the program's icon, a tick in a speech bubble, drawn for each size.

Shapes are distances: a point is as much inside as its distance to the edge says, which is all that
smooth edges need. Only + - * / and square roots, so every computer draws the same bytes."""
import struct
import sys

SIZES = (16, 24, 32, 48, 64)
GROUND, PAPER = (0x1B, 0x6E, 0x8C), (0xFF, 0xFF, 0xFF)  # red, green, blue


def box(x, y, cx, cy, w, h, r):
    """To a box with round corners: half its width, half its height, the corners' radius."""
    dx, dy = abs(x - cx) - w + r, abs(y - cy) - h + r
    outside = (max(dx, 0) ** 2 + max(dy, 0) ** 2) ** 0.5
    return outside + min(max(dx, dy), 0) - r


def stroke(x, y, ax, ay, bx, by, r):
    """To a line with round ends, r wide to each side."""
    px, py, wx, wy = x - ax, y - ay, bx - ax, by - ay
    t = min(max((px * wx + py * wy) / (wx * wx + wy * wy), 0), 1)
    return ((px - wx * t) ** 2 + (py - wy * t) ** 2) ** 0.5 - r


def tail(x, y):
    """The bubble's corner that points at who speaks: three sides of a triangle."""
    return max(0.24 - x, 0.66 - y, ((x - 0.24) / 0.22 + (y - 0.66) / 0.22 - 1) * 0.156)


def cover(distance, size):
    return min(max(0.5 - distance * size, 0), 1)


def pixel(x, y, size):
    ground = cover(box(x, y, 0.5, 0.5, 0.5, 0.5, 0.2), size)
    bubble = cover(min(box(x, y, 0.5, 0.44, 0.37, 0.27, 0.1), tail(x, y)), size)
    tick = cover(min(stroke(x, y, 0.33, 0.44, 0.45, 0.56, 0.055),
                     stroke(x, y, 0.45, 0.56, 0.68, 0.31, 0.055)), size)
    paper = bubble * (1 - tick)
    blue, green, red = (round(g + (p - g) * paper) for g, p in zip(GROUND[::-1], PAPER[::-1]))
    return bytes((blue, green, red, round(255 * ground)))


def image(size):
    """A bitmap as icons have it: from below, with a mask that nobody looks at any more."""
    head = struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, 0, 0, 0, 0, 0)
    rows = [b"".join(pixel((x + 0.5) / size, (y + 0.5) / size, size) for x in range(size))
            for y in range(size - 1, -1, -1)]
    return head + b"".join(rows) + bytes((size + 31) // 32 * 4 * size)


def main():
    images = [image(size) for size in SIZES]
    at = 6 + 16 * len(images)
    with open(sys.argv[1], "wb") as file:
        file.write(struct.pack("<HHH", 0, 1, len(images)))
        for size, data in zip(SIZES, images):
            file.write(struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(data), at))
            at += len(data)
        file.write(b"".join(images))


main()
