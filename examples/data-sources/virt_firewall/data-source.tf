data "virt_firewall" "web" {
  name = "web"
}
