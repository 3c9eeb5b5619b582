import {
  to = virt_ssh_key.ops
  identity = {
    platform = "dc1"
    id       = "ops"
  }
}
