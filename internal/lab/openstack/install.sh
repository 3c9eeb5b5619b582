#!/bin/bash
# Installs what an OpenStack control plane of one's own needs (Debian and its like, by apt-get), and makes the saved state
# that it starts from. Done already, it takes a moment. None of the packages' services is installed: only their libraries.
set -euo pipefail

packages=(
	python3-keystone python3-glance python3-placement python3-nova python3-neutron python3-cinder # the services
	uwsgi-core uwsgi-plugin-python3                 # serves keystone and placement
	mariadb-server python3-pymysql qemu-utils       # their database; what cinder looks at images with
	python3-openstackclient                         # the independent eye
	util-linux procps ca-certificates               # namespaces
)

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=()
for package in "${packages[@]}"; do
	dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	command -v apt-get >/dev/null || { echo "make lab: install these by hand: ${missing[*]}" >&2; exit 1; }
	echo "make lab: installing ${missing[*]}"
	# The tests start a database of their own; the machine gets no further daemon.
	policy=/usr/sbin/policy-rc.d
	made=
	if [ ! -e $policy ]; then
		made=$policy
		trap 'as_root rm -f $policy' EXIT
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	[ -z "$made" ] || as_root rm -f "$made"
fi

# The first start of a control plane on a machine would make this, too; here nobody waits for it.
cd "$(dirname "${BASH_SOURCE[0]}")"
program=$(mktemp)
trap 'rm -f "$program"' EXIT
go build -o "$program" ./prepare
as_root env "HOME=$HOME" "$program"
