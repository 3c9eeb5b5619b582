"""nova-api, -conductor, -scheduler and -compute in one process that calls itself: no message queue."""
import os
import sys
import nova.monkey_patch  # noqa: the first of all imports
import nova.virt
nova.virt.__path__.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # drivers are looked up there
import eventlet
import os_vif
from oslo_log import log as logging
from oslo_service import service as oservice
import nova.conf
from nova import config, context, exception, objects, service
from nova.compute import rpcapi as compute
from nova.conductor import rpcapi as conductor
from nova.objects import host_mapping
from nova.scheduler import rpcapi as scheduler
from virtlab import database, neighbour  # noqa: the database is for its effect

CONF = nova.conf.CONF


def map_host():
    """Waits until our compute host is known to its cell."""
    ctx = context.get_admin_context()
    while True:
        try:
            host_mapping.HostMapping.get_by_host(ctx, CONF.host)
            return
        except exception.HostMappingNotFound:
            host_mapping.discover_hosts(ctx)
            eventlet.sleep(0.2)


config.parse_args(sys.argv)
logging.setup(CONF, 'nova')
objects.register_all()
os_vif.initialize()
neighbour.wait(eventlet)  # conductor and compute ask placement once, at their start
launcher = oservice.ServiceLauncher(CONF, restart_method='mutate')
for binary, topic in (('nova-conductor', conductor.RPC_TOPIC), ('nova-scheduler', scheduler.RPC_TOPIC)):
    launcher.launch_service(service.Service.create(binary=binary, topic=topic))
api = service.WSGIService('osapi_compute')
launcher.launch_service(service.Service.create(binary='nova-compute', topic=compute.RPC_TOPIC))
map_host()
launcher.launch_service(api)
launcher.wait()
