# <platform>/<id, name or path>: the id is the template's instance UUID on vSphere, the volume's path on libvirt.
terraform import virt_image.golden dc1/golden-2026-11
terraform import virt_image.golden kvm1//var/lib/libvirt/images/golden-2026-11
