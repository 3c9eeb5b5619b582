# <platform>/<id, name or path>: the id is the instance UUID on vSphere, the domain's UUID on libvirt.
terraform import virt_machine.web dc1/5011fb04-6ae8-4b0c-b8b1-7c1e7a2d9f3e
terraform import virt_machine.web dc1/web/web-1
terraform import virt_machine.web kvm1/web-1
