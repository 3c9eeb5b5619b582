import {
  to = virt_volume.data
  identity = {
    platform = "dc1"
    id       = "web-data"
  }
}
