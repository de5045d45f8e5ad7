# shellcheck shell=bash
# Sourced by runtests and quickstart: the Debian packages a list names, there or installed.

# Print the packages of the lists that are not installed.
packages_missing() {
	local name
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | sort -u | while read -r name; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
		    printf '%s\n' "$name"
	done
}

# Some of the packages are servers: forbid that installing them starts one, unless this
# machine has a policy for that already.
services_forbid() {
	local policy=/usr/sbin/policy-rc.d
	[ -e "$policy" ] && return
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

services_allow() {
	[ -n "$(trap -p EXIT)" ] && rm -f /usr/sbin/policy-rc.d
	trap - EXIT
}

# Install what is missing of the lists.  Says what to do, and fails, when this is not root.
packages_need() {
	local missing
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -z "$missing" ] && return 0
	if [ "$(id -u)" != 0 ]; then
		echo "These Debian packages are missing.  As root:" >&2
		echo "  apt-get install $missing" >&2
		return 1
	fi
	echo "installing: $missing"
	export DEBIAN_FRONTEND=noninteractive
	services_forbid
	# shellcheck disable=SC2086
	apt-get update -q && apt-get install -q -y --no-install-recommends $missing ||
	    { echo "apt-get could not install: $missing" >&2; services_allow; return 1; }
	services_allow
}
