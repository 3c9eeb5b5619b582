# A network of libvirt's own, with DHCP and DNS.
resource "virt_network" "app" {
  name        = "app-20"
  description = "Application tier"
  mode        = "nat"

  subnets = {
    main = {
      cidr = "192.168.120.0/24"
      dhcp = {
        first        = "192.168.120.100"
        last         = "192.168.120.199"
        reservations = { "52:54:00:00:00:10" = "192.168.120.10" }
      }
    }
  }

  libvirt { # inert on other platforms
    domain = "app.example.net"
    hosts  = { db = "192.168.120.20" }
  }
}
