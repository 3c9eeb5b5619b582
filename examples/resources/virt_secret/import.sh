# <platform>/<id or name>: the id is the name, whatever version is the current one.
terraform import virt_secret.password dc1/web-password
