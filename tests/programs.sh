#!/bin/sh
# The mail programs, and the browser, that tests drive, from the system's packages: installed where
# this may be done (root and apt), and otherwise named in one message. Never fails: a test whose
# program is absent says so in the summary of the test run.
set -u
PATH=$PATH:/usr/sbin

# command or Python module, package
wanted="
swaks swaks
curl curl
mbsync isync
neomutt neomutt
sieve-connect sieve-connect
chromium chromium
openssl openssl
dkim: python3-dkim
nacl: python3-nacl
7z p7zip-full
zip zip
genisoimage genisoimage
xorriso xorriso
bsdtar libarchive-tools
gcab gcab
arj arj
msibuild msitools
rspamd rspamd
clamd clamav-daemon
"

missing=""
packages=""
while read -r what package; do
    [ -n "$what" ] || continue
    case $what in
        *:) /usr/bin/python3 -c "import ${what%:}" 2>/dev/null && continue ;;
        *) command -v "$what" >/dev/null 2>&1 && continue ;;
    esac
    missing="$missing ${what%:}"
    packages="$packages $package"
done <<LIST
$wanted
LIST

[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing the mail programs that tests drive:$packages"
    export DEBIAN_FRONTEND=noninteractive
    # Daemons among them are for tests to start; packages ask this file before they start one.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        trap 'exit 1' INT TERM
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    # shellcheck disable=SC2086 # a list of words
    if apt-get update -qq >/dev/null 2>&1 &&
        apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1; then
        exit 0
    fi
fi

echo "These programs are not installed, and the tests that drive them will not run:$missing" >&2
echo "On Debian or Ubuntu: sudo apt-get install$packages" >&2
