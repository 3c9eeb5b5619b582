data "virt_service" "web" {
  name = "web"
}

output "running" {
  value = data.virt_service.web.running
}
