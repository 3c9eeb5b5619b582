# The id is that of the first-class disk on vSphere, or the path of a plain VMDK.
terraform import virt_disk.data dc1/f0cd4b0e-3ab0-4a37-9c71-b0ad42b9d0ac
terraform import virt_disk.data 'dc1/[ds0] disks/data.vmdk'
# On libvirt it is the path of the volume; <pool>/<volume> leads there, too.
terraform import virt_disk.data kvm1//var/lib/libvirt/images/web-1-data
terraform import virt_disk.data kvm1/default/web-1-data
