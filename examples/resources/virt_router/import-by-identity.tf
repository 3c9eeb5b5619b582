import {
  to = virt_router.edge
  identity = {
    platform = "dc1"
    id       = "7d1f0b2c-3a54-4c0e-9f5b-2b7b0c9a1e44"
  }
}
