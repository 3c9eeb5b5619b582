# What the tag means now. With its digest a pull is repeatable.
data "virt_registry_image" "own" {
  name = "registry.example.net/team/own:1.0"
}

output "digest" {
  value = data.virt_registry_image.own.digest
}
