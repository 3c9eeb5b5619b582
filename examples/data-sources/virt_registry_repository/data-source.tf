data "virt_registry_repository" "app" {
  name = "registry.example.net/app"
}

output "tags" {
  value = data.virt_registry_repository.app.image_tags
}
