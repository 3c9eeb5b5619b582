data "virt_container_image" "own" {
  name = "own:1.0"
}
