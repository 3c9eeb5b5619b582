# <machine's id>/<snapshot's managed object id> on vSphere, <domain's UUID>/<snapshot's name> on libvirt.
terraform import virt_snapshot.before dc1/5011fb04-6ae8-4b0c-b8b1-7c1e7a2d9f3e/snapshot-14
terraform import virt_snapshot.before kvm1/web-1/before-upgrade
