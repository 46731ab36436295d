# shellcheck shell=bash
# lintian and rpmlint find no error, lists, sizes and bills of materials are right

export GNUPGHOME=$work/gnupg-lint
. "$here/key.sh"

# An rpm without a signature is an error for rpmlint, so signed copies are judged.
mkdir -p "$work/lint"
cp "$packages"/*.rpm "$work/lint/"
for f in "$work/lint"/*.rpm; do "$here/../rpm/sign.sh" "$f" "$key"; done
said=$(lintian --allow-root --fail-on error,warning "$packages"/*.deb 2>&1) || bad "lintian: $said"
[ -z "$said" ] || bad "lintian: $said"
mkdir -p "$work/lint/home"
gpg --batch --armor --export "$key" >"$work/lint/key.asc"
HOME=$work/lint/home rpm --import "$work/lint/key.asc" 2>/dev/null
HOME=$work/lint/home rpmlint -c "$here/../rpm/rpmlint.toml" "$work/lint"/*.rpm >"$work/rpmlint.log" 2>&1 || { cat "$work/rpmlint.log" >&2; bad rpmlint; }
grep -q ' 0 errors' "$work/rpmlint.log" || { cat "$work/rpmlint.log" >&2; bad rpmlint; }

for c in agent relay console; do
	mkdir -p "$work/lint/deb-$c" "$work/lint/rpm-$c"
	dpkg-deb -x "$(deb_of $c)" "$work/lint/deb-$c"
	(cd "$work/lint/rpm-$c" && rpm2cpio "$(rpm_of $c)" | cpio -idm --quiet)
	"$here/../contents/test.sh" "$c" "$work/lint/deb-$c" || bad "the list of the deb of $c"
	"$here/../contents/test.sh" "$c" "$work/lint/rpm-$c" || bad "the list of the rpm of $c"
done
size=$(dpkg-deb -f "$(deb_of agent)" Installed-Size)
[ "$size" -lt 1500 ] || bad "assent-agent has $size KiB"
say "assent-agent: $size KiB installed, $(stat -c %s "$(deb_of agent)") bytes as a deb"

# What the rpms ask for must be there on the systems they are for (Enterprise Linux 9 and later, Fedora).
for c in agent relay console; do rpm -qp --requires "$(rpm_of $c)"; done | sort -u |
	grep -v '^config(' | grep -vxFf <(grep -v '^#' "$here/../rpm/provided") >"$work/unknown" || true
[ ! -s "$work/unknown" ] || { cat "$work/unknown" >&2; bad "not every system has what the rpms ask for; see rpm/provided"; }

python3 "$here/../sbom/check.py" "$packages"/*.spdx.json || bad "a bill of materials"
for f in "$packages"/*.deb "$packages"/*.rpm; do [ -f "$f.spdx.json" ] || bad "$f has no bill of materials"; done
grep -q '"nanopb\|libnanopb' "$(deb_of agent).spdx.json" || bad "the bill of the agent does not name what is inside it"
(cd "$packages" && sha256sum --quiet -c SHA256SUMS) || bad SHA256SUMS
