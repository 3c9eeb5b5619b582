"""nova's fake driver, large enough for any test. Its snapshots have bytes, and it obeys metadata: see misbehave."""
import io

from nova import exception
from nova.compute import power_state
from nova.image import glance
from nova.virt import fake
from virtlab import misbehave


class Driver(fake.FakeDriver):
    capabilities = dict(fake.FakeDriver.capabilities, supports_migrate_to_same_host=True)
    vcpus = 1000
    memory_mb = 4 << 20
    local_gb = 1 << 20

    def spawn(self, context, instance, *args, **kwargs):
        try:
            misbehave.obey(instance.metadata, 'spawn')
        except misbehave.Refused as e:
            raise exception.BuildAbortException(instance_uuid=instance.uuid, reason=str(e))
        super().spawn(context, instance, *args, **kwargs)

    def destroy(self, context, instance, *args, **kwargs):
        misbehave.obey(instance.metadata, 'delete')
        super().destroy(context, instance, *args, **kwargs)

    def power_off(self, instance, *args, **kwargs):
        misbehave.obey(instance.metadata, 'stop')
        super().power_off(instance, *args, **kwargs)

    def migrate_disk_and_power_off(self, context, instance, *args, **kwargs):
        misbehave.obey(instance.metadata, 'resize')

    def attach_volume(self, context, connection_info, instance, *args, **kwargs):
        misbehave.obey(instance.metadata, 'attach')
        super().attach_volume(context, connection_info, instance, *args, **kwargs)

    def suspend(self, context, instance):
        misbehave.obey(instance.metadata, 'suspend')
        self.instances[instance.uuid].state = power_state.SUSPENDED

    def resume(self, context, instance, *args, **kwargs):
        self.instances[instance.uuid].state = power_state.RUNNING

    def pause(self, instance):
        self.instances[instance.uuid].state = power_state.PAUSED

    def unpause(self, instance):
        self.instances[instance.uuid].state = power_state.RUNNING

    def snapshot(self, context, instance, image_id, update_task_state):
        misbehave.obey(instance.metadata, 'snapshot')
        super().snapshot(context, instance, image_id, update_task_state)
        glance.API().update(context, image_id, {'disk_format': 'raw', 'container_format': 'bare'},
                            io.BytesIO(b'\0' * 512), purge_props=False)

    def get_console_output(self, context, instance):
        return 'Booting %s\n%s login: ' % (instance.display_name, instance.hostname)
