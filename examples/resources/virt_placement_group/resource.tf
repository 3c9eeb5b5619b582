data "virt_image" "os" {
  name = "debian-12"
}

data "virt_network" "app" {
  name = "app"
}

resource "virt_placement_group" "web" {
  name   = "web"
  policy = "soft-anti-affinity"
}

resource "virt_machine" "web" {
  name     = "web-1"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id
  nics     = { eth0 = { network_id = data.virt_network.app.id } }

  placement {
    group = virt_placement_group.web.id
  }
}
