# Several matches are an error that lists them, unless the newest is asked for.
data "virt_image" "os" {
  name        = "debian-12"
  most_recent = true
}
