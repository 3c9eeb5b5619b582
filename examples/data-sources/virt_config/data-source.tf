data "virt_config" "site" {
  name = "web-site"
}
