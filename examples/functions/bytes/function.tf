output "gibibytes" {
  value = provider::virt::bytes("4GiB") / pow(1024, 3)
}
