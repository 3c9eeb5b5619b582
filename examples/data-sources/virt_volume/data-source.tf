data "virt_volume" "data" {
  name = "web-data"
}
