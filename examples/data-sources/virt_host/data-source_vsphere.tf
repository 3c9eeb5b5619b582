# One of several hosts.
data "virt_host" "here" {
  name = "esx0.DC0.example.net"
}

output "memory" {
  value = data.virt_host.here.memory
}
