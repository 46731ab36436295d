# shellcheck shell=bash
# a key signs packages and checksums, the usual tools verify them and notice a change

export GNUPGHOME=$work/gnupg
. "$here/key.sh"
mkdir -p "$work/signed"
cp "$(deb_of relay)" "$work/signed/relay.deb"
cp "$(rpm_of relay)" "$work/signed/relay.rpm"
"$here/../deb/sign.sh" "$work/signed/relay.deb" "$key"
"$here/../rpm/sign.sh" "$work/signed/relay.rpm" "$key"

# deb: the policy that a customer's administrator installs for this key
id=${key: -16}
mkdir -p "$work/policies/$id" "$work/keyrings/$id"
gpg --batch --export "$key" >"$work/keyrings/$id/assent.gpg"
cat >"$work/policies/$id/assent.pol" <<-E
	<?xml version="1.0"?>
	<!DOCTYPE Policy SYSTEM "https://www.debian.org/debsig/1.0/policy.dtd">
	<Policy xmlns="https://www.debian.org/debsig/1.0/">
	  <Origin Name="Assent" id="$id" Description="Assent"/>
	  <Selection><Required Type="origin" File="assent.gpg" id="$id"/></Selection>
	  <Verification MinOptional="0"><Required Type="origin" File="assent.gpg" id="$id"/></Verification>
	</Policy>
E
verify_deb() { debsig-verify --policies-dir "$work/policies" --keyrings-dir "$work/keyrings" "$1" >"$work/debsig.log" 2>&1; }
verify_deb "$work/signed/relay.deb" || { cat "$work/debsig.log" >&2; bad "debsig-verify does not accept the signature"; }
! verify_deb "$(deb_of relay)" || bad "debsig-verify accepts a deb without a signature"
dpkg-deb -f "$work/signed/relay.deb" Package >/dev/null || bad "dpkg cannot read a signed deb"

# rpm
gpg --batch --armor --export "$key" >"$work/key.asc"
rpm --dbpath "$work/signdb" --import "$work/key.asc" 2>/dev/null
rpm --dbpath "$work/signdb" -Kv "$work/signed/relay.rpm" | grep 'Signature.*OK' >/dev/null || bad "rpm -K does not accept the signature"

# a byte in the middle of the payload
for f in relay.deb relay.rpm; do
	cp "$work/signed/$f" "$work/signed/changed-$f"
	at=$(($(stat -c %s "$work/signed/$f") / 2))
	printf '\x00\xff\x00\xff' | dd of="$work/signed/changed-$f" bs=1 seek="$at" conv=notrunc status=none
done
! verify_deb "$work/signed/changed-relay.deb" || bad "debsig-verify accepts a changed deb"
! rpm --dbpath "$work/signdb" -K "$work/signed/changed-relay.rpm" >/dev/null 2>&1 || bad "rpm -K accepts a changed rpm"

# msi: a certificate for code, of an organisation's own
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Acme Support" -addext "keyUsage=critical,digitalSignature" \
	-addext "extendedKeyUsage=critical,codeSigning" -keyout "$work/code.key" -out "$work/code.crt" 2>/dev/null
echo secret >"$work/code.pass"
openssl pkcs12 -export -inkey "$work/code.key" -in "$work/code.crt" -passout "file:$work/code.pass" -out "$work/code.p12"
cp "$(find "$packages" -name 'assent-agent-*.msi' | head -1)" "$work/signed/agent.msi"
ASSENT_CODE_SIGN=$work/code.p12 ASSENT_CODE_SIGN_PASS=$work/code.pass "$here/../msi/sign.sh" "$work/signed/agent.msi" "$key"
verify_msi() { osslsigncode verify -CAfile "$work/code.crt" -in "$1" >"$work/osslsigncode.log" 2>&1; }
verify_msi "$work/signed/agent.msi" || { tail -5 "$work/osslsigncode.log" >&2; bad "osslsigncode does not accept the signature"; }
grep -q 'CN=Acme Support' "$work/osslsigncode.log" || bad "the msi does not say who signed it"
msiinfo export "$work/signed/agent.msi" Property | grep '^ProductCode' >/dev/null || bad "a signed msi cannot be read"
cp "$work/signed/agent.msi" "$work/signed/changed.msi"
printf '\x00\xff\x00\xff' | dd of="$work/signed/changed.msi" bs=1 seek=$(($(stat -c %s "$work/signed/agent.msi") / 2)) conv=notrunc status=none
! verify_msi "$work/signed/changed.msi" || bad "osslsigncode accepts a changed msi"
! verify_msi "$(find "$packages" -name 'assent-agent-*.msi' | head -1)" || bad "osslsigncode accepts an msi without a signature"

# the checksums of a whole set, as package.sh signs them
cp "$packages/SHA256SUMS" "$work/signed/"
gpg --batch --yes --armor --local-user "$key" --detach-sign --output "$work/signed/SHA256SUMS.asc" "$work/signed/SHA256SUMS"
gpg --batch --verify "$work/signed/SHA256SUMS.asc" "$work/signed/SHA256SUMS" 2>/dev/null || bad "the checksums' signature"
