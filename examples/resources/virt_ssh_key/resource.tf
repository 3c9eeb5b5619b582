resource "virt_ssh_key" "ops" {
  name       = "ops"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVYQU1QTEVLRVlGT1JUSEVFWEFNUExFU09OTFlYWFhY ops@example.net"
}
