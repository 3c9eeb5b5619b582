# <platform>/<id or name>: the id is the server group's UUID on OpenStack.
terraform import virt_placement_group.web dc1/7d1f0b2c-3a54-4c0e-9f5b-2b7b0c9a1e44
terraform import virt_placement_group.web dc1/web
