"""neutron, with what it reads besides an object read by keys.

Its models ask for related rows by repeating the query as a subquery. SQLAlchemy takes most of neutron's time to make
those; one query by the keys that were found gives the same rows, but for objects that are there already when a row
beside them is read: a floating IP that was just made.
"""
import neutron.cmd.eventlet  # noqa: the first of all imports
from neutron_lib.callbacks import events, registry, resources
from sqlalchemy.orm import relationships
from virtlab import database  # noqa: for its effect

declared = relationships.RelationshipProperty.__init__


def declare(self, *args, **kwargs):
    if kwargs.get('lazy') == 'subquery':
        kwargs['lazy'] = 'selectin'
    declared(self, *args, **kwargs)


relationships.RelationshipProperty.__init__ = declare


def complete(resource, event, trigger, payload):
    """Reads what neutron asks a new floating IP for after its transaction."""
    row = payload.desired_state
    return row.port_forwardings, row.standard_attr.tags


registry.subscribe(complete, resources.FLOATING_IP, events.PRECOMMIT_CREATE)

from neutron.cmd.eventlet import server  # noqa: E402, after the above

server.main()
