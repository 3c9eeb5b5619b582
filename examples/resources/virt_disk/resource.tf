resource "virt_disk" "data" {
  name = "web-1-data"
  size = "100GiB"
}
