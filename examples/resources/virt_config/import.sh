# <platform>/<id or name>: the id is the name, whatever version is the current one.
terraform import virt_config.site dc1/web-site
