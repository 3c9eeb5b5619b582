# <platform>/<id or name>: the id is the router's UUID on OpenStack.
terraform import virt_router.edge dc1/7d1f0b2c-3a54-4c0e-9f5b-2b7b0c9a1e44
terraform import virt_router.edge dc1/edge
