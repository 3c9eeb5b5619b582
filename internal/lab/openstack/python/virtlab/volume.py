"""cinder driver: a volume is a sparse file in a folder. It obeys metadata: see misbehave."""
import os

from oslo_config import cfg
from cinder import exception
from cinder import interface
from cinder.image import image_utils
from cinder.volume import configuration, driver
from virtlab import misbehave

OPTIONS = [cfg.StrOpt('virtlab_dir')]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)


def obey(volume, verb):
    try:
        misbehave.obey(volume.metadata, verb)
    except misbehave.Refused as e:
        raise exception.VolumeBackendAPIException(data=str(e))


@interface.volumedriver
class FileDriver(driver.VolumeDriver):
    VERSION = '1.0'
    CI_WIKI_NAME = 'none'

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTIONS)
        self.dir = self.configuration.virtlab_dir

    def do_setup(self, context):
        os.makedirs(self.dir, exist_ok=True)

    def check_for_setup_error(self):
        pass

    def _path(self, name):
        return os.path.join(self.dir, name)

    def local_path(self, volume):
        return self._path(volume['name'])

    def _copy(self, source, target):
        self._execute('cp', '--sparse=always', source, target)

    @staticmethod
    def _grow(path, gigabytes):
        with open(path, 'ab') as f:
            f.truncate(gigabytes << 30)

    @staticmethod
    def _remove(path):
        if os.path.exists(path):
            os.unlink(path)

    def create_volume(self, volume):
        obey(volume, 'create')
        self._grow(self.local_path(volume), volume['size'])

    def delete_volume(self, volume):
        obey(volume, 'delete')
        self._remove(self.local_path(volume))

    def extend_volume(self, volume, new_size):
        obey(volume, 'extend')
        self._grow(self.local_path(volume), new_size)

    def create_snapshot(self, snapshot):
        misbehave.obey(snapshot.metadata, 'create')
        self._copy(self._path(snapshot['volume_name']), self._path(snapshot['name']))

    def delete_snapshot(self, snapshot):
        misbehave.obey(snapshot.metadata, 'delete')
        self._remove(self._path(snapshot['name']))

    def revert_to_snapshot(self, context, volume, snapshot):
        self._copy(self._path(snapshot['name']), self.local_path(volume))

    def create_volume_from_snapshot(self, volume, snapshot):
        obey(volume, 'create')
        self._copy(self._path(snapshot['name']), self.local_path(volume))
        self._grow(self.local_path(volume), volume['size'])

    def create_cloned_volume(self, volume, src_vref):
        obey(volume, 'create')
        self._copy(self.local_path(src_vref), self.local_path(volume))
        self._grow(self.local_path(volume), volume['size'])

    def clone_image(self, *args, **kwargs):
        return None, False

    def copy_image_to_volume(self, context, volume, image_service, image_id, disable_sparse=False):
        obey(volume, 'create')
        path = self.local_path(volume)
        image_utils.fetch_to_raw(context, image_service, image_id, path, '1M', size=volume['size'], run_as_root=False)
        self._grow(path, volume['size'])

    def copy_volume_to_image(self, context, volume, image_service, image_meta):
        image_utils.upload_volume(context, image_service, image_meta, self.local_path(volume),
                                  run_as_root=False, volume_format='raw', store_id=None)

    def retype(self, context, volume, new_type, diff, host):
        obey(volume, 'retype')
        return True, None

    def update_migrated_volume(self, context, volume, new_volume, original_volume_status):
        return {'_name_id': new_volume['_name_id'] or new_volume['id']}

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector=None):
        pass

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector, **kwargs):
        return {'driver_volume_type': 'local',
                'data': {'device_path': self.local_path(volume), 'volume_id': volume['id'], 'discard': False}}

    def terminate_connection(self, volume, connector, **kwargs):
        pass

    def _update_volume_stats(self):
        self._stats = {
            'volume_backend_name': self.configuration.safe_get('volume_backend_name'),
            'vendor_name': 'virtlab', 'driver_version': self.VERSION, 'storage_protocol': 'file',
            'pools': [{'pool_name': 'pool', 'total_capacity_gb': 1000000, 'free_capacity_gb': 1000000,
                       'reserved_percentage': 0, 'provisioned_capacity_gb': 0,
                       'max_over_subscription_ratio': 20.0, 'thin_provisioning_support': True,
                       'thick_provisioning_support': False, 'multiattach': True, 'QoS_support': True,
                       'online_extend_support': True}]}
