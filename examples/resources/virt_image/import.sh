# <platform>/<id, name or path>: the id is the template's instance UUID on vSphere.
terraform import virt_image.golden dc1/golden-2026-11
