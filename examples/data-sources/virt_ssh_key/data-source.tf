data "virt_ssh_key" "ops" {
  name = "ops"
}

output "fingerprint" {
  value = data.virt_ssh_key.ops.fingerprint
}
