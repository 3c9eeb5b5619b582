#!/bin/bash
# Installs what Docker engines, registries and podman services of one's own need (Debian and its like, by apt-get). Done
# already, it takes a moment. None of the packages' services is started.
set -euo pipefail

packages=(
	docker.io containerd runc docker-registry # dockerd, docker, docker-registry
	podman conmon containernetworking-plugins # the other server of the same API
	iptables iproute2 kmod                    # networks
	openssh-server openssh-client             # ssh://
	util-linux procps ca-certificates         # namespaces
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
	# The tests start engines of their own; the machine gets no further daemon, nor a registry on port 5000.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap 'as_root rm -f $policy' EXIT
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
echo "make lab: docker $(/usr/sbin/dockerd --version | sed 's/Docker version \([^,]*\),.*/\1/'), podman $(podman --version | sed 's/.* //')"
