# On OpenStack a machine is made from an image.
data "virt_image" "os" {
  name = "debian-12"
}

resource "virt_machine" "golden" {
  name     = "golden"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id
}

resource "virt_image" "golden" {
  name       = "golden-2026-11"
  machine_id = virt_machine.golden.id
  tags       = { from = "debian-12" }

  openstack { # inert on other platforms
    min_disk   = "4GiB"
    properties = { os_distro = "debian" }
  }
}
