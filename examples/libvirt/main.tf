terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

provider "virt" {
  platform {
    name = "kvm1"
    libvirt {
      uri = "qemu+ssh://root@kvm1.example.net/system"
    }
  }
}

# A directory on the host; disks and images name it as their storage.
resource "virt_storage_pool" "web" {
  name = "web"
  type = "dir"
  path = "/srv/web"
}

# Uploaded from here, or fetched from a URL, into a volume that machines are made from.
resource "virt_image" "os" {
  name   = "debian-12.qcow2"
  source = var.image

  libvirt {
    pool = virt_storage_pool.web.name
  }
}

variable "image" {
  description = "A file on this machine or a URL: qcow2 or raw, not compressed."
  type        = string
  default     = "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2"
}

resource "virt_network" "web" {
  name = "web"
  mode = "nat"
  subnets = {
    main = {
      cidr = "192.168.130.0/24"
      dhcp = {
        first = "192.168.130.100"
        last  = "192.168.130.199"
      }
    }
  }
}

resource "virt_machine" "web" {
  name     = "web-1"
  hostname = "web-1"
  cpus     = 1
  memory   = "512MiB"
  image_id = virt_image.os.id

  boot_disk = { size = "10GiB", storage = virt_storage_pool.web.name }
  disks     = { data = { size = "20GiB" } } # in the connection's pool
  nics = {
    eth0 = {
      network_id = virt_network.web.id
      addresses  = ["192.168.130.10/24"]
      gateway    = "192.168.130.1"
      dns        = ["192.168.130.1"]
    }
  }

  user_data     = "#cloud-config\npackages: [nginx]\n"
  allow_restart = true

  login {
    user     = "ops"
    ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVYQU1QTEVLRVlGT1JLVk1XSVRITElCVklSVE9OTFlY ops@example.net"]
  }

  libvirt {
    max_cpus   = 4 # cpus and memory can grow to these while it runs
    max_memory = "4GiB"

    # What has no attribute is merged into the domain's document.
    xml_overlay = <<-XML
      <domain>
        <iothreads>2</iothreads>
        <devices>
          <watchdog model='i6300esb' action='reset'/>
        </devices>
      </domain>
    XML
  }
}

resource "virt_snapshot" "fresh" {
  name       = "fresh"
  machine_id = virt_machine.web.id
}
