# <platform>/<id or name>: the id is the pool's UUID on libvirt.
terraform import virt_storage_pool.images dc1/2c4b1f0a-8f5e-4d7b-9a43-5d1f6a0f7c11
terraform import virt_storage_pool.images dc1/images
