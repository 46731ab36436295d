# shellcheck shell=bash
# the msi under wine: installed with a configuration, used for a session, upgraded, removed

"$here/../../tests/support/wine.sh" "$work/wine" 2>/dev/null || bad "no wine prefix can be made"
export WINEPREFIX=$work/wine WINEDEBUG=-all WINEDLLOVERRIDES=winedbg.exe=d
unset DISPLAY
drive=$WINEPREFIX/drive_c
programs="$drive/Program Files/Assent" settings=$drive/ProgramData/Assent
installer() { timeout "$LIMIT" wine msiexec "$@" /qn >/dev/null 2>&1 || bad "msiexec $*"; }
records=AppData/Local/Assent # the customer's own, and they stay his
left() { (cd "$drive" && find . -path "./users/*/$records" -prune -o \( -ipath '*assent*' -o -iname '*Remote Support*' \) -print); }

msi=$(find "$packages" -name 'assent-agent-*.msi' | head -1)
[ -f "$msi.spdx.json" ] || bad "the msi has no bill of materials"
[ "$(stat -c %s "$msi")" -lt 6000000 ] || bad "the msi has 6 MB or more"

# ---- an organisation, with the relay and the console of the debs ----
tools=$work/tools
for c in relay console; do dpkg-deb -x "$(deb_of $c)" "$tools"; done
acme=$work/acme
console() { "$tools/usr/bin/assent-console" "$@" >"$work/console.log" 2>&1 || { cat "$work/console.log" >&2; bad "assent-console $*"; }; }
console ca init --org "Acme Support" --dir "$acme/ca"
console ca relay --dir "$acme/ca" --name 127.0.0.1 --out "$acme/relay"
person relay "$tools/usr/bin/assent-relay --listen 127.0.0.1:0 --cert $acme/relay/relay.crt --key $acme/relay/relay.key --console-ca $acme/relay/ca.crt"
sees relay "listening on "
address=$(shown relay | sed -n 's/.*listening on \([0-9.:]*\).*/\1/p' | head -1)
console ca engineer --dir "$acme/ca" --id ada --name "Ada Lovelace" --relay "$address" --out "$acme/ada"
console ca agent-config --dir "$acme/ca" --relay "$address" --phone "+49 30 1234567" --out "$acme/agent"

# ---- silently, with the organisation's configuration from a folder ----
installer /i "Z:$msi" "CONFIGDIR=Z:$acme/agent"
cmp "$acme/agent/agent.conf" "$settings/agent.conf" || bad "the configuration was not copied"
[ -n "$(find "$drive" -iname 'Get Remote Support.lnk')" ] || bad "there is no menu entry"
msiinfo export "$msi" Property | grep '^ARPPRODUCTICON' >/dev/null || bad "the list of programs shows no icon"
for library in openssl libuv1 zlib nanopb pcre2 libzstd xxhash; do
	grep -q "^==== $library " "$programs/THIRD-PARTY-LICENSES.txt" || bad "the licence of $library is not installed"
	grep -q "\"SPDXRef.*$library" "$msi.spdx.json" || bad "$library is not in the bill of materials"
done
timeout "$LIMIT" wine "$programs/assent-agent.exe" --version 2>/dev/null | grep -q '^assent-agent ' || bad "the agent does not start"

# ---- a session with what is installed, as the menu entry starts it: nothing is said to it ----
person customer "wine '$programs/assent-agent.exe'"
sees customer "Your code: "
code=$(shown customer | sed -n 's/.*Your code: \([0-9A-Z-]*\).*/\1/p' | head -1)
person engineer "$tools/usr/bin/assent-console connect $code --identity $acme/ada --reason 'The backup fails' --scope system --scope network --out $work/out -c 'collect os services sockets'"
sees customer "Type allow or deny:"
shows customer "Ada Lovelace" || bad "the customer does not read who asks"
types customer allow
sees engineer "-- exit 0"
sees customer "-- exit 0"
console bundle verify "$work"/out/assent-*
grep -q 'Windows NT' "$work"/out/assent-*/sos_commands/kernel/uname_-a || bad "the bundle is not of this Windows"
timeout "$LIMIT" wine "$programs/assent-agent.exe" record list 2>/dev/null | grep Ada >/dev/null || bad "the customer has no record"
leaves engineer
leaves customer
leaves relay

# ---- upgraded: a later package of the same version; what the administrator changed stays ----
echo '# the administrator was here' >>"$settings/agent.conf"
cp "$msi" "$work/later.msi"
code=$(msiinfo export "$msi" Property | tr -d '\r' | awk '$1 == "ProductCode" { print $2 }')
msibuild "$work/later.msi" -q "UPDATE Property SET Value = '{0${code:2}' WHERE Property = 'ProductCode'"
[ "${code:1:1}" != 0 ] || msibuild "$work/later.msi" -q "UPDATE Property SET Value = '{1${code:2}' WHERE Property = 'ProductCode'"
installer /i "Z:$work/later.msi"
grep -q administrator "$settings/agent.conf" || bad "the upgrade lost the configuration"
installer /x "Z:$work/later.msi"
[ -z "$(left)" ] || bad "after removal there is still: $(left)"
[ -n "$(find "$drive/users" -path "*/$records/*" -type f)" ] || bad "the customer's records went with the program"
wineserver -k
say "$(stat -c %s "$msi") bytes; installed, used, upgraded and removed under wine"
