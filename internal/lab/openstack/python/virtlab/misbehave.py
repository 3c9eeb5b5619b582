"""What a test asks an object's driver to do to it, by the object's metadata: virtlab:<verb> = error, hang or seconds."""
import eventlet


class Refused(Exception):
    """The driver was told to fail."""


def obey(metadata, verb):
    wish = (metadata or {}).get('virtlab:' + verb)
    if not wish:
        return
    if wish == 'error':
        raise Refused('virtlab: %s refused, as the metadata asks' % verb)
    eventlet.sleep(10 ** 6 if wish == 'hang' else float(wish))
