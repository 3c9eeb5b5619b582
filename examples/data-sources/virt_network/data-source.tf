data "virt_network" "app" {
  name = "app"
}
