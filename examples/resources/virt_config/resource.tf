resource "virt_config" "site" {
  name  = "web-site"
  value = <<-CONF
    listen = 8080
    root   = "/srv"
  CONF
}
