# <platform>/<id or name>: the id is the name.
terraform import virt_registry_image.own dc1/registry.example.net/team/own:1.0
