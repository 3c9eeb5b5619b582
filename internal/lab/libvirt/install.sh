#!/bin/bash
# Installs what libvirt servers of one's own need (Debian and its like, by apt-get) and builds the guest that boots on
# them. Done already, it takes a moment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

packages=(
	libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients # libvirtd, virsh
	qemu-system-x86 qemu-utils ovmf swtpm swtpm-tools         # guests, with UEFI and TPM
	dnsmasq-base iptables iproute2 dmidecode                  # networks
	lvm2 nfs-kernel-server nfs-common                         # pools that are more than a folder
	openssh-server openssh-client                             # qemu+ssh://
	util-linux procps xorriso cpio kmod                       # namespaces; looking into and building guests
	grub-pc-bin grub-common                                   # a guest as a disk that starts by itself
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
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
# Debian's libvirt-daemon-system makes them; libvirtd does not start without.
getent group libvirt-qemu >/dev/null || as_root groupadd --system libvirt-qemu
getent passwd libvirt-qemu >/dev/null ||
	as_root useradd --system --gid libvirt-qemu --home-dir /var/lib/libvirt --shell /usr/sbin/nologin libvirt-qemu

guest/build.sh "${XDG_CACHE_HOME:-$HOME/.cache}/terraform-provider-virt/guest"
echo "make lab: libvirt $(/usr/sbin/libvirtd --version | sed 's/.* //'), $(qemu-system-x86_64 --version | head -n 1)"
