data "virt_image" "os" {
  name = "debian-12"
}

data "virt_network" "app" {
  name = "app"
}

resource "virt_firewall" "web" {
  name        = "web"
  description = "Web servers"
  tags        = { role = "web" }

  rules = {
    https   = { direction = "ingress", protocol = "tcp", ports = "443" }
    ping    = { direction = "ingress", protocol = "icmp", ports = "8", cidr = "10.0.0.0/8" }
    cluster = { direction = "ingress", protocol = "tcp", ports = "7000-7010", self = true }
    dns     = { direction = "egress", protocol = "udp", ports = "53", description = "Name servers" }
  }

  openstack { # inert on other platforms
    default_egress = true
  }
}

resource "virt_machine" "web" {
  name     = "web-1"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id

  nics = {
    eth0 = { network_id = data.virt_network.app.id, firewall_ids = [virt_firewall.web.id] }
  }
}
