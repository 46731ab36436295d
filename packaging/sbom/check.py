#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py FILE...: is it a valid SPDX 2.3 document in JSON? Checks what the specification demands
of the parts that ours use (its clauses 6 to 8 and 11), and that nothing else is in it. One line
for each fault; exit 1 when there was one."""
import hashlib
import json
import re
import sys

ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?@!$&'()*+,;=%-]+")
TEXT = re.compile(r"(?s).+")
ACTOR = re.compile(r"(Person|Organization|Tool): .+|NOASSERTION")
LICENCE = re.compile(r"NOASSERTION|NONE|[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")
LENGTHS = {"SHA1": 40, "SHA256": 64}
RELATIONS = {"DESCRIBES", "CONTAINS", "DEPENDS_ON", "DYNAMIC_LINK", "STATIC_LINK"}
FILE_TYPES = {"SOURCE", "BINARY", "ARCHIVE", "APPLICATION", "AUDIO", "IMAGE", "TEXT", "VIDEO",
              "DOCUMENTATION", "SPDX", "OTHER"}
PURPOSES = {"APPLICATION", "FRAMEWORK", "LIBRARY", "CONTAINER", "OPERATING-SYSTEM", "DEVICE",
            "FIRMWARE", "SOURCE", "ARCHIVE", "FILE", "INSTALL", "OTHER"}


class Faults(list):
    def need(self, fine, where, what):
        if not fine:
            self.append(f"{where}: {what}")
        return fine


def fields(faults, where, thing, required, optional=()):
    """Each name with a pattern or a type; nothing missing, nothing unknown."""
    if not faults.need(isinstance(thing, dict), where, "must be an object"):
        return False
    known = {**required, **dict(optional)}
    for name in required:
        faults.need(name in thing, where, f"{name} is missing")
    for name, value in thing.items():
        if not faults.need(name in known, where, f"{name} is not a field that is expected"):
            continue
        want = known[name]
        fine = isinstance(value, want) if isinstance(want, type) else (
            isinstance(value, str) and want.fullmatch(value))
        faults.need(fine, where, f"{name} has a wrong value: {str(value)[:60]!r}")
    return all(name in thing for name in required)


def checksums(faults, where, thing, need):
    for sum_ in thing.get("checksums", []):
        if fields(faults, where, sum_, {"algorithm": TEXT, "checksumValue": TEXT}):
            faults.need(re.fullmatch(f"[0-9a-f]{{{LENGTHS.get(sum_['algorithm'], 1000)}}}",
                                     sum_["checksumValue"]), where, "a checksum that is none")
    have = {sum_.get("algorithm") for sum_ in thing.get("checksums", [])}
    faults.need(need in have, where, f"a {need} is required")


def external_refs(faults, where, package):
    for ref in package.get("externalRefs", []):
        fields(faults, where, ref, {"referenceCategory": re.compile("SECURITY|PACKAGE-MANAGER|OTHER"),
                                    "referenceType": TEXT, "referenceLocator": re.compile(r"\S+")})
        if ref.get("referenceType") == "purl":
            faults.need(re.fullmatch(r"pkg:[a-z]+/[^@\s]+@[^?\s]+(\?\S+)?", ref["referenceLocator"]),
                        where, "the package URL is none")


def package_check(faults, package):
    where = f"package {str(package.get('name'))[:60]}"
    fields(faults, where, package,
           {"name": TEXT, "SPDXID": ID, "downloadLocation": re.compile("NOASSERTION|NONE|[a-z+]+://.+"),
            "filesAnalyzed": bool, "licenseConcluded": LICENCE, "licenseDeclared": LICENCE,
            "copyrightText": TEXT, "versionInfo": TEXT, "supplier": ACTOR},
           {"packageFileName": TEXT, "packageVerificationCode": dict, "checksums": list,
            "licenseInfoFromFiles": list, "externalRefs": list, "sourceInfo": TEXT,
            "primaryPackagePurpose": re.compile("|".join(PURPOSES))})
    external_refs(faults, where, package)
    if package.get("filesAnalyzed") is True:
        checksums(faults, where, package, "SHA256")
        faults.need("packageVerificationCode" in package, where, "its verification code is missing")
    else:
        faults.need("packageVerificationCode" not in package and "licenseInfoFromFiles" not in package,
                    where, "says something of files that were not analysed")


def file_check(faults, file):
    where = f"file {str(file.get('fileName'))[:80]}"
    fields(faults, where, file, {"fileName": re.compile(r"\./.+"), "SPDXID": ID, "checksums": list,
                                 "licenseConcluded": LICENCE, "copyrightText": TEXT, "fileTypes": list})
    faults.need(set(file.get("fileTypes", [])) <= FILE_TYPES, where, "an unknown type of file")
    checksums(faults, where, file, "SHA1")


def relations_check(faults, doc, ids):
    targets = {}
    for n, relation in enumerate(doc.get("relationships", [])):
        where = f"relationship {n}"
        if not fields(faults, where, relation, {"spdxElementId": ID, "relationshipType": TEXT,
                                                "relatedSpdxElement": ID}):
            continue
        faults.need(relation["relationshipType"] in RELATIONS, where, "an unknown relationship")
        for end in ("spdxElementId", "relatedSpdxElement"):
            faults.need(relation[end] in ids, where, f"{relation[end]} is not in the document")
        targets.setdefault(relation["relationshipType"], set()).add(relation["relatedSpdxElement"])
    faults.need(len(targets.get("DESCRIBES", ())) == 1, "document", "describes not exactly one thing")
    files = {file.get("SPDXID") for file in doc.get("files", [])}
    faults.need(targets.get("CONTAINS", set()) == files, "document", "not every file is contained")
    libraries = {p.get("SPDXID") for p in doc.get("packages", []) if not p.get("filesAnalyzed")}
    faults.need(targets.get("DEPENDS_ON", set()) == libraries, "document",
                "libraries and dependencies differ")


def verification_check(faults, doc):
    sums = sorted(s["checksumValue"] for file in doc.get("files", []) for s in file.get("checksums", [])
                  if s.get("algorithm") == "SHA1")
    want = hashlib.sha1("".join(sums).encode()).hexdigest()
    for package in doc.get("packages", []):
        code = package.get("packageVerificationCode")
        if code is not None:
            faults.need(code == {"packageVerificationCodeValue": want}, "document",
                        "the verification code does not fit the files")


def check(text):
    faults = Faults()
    try:
        doc = json.loads(text)
    except ValueError as error:
        return [f"not JSON: {error}"]
    if not fields(faults, "document", doc,
                  {"spdxVersion": re.compile(r"SPDX-2\.3"), "dataLicense": re.compile(r"CC0-1\.0"),
                   "SPDXID": re.compile("SPDXRef-DOCUMENT"), "name": TEXT, "documentNamespace": URI,
                   "creationInfo": dict, "packages": list, "files": list, "relationships": list}):
        return faults
    faults.need("#" not in doc["documentNamespace"], "document", "a name space has no fragment")
    if fields(faults, "creationInfo", doc["creationInfo"], {"created": TIME, "creators": list}):
        for creator in doc["creationInfo"]["creators"] or [""]:
            faults.need(ACTOR.fullmatch(creator), "creationInfo", "a creator that is none")
    ids = ["SPDXRef-DOCUMENT"]
    for package in doc["packages"]:
        package_check(faults, package)
    for file in doc["files"]:
        file_check(faults, file)
    ids += [thing.get("SPDXID") for thing in doc["packages"] + doc["files"]]
    faults.need(len(ids) == len(set(ids)), "document", "an SPDXID is used twice")
    relations_check(faults, doc, set(ids))
    verification_check(faults, doc)
    return faults


def main():
    bad = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            for fault in check(file.read()):
                bad = True
                print(f"{path}: {fault}")
    sys.exit(1 if bad or len(sys.argv) < 2 else 0)


if __name__ == "__main__":
    main()
