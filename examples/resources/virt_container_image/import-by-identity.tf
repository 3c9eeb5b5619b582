import {
  to = virt_container_image.own
  identity = {
    platform = "dc1"
    id       = "sha256:0c34f3ab9a1d2e5c7b8f6a4d3e2c1b0a9f8e7d6c5b4a39281706f5e4d3c2b1a0"
  }
}
