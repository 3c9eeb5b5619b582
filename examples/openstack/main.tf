terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

# Everything else comes from OS_CLOUD and clouds.yaml, or from the OS_* variables.
provider "virt" {
  default_tags = { owner = "web" }

  platform {
    name = "cloud"
    openstack {
      external_network = "public"
    }
  }
}

variable "image" {
  description = "Name of the image"
  default     = "debian-12"
}

variable "machines" {
  description = "How many machines there are"
  default     = 2
}

variable "memory" {
  description = "Memory of each: the smallest flavor that has as much is taken"
  default     = "128MiB"
}

data "virt_image" "os" {
  name = var.image
}

data "virt_network" "outside" {
  name = "public"
}

resource "virt_network" "app" {
  name = "app"
  subnets = {
    main = {
      cidr = "10.40.0.0/24"
      dhcp = { first = "10.40.0.10", last = "10.40.0.199" }
    }
  }
}

resource "virt_router" "edge" {
  name                = "edge"
  external_network_id = data.virt_network.outside.id
  interfaces          = { app = { subnet_id = virt_network.app.subnets.main.id } }
}

resource "virt_firewall" "web" {
  name = "web"
  rules = {
    https = { direction = "ingress", protocol = "tcp", ports = "443", cidr = "0.0.0.0/0" }
    ssh   = { direction = "ingress", protocol = "tcp", ports = "22", cidr = "192.0.2.0/24" }
    peers = { direction = "ingress", self = true }
  }
}

resource "virt_ssh_key" "ops" {
  name       = "ops"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVYQU1QTEVLRVlGT1JUSEVFWEFNUExFU09OTFlYWFhY ops@example.net"
}

resource "virt_placement_group" "apart" {
  name   = "web"
  policy = "soft-anti-affinity"
}

resource "virt_disk" "data" {
  count = var.machines
  name  = "web-${count.index + 1}-data"
  size  = "10GiB"
}

resource "virt_machine" "web" {
  count    = var.machines
  name     = "web-${count.index + 1}"
  cpus     = 1
  memory   = var.memory
  image_id = data.virt_image.os.id

  disks = { data = { disk_id = virt_disk.data[count.index].id } }
  nics = {
    eth0 = {
      network_id   = virt_network.app.id
      addresses    = ["10.40.0.${20 + count.index}/24"]
      firewall_ids = [virt_firewall.web.id]
    }
  }

  user_data     = "#cloud-config\npackages: [nginx]\n"
  allow_restart = true # another flavor needs one

  placement { group = virt_placement_group.apart.id }
  openstack { key_pair = virt_ssh_key.ops.id }
}

resource "virt_public_ip" "web" {
  name       = "web"
  nic_id     = virt_machine.web[0].nics.eth0.id
  depends_on = [virt_router.edge] # the way in leads through it
}

output "address" {
  value = virt_public_ip.web.address
}
