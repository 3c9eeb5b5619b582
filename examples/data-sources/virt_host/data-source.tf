# The only host of the platform; where there are several, name says which.
data "virt_host" "here" {}

output "memory" {
  value = data.virt_host.here.memory
}
