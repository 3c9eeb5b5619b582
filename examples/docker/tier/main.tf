# Equal containers that belong together.

terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

variable "name" { type = string }

variable "image_id" { type = string }

variable "copies" {
  type    = number
  default = 1
}

variable "networks" {
  description = "Ids of networks, by a name."
  type        = map(string)
}

variable "volumes" {
  description = "Ids of volumes, by the path where they are mounted."
  type        = map(string)
  default     = {}
}

variable "env" {
  type    = map(string)
  default = {}
}

variable "password" {
  type      = string
  default   = null
  ephemeral = true
}

variable "memory" {
  type    = string
  default = "64MiB"
}

variable "port" {
  description = "Port of the host; without one the tier is not reached from outside."
  type        = number
  default     = null
}

resource "virt_container" "tier" {
  count          = var.copies
  name           = "${var.name}-${count.index + 1}"
  image_id       = var.image_id
  env            = var.env
  env_wo         = { PASSWORD = var.password == null ? "" : var.password }
  env_wo_version = 1
  memory         = var.memory # changes while it runs
  restart        = "on-failure"

  networks = { for key, id in var.networks : key => { network_id = id, aliases = [var.name] } }
  mounts   = { for path, id in var.volumes : trimprefix(path, "/") => { target = path, volume_id = id } }
  ports    = var.port == null ? {} : { http = { port = 8080, host_port = var.port } }

  health_check {
    command  = ["/server", "health"]
    interval = "2s"
  }

  wait_for {
    state = "healthy"
  }
}

output "names" {
  value = virt_container.tier[*].name
}

output "addresses" {
  value = virt_container.tier[*].addresses
}
