#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test.py ROOT: a small package is made of what is installed below ROOT; its bill of materials must
be valid, complete and always the same, and the checker must refuse each of many damaged ones."""
import copy
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from check import check

HERE = os.path.dirname(os.path.abspath(__file__))
EPOCH = "1790000000"


def make_package(root, folder):
    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "DEBIAN"))
    subprocess.run(["cp", "-r", *[os.path.join(root, name) for name in os.listdir(root)], tree],
                   check=True)
    with open(os.path.join(tree, "DEBIAN", "control"), "w", encoding="utf-8") as control:
        control.write("Package: sbom-test\nVersion: 1\nArchitecture: all\n"
                      "Maintainer: A <a@example.org>\nDescription: a test\n")
    path = os.path.join(folder, "sbom-test_1_all.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, path], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def generate(package, statics):
    return subprocess.run([sys.executable, "-B", os.path.join(HERE, "generate.py"), package,
                           "--statics", statics], check=True, text=True, capture_output=True,
                          env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH}).stdout


def damaged(doc):
    """(what, a copy that is wrong in one way)"""
    def change(what, edit):
        other = copy.deepcopy(doc)
        edit(other)
        return what, other

    for name in doc:
        yield change(f"without {name}", lambda d, n=name: d.pop(n))
    yield change("an unknown field", lambda d: d.update(colour="red"))
    yield change("another version", lambda d: d.update(spdxVersion="SPDX-2.2"))
    yield change("a name space with a fragment", lambda d: d.update(documentNamespace="https://a/b#c"))
    yield change("a time that is none", lambda d: d["creationInfo"].update(created="2026-01-01"))
    yield change("no creator", lambda d: d["creationInfo"].update(creators=[]))
    yield change("a bad id", lambda d: d["packages"][1].update(SPDXID="SPDXRef-a_b"))
    yield change("an id twice", lambda d: d["files"][0].update(SPDXID=d["files"][1]["SPDXID"]))
    yield change("a short hash", lambda d: d["files"][0]["checksums"][0].update(checksumValue="00"))
    yield change("no SHA-1", lambda d: d["files"][0]["checksums"].pop(0))
    yield change("another hash", lambda d: d["files"][0]["checksums"][0].update(checksumValue="0" * 40))
    yield change("an absolute name", lambda d: d["files"][0].update(fileName="/usr/bin/x"))
    yield change("a file more", lambda d: d["files"].append({**d["files"][0], "SPDXID": "SPDXRef-x"}))
    yield change("an end that is not there",
                 lambda d: d["relationships"][1].update(relatedSpdxElement="SPDXRef-none"))
    yield change("an unknown relationship", lambda d: d["relationships"][1].update(relationshipType="X"))
    yield change("nothing described", lambda d: d["relationships"].pop(0))
    yield change("a dependency less", lambda d: d["relationships"].pop())
    yield change("no download location", lambda d: d["packages"][0].pop("downloadLocation"))
    yield change("a purl that is none",
                 lambda d: d["packages"][1]["externalRefs"][0].update(referenceLocator="libc6"))
    yield change("no verification code", lambda d: d["packages"][0].pop("packageVerificationCode"))


def main():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        package = make_package(sys.argv[1], folder)
        statics = os.path.join(folder, "statics")
        with open(statics, "w", encoding="utf-8") as out:
            out.write("assent-relay /usr/lib/x86_64-linux-gnu/libprotobuf-nanopb.a\n"
                      if os.path.exists("/usr/lib/x86_64-linux-gnu/libprotobuf-nanopb.a") else "")
        text = generate(package, statics)
        if generate(package, statics) != text:
            failures.append("the same package gives another bill")
    failures += check(text)
    doc = json.loads(text)
    names = {package["name"] for package in doc["packages"]}
    failures += [f"{want} is missing" for want in ("sbom-test", "libc6", "libuv1", "libssl3")
                 if want not in names]
    count = 0
    for what, wrong in damaged(doc):
        count += 1
        if not check(json.dumps(wrong)):
            failures.append(f"accepted: {what}")
    if not check("{") or not check("[]"):
        failures.append("accepted: no document at all")
    print("\n".join(failures) or f"{len(doc['files'])} files, {len(names)} packages, {count} damaged ones")
    sys.exit(1 if failures else 0)


main()
