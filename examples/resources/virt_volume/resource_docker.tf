resource "virt_volume" "data" {
  name = "web-data"
  tags = { backup = "daily" }

  docker { # a tmpfs here; nfs and others are options of the driver, too
    options = { type = "tmpfs", device = "tmpfs", o = "size=16m" }
  }
}
