data "virt_image" "os" {
  name = "debian-12"
}

data "virt_network" "app" {
  name = "app"
}

resource "virt_disk" "data" {
  name = "web-1-data"
  size = "100GiB"
}

resource "virt_machine" "web" {
  name     = "web-1"
  cpus     = 2
  memory   = "4GiB"
  image_id = data.virt_image.os.id

  boot_disk = { size = "20GiB" }
  disks = {
    data = { disk_id = virt_disk.data.id }
    logs = { size = "10GiB", delete_on_remove = true }
  }
  nics = { eth0 = { network_id = data.virt_network.app.id } }

  user_data     = "#cloud-config\npackages: [nginx]\n"
  allow_restart = true
  tags          = { role = "web" }

  login {
    user     = "ops"
    ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVYQU1QTEVLRVlGT1JUSEVFWEFNUExFU09OTFlYWFhY ops@example.net"]
  }

  vsphere {
    folder = "web" # inert on other platforms
  }
}
