data "virt_public_ip" "web" {
  name = "web"
}

output "address" {
  value = data.virt_public_ip.web.address
}
