# The id is the port group's managed object id on vSphere, the network's UUID on libvirt.
terraform import virt_network.app dc1/dvportgroup-21
terraform import virt_network.app dc1/app-20
