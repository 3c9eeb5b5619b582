import {
  to = virt_service.web
  identity = {
    platform = "dc1"
    id       = "j5kc1x2ha9gq3v8o7m6n5b4d3"
  }
}
