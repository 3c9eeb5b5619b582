variable "password" {
  type      = string
  default   = "correct horse battery staple" # better none: terraform asks for it
  sensitive = true
  ephemeral = true
}

resource "virt_secret" "password" {
  name             = "web-password"
  value_wo         = var.password # never stored
  value_wo_version = 1            # another number says that it is another one
}
