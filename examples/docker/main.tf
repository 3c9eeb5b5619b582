terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

provider "virt" {
  platform {
    name = "engine"
    docker {} # DOCKER_HOST, else the docker tool's current context, else the local socket
  }
}

# One image for every tier, built from a folder. It is built anew when what is in there changes.
resource "virt_container_image" "app" {
  name = "shop:1.0"

  build {
    context = "${path.module}/app"
  }
}

resource "virt_network" "front" {
  name = "shop-front"
}

# No way out, and none in.
resource "virt_network" "back" {
  name    = "shop-back"
  mode    = "isolated"
  subnets = { main = { cidr = "10.77.0.0/24" } }
}

# The data outlives every container.
resource "virt_volume" "data" {
  name = "shop-data"
}

variable "password" {
  description = "Of the database. Write-only, but who may look into the engine sees it there."
  type        = string
  default     = "correct horse battery staple"
  sensitive   = true
  ephemeral   = true
}

module "db" {
  source   = "./tier"
  name     = "shop-db"
  image_id = virt_container_image.app.id
  networks = { back = virt_network.back.id }
  volumes  = { "/data" = virt_volume.data.id }
  memory   = "128MiB"
  password = var.password
}

module "api" {
  source   = "./tier"
  name     = "shop-api"
  copies   = var.api_copies
  image_id = virt_container_image.app.id
  networks = { front = virt_network.front.id, back = virt_network.back.id }
  env      = { DATABASE = module.db.names[0] }
  password = var.password
}

module "web" {
  source   = "./tier"
  name     = "shop-web"
  image_id = virt_container_image.app.id
  networks = { front = virt_network.front.id }
  env      = { BACKENDS = join(",", module.api.names) }
  port     = var.port
}

variable "api_copies" {
  type    = number
  default = 2
}

variable "port" {
  description = "Port of the host under which the shop is reached."
  type        = number
  default     = 8080
}

output "addresses" {
  value = { db = module.db.addresses, api = module.api.addresses, web = module.web.addresses }
}
