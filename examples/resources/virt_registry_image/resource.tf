resource "virt_container_image" "own" {
  name = "own:1.0"

  build {
    context = "${path.module}/app"
  }
}

# Pushed when the image changes, and when somebody else pushed another one.
resource "virt_registry_image" "own" {
  name     = "registry.example.net/team/own:1.0"
  image_id = virt_container_image.own.id
}
