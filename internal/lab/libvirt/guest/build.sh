#!/bin/bash
# Builds a guest from Debian's packages into the given folder: vmlinuz and initrd. What was built from the same recipe
# stays.
set -euo pipefail
recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=$1
stamp=$(cat "$recipe/build.sh" "$recipe/init" "$recipe/seed.awk" | sha256sum | cut -d ' ' -f 1)
[ "$(cat "$into/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
mkdir -p x root/{bin,sbin,dev,proc,sys,tmp,run,mnt,home,root,var/run,etc/acpi/PWRF,etc/lib,lib,lib64,usr/sbin}

linux=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
echo "make lab: building a guest of $linux, busybox-static and qemu-guest-agent in $into"
apt-get download -qq "$linux" busybox-static qemu-guest-agent 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" x; done

cp x/boot/vmlinuz-* vmlinuz
version=$(basename x/lib/modules/*)
PATH=$PATH:/usr/sbin:/sbin depmod -b x "$version"

# add PATH: one module with what it needs.
declare -A added
add() {
	local needed
	[ -z "${added[$1]:-}" ] || return 0
	added[$1]=1
	install -D -m 644 "x/lib/modules/$version/$1" "root/lib/modules/$version/$1"
	for needed in $(sed -n "s|^$1: *||p" "x/lib/modules/$version/modules.dep"); do add "$needed"; done
}
for module in virtio_pci virtio_blk virtio_scsi virtio_net virtio_console virtio_balloon virtio-rng nvme ahci sd_mod sr_mod \
	isofs e1000 e1000e button evdev; do
	path=$(grep -oE "^[^:]*/$module\.ko" "x/lib/modules/$version/modules.dep" || true)
	[ -z "$path" ] || add "$path" # what is missing is built into the kernel, or this kernel cannot do it
	echo "$module" >>root/etc/modules
done
PATH=$PATH:/usr/sbin:/sbin depmod -b root "$version" 2>/dev/null

cp x/bin/busybox root/bin/
for applet in $(x/bin/busybox --list); do [ "$applet" = busybox ] || ln -sf busybox "root/bin/$applet"; done
cp x/usr/sbin/qemu-ga root/usr/sbin/
while read -r library; do install -D "$library" "root$library"; done < <(
	ldd x/usr/sbin/qemu-ga | awk '/not found/ { print $1 > "/dev/stderr"; exit 1 } { for (i = 1; i <= NF; i++) if ($i ~ "^/") print $i }')

install -m 755 "$recipe/init" root/init
cp "$recipe/seed.awk" root/etc/seed.awk
printf '#!/bin/sh\nexec poweroff -f\n' >root/etc/acpi/PWRF/00000080
printf '#!/bin/sh\ncase "$*" in *-r*) exec reboot -f ;; esac\nexec poweroff -f\n' >root/sbin/shutdown # for the agent
chmod 755 root/etc/acpi/PWRF/00000080 root/sbin/shutdown
printf 'root:x:0:0:root:/root:/bin/sh\n' >root/etc/passwd
printf 'root:x:0:\n' >root/etc/group
ln -s sh root/bin/bash

(cd root && find . | cpio -o -H newc --quiet | gzip -6) >initrd
mkdir -p "$into"
rm -f "$into/stamp"
cp vmlinuz initrd "$into/"
echo "$stamp" >"$into/stamp"
