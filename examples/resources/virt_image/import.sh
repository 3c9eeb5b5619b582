# The id is the template's instance UUID on vSphere.
terraform import virt_image.golden dc1/templates/golden-2026-11
