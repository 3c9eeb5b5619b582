# On OpenStack a machine is made from an image, and a snapshot is an image of its disk.
data "virt_image" "os" {
  name = "debian-12"
}

resource "virt_machine" "web" {
  name     = "web-1"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id
}

resource "virt_snapshot" "before" {
  name        = "before-upgrade"
  description = "Taken before the upgrade"
  machine_id  = virt_machine.web.id
}
