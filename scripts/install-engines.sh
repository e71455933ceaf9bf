#!/bin/sh
# Installs Debian packages of engines that the suites drive, unless they are there: install-engines.sh <package> …
# Says on standard error why it could not, and ends with 1 then.
set -u
missing=''
for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "not root on Debian, so these could not be installed:$missing" >&2
  exit 1
fi
# The packages start their services on install; the suites start their own, on ports of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
log=$(mktemp)
# shellcheck disable=SC2086
if (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing) >"$log" 2>&1; then
  rm -f "$log"
  exit 0
fi
tail -5 "$log" >&2
echo "could not be installed:$missing" >&2
exit 1
