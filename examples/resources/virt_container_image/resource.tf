# Pulled. What the tag means by then is kept; digest pins it.
resource "virt_container_image" "app" {
  name = "registry.example.net/app:1.2"
  keep = true # destroying leaves it on the engine
}

# Built, and built anew when the folder, the Dockerfile or the arguments change.
resource "virt_container_image" "own" {
  name       = "own:1.0"
  references = ["own:latest"]

  build {
    context = "${path.module}/app"
    args    = { VERSION = "1.0" }
  }
}
