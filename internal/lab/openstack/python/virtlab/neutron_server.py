"""neutron, with what it reads besides an object read by keys.

Its models ask for related rows by repeating the query as a subquery. SQLAlchemy takes most of neutron's time to make
those; one query by the keys that were found gives the same rows.
"""
import neutron.cmd.eventlet  # noqa: the first of all imports
from sqlalchemy.orm import relationships

declared = relationships.RelationshipProperty.__init__


def declare(self, *args, **kwargs):
    if kwargs.get('lazy') == 'subquery':
        kwargs['lazy'] = 'selectin'
    declared(self, *args, **kwargs)


relationships.RelationshipProperty.__init__ = declare

from neutron.cmd.eventlet import server  # noqa: E402, after the above

server.main()
