terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

variable "site" {
  description = "Name of the platform to build on."
  type        = string
}

variable "memory" {
  type = string
}

variable "disk_size" {
  type = string
}

variable "size" {
  type    = string
  default = null
}

data "virt_image" "os" {
  platform = var.site
  name     = "debian-12"
}

data "virt_network" "app" {
  platform = var.site
  name     = "app"
}

resource "virt_machine" "web" {
  platform = var.site
  name     = "web-1"
  cpus     = 2
  memory   = var.memory
  size     = var.size
  image_id = data.virt_image.os.id
  disks    = { data = { size = var.disk_size } }
  nics     = { eth0 = { network_id = data.virt_network.app.id } }
  power    = "on"
  tags     = { role = "web" }

  login {
    user     = "ops"
    ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVYQU1QTEVLRVlGT1JUSEVRVUlDS1NUQVJUT05MWVhY ops@example.net"]
  }

  wait_for {
    address = "0.0.0.0/0"
  }
}

output "machine" {
  value = {
    id        = virt_machine.web.id
    addresses = virt_machine.web.addresses
    booted_at = virt_machine.web.booted_at
  }
}
