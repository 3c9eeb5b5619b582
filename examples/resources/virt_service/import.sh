# <platform>/<id or name>: the id is that of the service.
terraform import virt_service.web dc1/j5kc1x2ha9gq3v8o7m6n5b4d3
terraform import virt_service.web dc1/web
