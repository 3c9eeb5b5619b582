# <platform>/<id or name>: on OpenStack the id is the name.
terraform import virt_ssh_key.ops dc1/ops
