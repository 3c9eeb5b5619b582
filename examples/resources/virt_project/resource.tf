resource "virt_project" "shop" {
  name        = "shop"
  description = "Everything of the shop"
  tags        = { team = "shop" }

  quotas = { # by the platform's names; -1 is no limit
    cores     = "40"
    ram       = "65536"
    instances = "20"
  }
}
