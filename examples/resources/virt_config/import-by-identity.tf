import {
  to = virt_config.site
  identity = {
    platform = "dc1"
    id       = "web-site"
  }
}
