import {
  to = virt_registry_image.own
  identity = {
    platform = "dc1"
    id       = "registry.example.net/team/own:1.0"
  }
}
