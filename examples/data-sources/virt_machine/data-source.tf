data "virt_machine" "web" {
  name = "web-1"
}

output "addresses" {
  value = data.virt_machine.web.addresses
}
