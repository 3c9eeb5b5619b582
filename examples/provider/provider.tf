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

  # A KVM host with libvirt, as virsh would reach it. Without uri: LIBVIRT_DEFAULT_URI.
  platform {
    name = "kvm1"
    libvirt {
      uri = "qemu+ssh://root@kvm1.example.net/system"
    }
    images = { debian-12 = "debian-12.qcow2" }
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
