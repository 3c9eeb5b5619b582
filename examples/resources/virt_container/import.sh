# <platform>/<id or name>: the id is that of the container.
terraform import virt_container.web dc1/4c01db0b339c2b6f8c1d0a4e5b7a9c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b
terraform import virt_container.web dc1/web
