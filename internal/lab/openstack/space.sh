# shellcheck shell=sh
# Runs as the first process of new namespaces, with the folder of what lives inside as its argument.
set -e
dir=$1
trap '' HUP INT TERM # the end comes with the end of standard input, and then everything is cleared up
mount --make-rprivate /
# One path for every cloud: it stands in configurations, and in the databases of a saved state.
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/virtlab
mount --bind "$dir" /run/virtlab
echo ready
# The shell stays, to reap what is left to it.
cat >/dev/null || true
# Whoever held the other end is done, or gone without a word.
kill -KILL -1 2>/dev/null || true
tries=40
while [ $tries -gt 0 ] && ! rm -rf -- "$dir" 2>/dev/null; do
	tries=$((tries - 1))
	sleep 0.05
done
