# shellcheck shell=sh
# Runs as the first process of new namespaces, with the folder of what lives inside and its host name as arguments.
set -e
dir=$1
trap '' HUP INT TERM # the end comes with the end of standard input, and then everything is cleared up
mount --make-rprivate /
# The devices have to be those of this network namespace; the control groups are the machine's.
mkdir -p "$dir/cgroup"
mount --rbind /sys/fs/cgroup "$dir/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$dir/cgroup" /sys/fs/cgroup
umount -l "$dir/cgroup"
# What the machine's own engines keep there is none of ours, and the other way round.
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
for pair in etc:/etc/docker lib:/var/lib/docker containers:/var/lib/containers cni:/var/lib/cni; do
	mkdir -p "$dir/${pair%%:*}" "${pair#*:}"
	mount --bind "$dir/${pair%%:*}" "${pair#*:}"
done
ln -s "$dir/docker.sock" /run/docker.sock
hostname "$2"
ip link set lo up
echo ready
# The shell stays, to reap what is left to it.
cat >/dev/null || true
# Whoever held the other end is done, or gone without a word.
kill -KILL -1 2>/dev/null || true
tries=40
while [ $tries -gt 0 ]; do
	tries=$((tries - 1))
	while read -r _ at _; do
		case $at in "$dir"/*) echo "$at" ;; esac
	done </proc/mounts | sort -r | while read -r at; do umount -l "$at" 2>/dev/null || true; done
	find /sys/fs/cgroup/"$2" /sys/fs/cgroup/*/"$2" -depth -type d -exec rmdir {} + 2>/dev/null || true
	left=$(find /sys/fs/cgroup/"$2" /sys/fs/cgroup/*/"$2" -maxdepth 0 2>/dev/null || true)
	if rm -rf -- "$dir" 2>/dev/null && [ -z "$left" ]; then break; fi
	sleep 0.05
done
