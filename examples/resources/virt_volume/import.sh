# <platform>/<id or name>: the id is the name.
terraform import virt_volume.data dc1/web-data
