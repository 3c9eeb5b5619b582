variable "password" {
  type      = string
  default   = "correct horse battery staple" # better none: terraform asks for it
  sensitive = true
  ephemeral = true
}

resource "virt_secret" "password" {
  name             = "web-password"
  value_wo         = var.password
  value_wo_version = 1
}

resource "virt_config" "site" {
  name  = "web-site"
  value = "listen = 8080"
}

resource "virt_service" "web" {
  name     = "web"
  image    = "registry.example.net/app:1.2" # every node pulls it
  replicas = 1
  memory   = "64MiB"

  ports = {
    http = { port = 8080, published = 8080, mode = "host" }
  }
  secrets = {
    password = { secret_id = virt_secret.password.version_id } # /run/secrets/password
  }
  configs = {
    site = { config_id = virt_config.site.version_id, target = "/etc/site.conf" }
  }

  health_check {
    command  = ["/server", "health"]
    interval = "2s"
  }

  update {
    parallelism    = 1
    failure_action = "rollback" # which is an error of the apply
    monitor        = "2s"
  }

  docker { # inert on other platforms
    endpoint_mode     = "dnsrr"
    restart_condition = "any"
  }
}
