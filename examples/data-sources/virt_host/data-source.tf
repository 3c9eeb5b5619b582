# The only host of the platform; where there are several, name says which.
data "virt_host" "here" {}

output "memory_free" {
  value = data.virt_host.here.memory_free
}
