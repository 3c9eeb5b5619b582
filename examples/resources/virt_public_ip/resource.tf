data "virt_image" "os" {
  name = "debian-12"
}

data "virt_network" "outside" {
  name = "public"
}

resource "virt_network" "app" {
  name    = "app-30"
  subnets = { main = { cidr = "10.30.0.0/24" } }
}

resource "virt_router" "edge" {
  name                = "edge"
  external_network_id = data.virt_network.outside.id
  interfaces          = { app = { subnet_id = virt_network.app.subnets.main.id } }
}

resource "virt_machine" "web" {
  name     = "web-1"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id
  nics     = { eth0 = { network_id = virt_network.app.id } }
}

resource "virt_public_ip" "web" {
  name       = "web"
  network_id = data.virt_network.outside.id
  nic_id     = virt_machine.web.nics.eth0.id
  tags       = { role = "web" }
  depends_on = [virt_router.edge] # the way in leads through it
}
