import {
  to = virt_secret.password
  identity = {
    platform = "dc1"
    id       = "web-password"
  }
}
