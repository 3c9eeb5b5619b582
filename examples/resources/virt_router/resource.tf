data "virt_network" "outside" {
  name = "public"
}

resource "virt_network" "app" {
  name    = "app-30"
  subnets = { main = { cidr = "10.30.0.0/24" } }
}

resource "virt_router" "edge" {
  name                = "edge"
  description         = "Way out of the application tier"
  external_network_id = data.virt_network.outside.id
  tags                = { tier = "edge" }

  interfaces = {
    app = { subnet_id = virt_network.app.subnets.main.id } # with the address of the subnet's gateway
  }
  routes = {
    office = { cidr = "10.90.0.0/16", next_hop = "10.30.0.9" }
  }

  openstack { # inert on other platforms
    admin_state = true
  }
}
