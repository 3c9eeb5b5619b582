terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

provider "virt" {
  default_tags = { owner = "web" }

  # A vCenter. What is left out comes from VSPHERE_SERVER, VSPHERE_USER and VSPHERE_PASSWORD.
  platform {
    name = "dc1"
    vsphere {
      datacenter = "DC0"
      cluster    = "C0"
      datastore  = "ds0"
    }
    images = { debian-12 = "templates/debian-12" }
  }

  # A directory that behaves like a vCenter, for learning and for tests of modules.
  platform {
    name = "lab"
    sandbox {
      dir  = ".sandbox"
      like = "vsphere"
      seed = ["image:debian-12", "network:app"]
    }
  }
}
