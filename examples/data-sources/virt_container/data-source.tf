data "virt_container" "web" {
  name = "web"
}

output "addresses" {
  value = data.virt_container.web.addresses
}
