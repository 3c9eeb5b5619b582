# One module on several platforms: a vCenter, a KVM host with libvirt, an OpenStack cloud, and
# a sandbox that follows vSphere's rules. Only the name of the platform differs.
#
# Addresses and passwords come from the environment: VSPHERE_SERVER, VSPHERE_USER,
# VSPHERE_PASSWORD, and VIRT_DC1_CA_FILE for the vCenter's certificate; LIBVIRT_DEFAULT_URI,
# without which libvirt is that of this machine; OS_CLOUD, or OS_AUTH_URL and the others that
# the openstack tool takes.

terraform {
  required_version = ">= 1.8"
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

provider "virt" {
  default_tags = { owner = "quickstart" }

  platform {
    name = "dc1"
    vsphere {
      datacenter = "DC0"
      cluster    = "C0"
      datastore  = "ds0"
    }
    images = { debian-12 = "templates/debian-12" } # what a portable name means here
  }

  platform {
    name = "kvm1"
    libvirt {} # its storage pool is "default" unless pool says otherwise
    images = { debian-12 = "debian-12.qcow2" }
  }

  platform {
    name = "cloud1"
    openstack {} # its image and its network have the names that the module uses
  }

  platform {
    name = "lab"
    sandbox {
      dir  = "${path.root}/.sandbox"
      like = "vsphere"
      seed = ["image:debian-12", "network:app"]
    }
  }
}

module "web" {
  source   = "./web"
  for_each = var.sites

  site      = each.key
  memory    = var.memory
  disk_size = var.disk_size
  size      = var.size
}

output "machines" {
  value = { for site, web in module.web : site => web.machine }
}
