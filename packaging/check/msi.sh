# shellcheck shell=bash
# the msi under wine: installed with a configuration, upgraded, removed

"$here/../../tests/support/wine.sh" "$work/wine" 2>/dev/null || bad "no wine prefix can be made"
export WINEPREFIX=$work/wine WINEDEBUG=-all WINEDLLOVERRIDES=winedbg.exe=d
unset DISPLAY
drive=$WINEPREFIX/drive_c
programs="$drive/Program Files/Assent" settings=$drive/ProgramData/Assent
installer() { timeout "$LIMIT" wine msiexec "$@" /qn >/dev/null 2>&1 || bad "msiexec $*"; }
left() { (cd "$drive" && find . -ipath '*assent*' -o -iname '*Remote Support*'); }

msi=$(find "$packages" -name 'assent-agent-*.msi' | head -1)
[ -f "$msi.spdx.json" ] || bad "the msi has no bill of materials"
[ "$(stat -c %s "$msi")" -lt 6000000 ] || bad "the msi has 6 MB or more"

# ---- silently, with the organisation's configuration from a folder ----
mkdir -p "$work/config"
printf 'relay = 127.0.0.1:1\n' >"$work/config/agent.conf"
echo ca >"$work/config/ca.crt"
installer /i "Z:$msi" "CONFIGDIR=Z:$work/config"
cmp "$work/config/agent.conf" "$settings/agent.conf" || bad "the configuration was not copied"
[ -n "$(find "$drive" -iname 'Get Remote Support.lnk')" ] || bad "there is no menu entry"
timeout "$LIMIT" wine "$programs/assent-agent.exe" --version 2>/dev/null | grep -q '^assent-agent ' || bad "the agent does not start"

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
wineserver -k
say "$(stat -c %s "$msi") bytes; installed, upgraded and removed under wine"
