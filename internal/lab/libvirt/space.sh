# shellcheck shell=sh
# Runs as the first process of new namespaces, with the server's folder and its host name as arguments.
set -e
dir=$1
mount --make-rprivate /
# The devices and bridges that libvirt looks up here have to be those of this network namespace.
mount -t sysfs sysfs /sys
for pair in etc:/etc/libvirt lib:/var/lib/libvirt run:/run/libvirt cache:/var/cache/libvirt log:/var/log/libvirt; do
	mkdir -p "${pair#*:}"
	mount --bind "$dir/${pair%%:*}" "${pair#*:}"
done
# Every guest is emulated, so that all machines test the same: nested machines often show a KVM that boots no guest. The
# daemon asks whether it may write to the device before anything else, and root may unless it is read-only.
if [ -e /dev/kvm ]; then
	: >"$dir/no-kvm"
	mount --bind "$dir/no-kvm" /dev/kvm
	mount -o remount,bind,ro /dev/kvm
fi
hostname "$2"
ip link set lo up
echo ready
# The shell stays, to reap what the daemon leaves to it: libvirt waits for its probes to be gone.
cat >/dev/null || true
# Whoever held the other end is done, or gone without a word.
kill -KILL -1 2>/dev/null || true
rm -rf -- "$dir"
