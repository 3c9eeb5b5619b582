data "virt_disk" "data" {
  name = "web-1-data"
}
