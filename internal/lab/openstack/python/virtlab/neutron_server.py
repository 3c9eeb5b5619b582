"""neutron, with what it reads besides an object read by keys.

Its models ask for related rows by repeating the query as a subquery. SQLAlchemy takes most of neutron's time to make
those; one query by the keys that were found gives the same rows. But that does not reach an object that was just made
and is read again: what neutron wants of those after their transaction comes with the row itself, by a join.
"""
import neutron.cmd.eventlet  # noqa: the first of all imports
from sqlalchemy.orm import relationships
from virtlab import database  # noqa: for its effect

declared = relationships.RelationshipProperty.__init__


def declare(self, target, *args, **kwargs):
    if kwargs.get('lazy') == 'subquery':
        name = target if isinstance(target, str) else getattr(getattr(target, 'class_', target), '__name__', '')
        kwargs['lazy'] = 'joined' if name in ('Tag', 'PortForwarding') else 'selectin'
    declared(self, target, *args, **kwargs)


relationships.RelationshipProperty.__init__ = declare

from neutron.cmd.eventlet import server  # noqa: E402, after the above

server.main()
