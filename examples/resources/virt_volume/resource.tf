resource "virt_volume" "data" {
  name = "web-data"
  tags = { backup = "daily" }
}
