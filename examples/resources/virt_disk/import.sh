# The id is that of the first-class disk on vSphere, or the path of a plain VMDK.
terraform import virt_disk.data dc1/f0cd4b0e-3ab0-4a37-9c71-b0ad42b9d0ac
terraform import virt_disk.data 'dc1/[ds0] disks/data.vmdk'
