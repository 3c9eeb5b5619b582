# A bridge of the engine's own; isolated, overlay, macvlan and ipvlan are other modes.
resource "virt_network" "app" {
  name = "app-20"
  mode = "nat"
  tags = { tier = "app" }

  subnets = {
    main = {
      cidr    = "10.87.0.0/24"
      gateway = "10.87.0.1"
    }
  }

  docker { # inert on other platforms
    options = { "com.docker.network.bridge.name" = "app20" }
  }
}
