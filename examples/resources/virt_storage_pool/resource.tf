resource "virt_storage_pool" "images" {
  name = "images"
  type = "dir"
  path = "/srv/images"

  libvirt { # counts on libvirt and is inert elsewhere
    autostart = true
  }
}
