"""cinder-scheduler, -volume, -backup and -api in one process that calls itself: no message queue."""
import logging as python_logging
import sys
import eventlet
eventlet.monkey_patch()
import __original_module_threading as original_threading  # as cinder's own programs do, for the fork in oslo.service
import threading
original_threading.current_thread.__globals__['_active'] = threading._active
import os_brick
from oslo_config import cfg
from oslo_log import log as logging
from oslo_privsep import priv_context
from oslo_service import service as oservice
from cinder.common import config, constants
from cinder import context, coordination, objects, rpc, service, version
from cinder.scheduler import rpcapi as scheduler
from cinder.volume import rpcapi as volume
from virtlab import database  # noqa: for its effect

CONF = cfg.CONF


def report():
    """Has the back ends tell the scheduler what they have, until it knows: they say it once, and it may not listen yet."""
    ctx = context.get_admin_context()
    while not scheduler.SchedulerAPI().get_pools(ctx, filters={}):
        volume.VolumeAPI().publish_service_capabilities(ctx)
        eventlet.sleep(0.5)


CONF.register_cli_opt(cfg.StrOpt('backend_host'))
objects.register_all()
CONF(sys.argv[1:], project='cinder', version=version.version_string())
config.set_middleware_defaults()
logging.setup(CONF, 'cinder')
python_logging.captureWarnings(True)
priv_context.init(root_helper=['sudo', '-n'])
os_brick.setup(CONF)
coordination.COORDINATOR.start()
rpc.init(CONF)
launcher = oservice.ServiceLauncher(CONF, restart_method='mutate')
launcher.launch_service(service.Service.create(binary=constants.SCHEDULER_BINARY))
for backend in CONF.enabled_backends:
    CONF.register_opt(cfg.StrOpt('backend_host'), group=backend)
    launcher.launch_service(service.Service.create(
        host='%s@%s' % (CONF.host, backend), service_name=backend, binary=constants.VOLUME_BINARY, coordination=True))
launcher.launch_service(service.Service.create(binary=constants.BACKUP_BINARY, coordination=True))
launcher.launch_service(service.WSGIService('osapi_volume'))
eventlet.spawn(report)
launcher.wait()
