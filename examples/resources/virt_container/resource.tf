resource "virt_container_image" "app" {
  name = "registry.example.net/app:1.2"
}

resource "virt_network" "web" {
  name    = "web"
  subnets = { main = { cidr = "10.86.0.0/24" } }
}

resource "virt_volume" "data" {
  name = "web-data" # outlives the container
}

resource "virt_container" "web" {
  name     = "web"
  image_id = virt_container_image.app.id # another image is another container
  env      = { MODE = "production" }     # what the image sets besides stays
  cpus     = 0.5
  memory   = "64MiB"
  restart  = "unless-stopped"

  ports = {
    http = { port = 8080, host_port = 8080 }
  }
  mounts = {
    data    = { target = "/data", volume_id = virt_volume.data.id }
    scratch = { target = "/scratch", size = "16MiB" } # memory
  }
  networks = {
    web = { network_id = virt_network.web.id, aliases = ["www"] }
  }

  health_check {
    command  = ["/server", "health"]
    interval = "2s"
  }

  wait_for {
    state = "healthy"
  }

  docker { # inert on other platforms
    read_only = true
    cap_drop  = ["ALL"]
  }
}
