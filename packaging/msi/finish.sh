#!/usr/bin/env bash
# finish.sh MSI VERSION: what wixl has no words for, written into its tables with msibuild(1).
set -euo pipefail
msi=$1 version=$2
query() { # all or nothing: msibuild says little, so what it says is a failure
	local said
	said=$(msibuild "$msi" -q "$@" 2>&1) && [ -z "$said" ] || { printf '%s: %s\n' "$msi" "$said" >&2; exit 1; }
}

# A program has a version, which Windows compares on an upgrade; what has one needs no hash.
for f in fAgent fCollect; do
	query "UPDATE File SET Version = '$version.0', Language = '1033' WHERE File = '$f'" "DELETE FROM MsiFileHash WHERE File_ = '$f'"
done

# An upgrade is also what has the same version: snapshots of one release replace each other. The old
# package goes last: what the new one shares with it, the configuration's folder, is then not removed.
code=$(msiinfo export "$msi" Property | tr -d '\r' | awk '$1 == "UpgradeCode" { print $2 }')
query "DELETE FROM Upgrade WHERE ActionProperty = 'WIX_UPGRADE_DETECTED'" \
	"INSERT INTO Upgrade (UpgradeCode, VersionMax, Attributes, ActionProperty) VALUES ('$code', '$version', 513, 'WIX_UPGRADE_DETECTED')" \
	"UPDATE InstallExecuteSequence SET Sequence = 6601 WHERE Action = 'RemoveExistingProducts'" \
	"INSERT INTO Property (Property, Value) VALUES ('REINSTALLMODE', 'amus')"

# The command, besides the menu entry.
query "CREATE TABLE Environment (Environment CHAR(72) NOT NULL, Name CHAR(255) NOT NULL LOCALIZABLE, Value CHAR(255) LOCALIZABLE, Component_ CHAR(72) NOT NULL PRIMARY KEY Environment)" \
	"INSERT INTO Environment (Environment, Name, Value, Component_) VALUES ('ePath', '=-*PATH', '[~];[INSTALLDIR]', 'cAgent')" \
	"INSERT INTO InstallExecuteSequence (Action, Sequence) VALUES ('RemoveEnvironmentStrings', 3300)" \
	"INSERT INTO InstallExecuteSequence (Action, Sequence) VALUES ('WriteEnvironmentStrings', 5200)"

# CONFIGDIR=FOLDER: the organisation's configuration is copied from there.
query "CREATE TABLE MoveFile (FileKey CHAR(72) NOT NULL, Component_ CHAR(72) NOT NULL, SourceName CHAR(255) LOCALIZABLE, DestName CHAR(255) LOCALIZABLE, SourceFolder CHAR(72), DestFolder CHAR(72) NOT NULL, Options INT NOT NULL PRIMARY KEY FileKey)" \
	"INSERT INTO MoveFile (FileKey, Component_, SourceName, DestName, SourceFolder, DestFolder, Options) VALUES ('mConf', 'cConfig', 'agent.conf', 'agent.conf', 'CONFIGDIR', 'CONFIGFOLDER', 0)" \
	"INSERT INTO MoveFile (FileKey, Component_, SourceName, DestName, SourceFolder, DestFolder, Options) VALUES ('mCa', 'cConfig', 'ca.crt', 'ca.crt', 'CONFIGDIR', 'CONFIGFOLDER', 0)" \
	"INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('MoveFiles', 'CONFIGDIR', 3800)" \
	"UPDATE Property SET Value = 'CONFIGDIR;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED' WHERE Property = 'SecureCustomProperties'"

# Removed for good, and not for an upgrade or from below a package of a configuration: then it goes, too.
query "INSERT INTO CustomAction (Action, Type, Source, Target) VALUES ('SetOldConfig', 51, 'OLDCONFIG', '[CONFIGFOLDER]')" \
	"INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('SetOldConfig', 'REMOVE = \"ALL\" AND NOT UPGRADINGPRODUCTCODE AND NOT CONFIGPACKAGE', 1001)" \
	"INSERT INTO RemoveFile (FileKey, Component_, FileName, DirProperty, InstallMode) VALUES ('rConf', 'cConfig', 'agent.conf', 'OLDCONFIG', 2)" \
	"INSERT INTO RemoveFile (FileKey, Component_, FileName, DirProperty, InstallMode) VALUES ('rCa', 'cConfig', 'ca.crt', 'OLDCONFIG', 2)"
