#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""generate.py PACKAGE [--statics FILE]: the bill of materials of one package, SPDX 2.3 as JSON.

It is made from the package itself: its files with their hashes, the libraries that its programs
ask the loader for, and the libraries that are inside them (statics.sh lists those). A library is
named with the package and version that it had on the computer where it was built; one that was
built for the package itself, from a Debian source, is listed as "PROGRAM SOURCE VERSION". What
Windows brings is no part of a bill. The same package gives the same
text: the time is SOURCE_DATE_EPOCH and the name space comes from the package's hash."""
import argparse
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

OURS = "Apache-2.0"
PROGRAMS = (b"\x7fELF", b"MZ")


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, **more).stdout


# ---- the kinds of packages: how to unpack one, and what it says of itself ----

def unpack_deb(path, folder):
    run("dpkg-deb", "-x", path, folder)
    fields = run("dpkg-deb", "-f", path, "Package", "Version", "Architecture", "Maintainer", text=True)
    said = dict(line.split(": ", 1) for line in fields.strip().split("\n"))
    return {"name": said["Package"], "version": said["Version"], "supplier": said["Maintainer"],
            "purl": f"pkg:deb/{said['Package']}@{said['Version']}?arch={said['Architecture']}"}


def unpack_rpm(path, folder):
    archive = run("rpm2cpio", path)
    run("cpio", "-idm", "--quiet", "--no-absolute-filenames", cwd=folder, input=archive)
    form = "%{NAME}\n%{VERSION}-%{RELEASE}\n%{ARCH}\n%{PACKAGER}"
    name, version, arch, packager = run("rpm", "-qp", "--qf", form, path, text=True,
                                        stderr=None).split("\n")
    return {"name": name, "version": version, "supplier": packager,
            "purl": f"pkg:rpm/{name}@{version}?arch={arch}"}


def unpack_msi(path, folder):
    run("msiextract", "-C", folder, path)
    table = run("msiinfo", "export", path, "Property", text=True).replace("\r", "")
    said = dict(line.split("\t", 1) for line in table.split("\n")[3:] if "\t" in line)
    name, version = re.fullmatch(r"(.+?)-(\d.*?)(-x64)?\.msi", os.path.basename(path)).group(1, 2)
    return {"name": name, "version": version, "supplier": said["Manufacturer"],
            "purl": f"pkg:generic/{name}@{version}?arch=x86_64&os=windows"}


KINDS = {".deb": unpack_deb, ".rpm": unpack_rpm, ".msi": unpack_msi}


# ---- what is inside ----

def digests(path):
    with open(path, "rb") as file:
        content = file.read()
    return hashlib.sha1(content).hexdigest(), hashlib.sha256(content).hexdigest(), content.startswith(PROGRAMS)


def files_of(folder):
    """(name, sha1, sha256, is a program) of every file, in the order of the names."""
    found = []
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            if not os.path.islink(path):
                found.append(("./" + os.path.relpath(path, folder), *digests(path)))
    return sorted(found)


def needed(path):
    """The libraries that the loader will look for."""
    with open(path, "rb") as file:
        if file.read(2) == b"MZ":
            return []
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", path, text=True))


@functools.cache
def known_libraries():
    return run("/sbin/ldconfig", "-p", text=True).split("\n")


def library_path(soname):
    for line in known_libraries():
        if line.strip().startswith(soname + " ") and " => " in line:
            return line.split(" => ")[1].strip()
    sys.exit(f"{soname}: not on this computer; the bill must be made where the package was built")


@functools.cache
def owner(path):
    """Package, its source, version and architecture, on this computer, of a library."""
    names = {path, os.path.realpath(path), re.sub("^/usr", "", path), re.sub("^/lib", "/usr/lib", path)}
    found = subprocess.run(["dpkg-query", "-S", *sorted(names)], capture_output=True, text=True).stdout
    if not found:  # of the names one is the package's
        sys.exit(f"{path}: belongs to no package")
    package = found.split(":")[0]
    form = "${source:Package}\n${Version}\n${Architecture}"
    return package, *run("dpkg-query", "-W", "-f", form, package, text=True).split("\n")


# ---- SPDX ----

def spdx_id(*words):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(words))


def verification_code(files):
    """SPDX 2.3, 7.9: the SHA-1 of the sorted SHA-1s."""
    return hashlib.sha1("".join(sorted(sha1 for _, sha1, _, _ in files)).encode()).hexdigest()


def library_package(package, source, version, arch):
    return {"name": package, "SPDXID": spdx_id("Library", package), "versionInfo": version,
            "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
            "sourceInfo": f"built from the Debian source package {source}",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": f"pkg:deb/debian/{package}@{version}?arch={arch}"}]}


def file_entry(name, sha1, sha256, is_program):
    return {"fileName": name, "SPDXID": spdx_id("File", hashlib.sha256(name.encode()).hexdigest()[:16]),
            "fileTypes": ["BINARY"] if is_program else ["OTHER"],
            "checksums": [{"algorithm": "SHA1", "checksumValue": sha1},
                          {"algorithm": "SHA256", "checksumValue": sha256}],
            "licenseConcluded": OURS, "copyrightText": "NOASSERTION"}


def main_package(said, path, files):
    _, sha256, _ = digests(path)
    return {"name": said["name"], "SPDXID": spdx_id("Package"), "versionInfo": said["version"],
            "packageFileName": os.path.basename(path), "supplier": "Organization: " + said["supplier"],
            "downloadLocation": "NOASSERTION", "filesAnalyzed": True,
            "packageVerificationCode": {"packageVerificationCodeValue": verification_code(files)},
            "checksums": [{"algorithm": "SHA256", "checksumValue": sha256}],
            "licenseConcluded": OURS, "licenseDeclared": OURS, "licenseInfoFromFiles": [OURS],
            "copyrightText": "NOASSERTION", "primaryPackagePurpose": "APPLICATION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": said["purl"]}]}


def libraries(folder, files, statics):
    """(relation, file name, library path) or (..., source, version), in a stable order."""
    found = set()
    for name, _, _, is_program in files:
        if not is_program:
            continue
        program = os.path.basename(name)
        found |= {("DYNAMIC_LINK", name, library_path(so)) for so in needed(os.path.join(folder, name))}
        found |= {("STATIC_LINK", name, *library) for known, *library in statics if known == program}
    return sorted(found)


def document(path, statics):
    with tempfile.TemporaryDirectory() as folder:
        said = KINDS[os.path.splitext(path)[1]](os.path.abspath(path), folder)
        files = files_of(folder)
        links = libraries(folder, files, statics)
    package = main_package(said, path, files)
    entries = [file_entry(*file) for file in files]
    ids = {entry["fileName"]: entry["SPDXID"] for entry in entries}
    others, relations = {}, [("SPDXRef-DOCUMENT", "DESCRIBES", package["SPDXID"])]
    relations += [(package["SPDXID"], "CONTAINS", entry["SPDXID"]) for entry in entries]
    for relation, name, *library in links:
        other = (library_package(library[0], *library, "source") if len(library) == 2
                 else library_package(*owner(*library)))
        others[other["SPDXID"]] = other
        relations.append((ids[name], relation, other["SPDXID"]))
    relations += [(package["SPDXID"], "DEPENDS_ON", other) for other in sorted(others)]
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": os.path.basename(path),
        "documentNamespace": "https://spdx.org/spdxdocs/" + os.path.basename(path).replace("~", "-")
                             + "-" + package["checksums"][0]["checksumValue"],
        "creationInfo": {"created": when, "creators": ["Tool: assent-sbom-1"]},
        "packages": [package] + [others[key] for key in sorted(others)],
        "files": entries,
        "relationships": [{"spdxElementId": a, "relationshipType": r, "relatedSpdxElement": b}
                          for a, r, b in dict.fromkeys(relations)],
    }


def main():
    options = argparse.ArgumentParser()
    options.add_argument("package")
    options.add_argument("--statics", help="what statics.sh printed")
    given = options.parse_args()
    statics = []
    if given.statics:
        with open(given.statics, encoding="utf-8") as lines:
            statics = [tuple(line.split()) for line in lines]
    print(json.dumps(document(given.package, statics), indent=1, sort_keys=True))


main()
