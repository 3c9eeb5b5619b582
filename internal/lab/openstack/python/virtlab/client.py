"""The openstack client as a server.

A request is a line of JSON, {"id", "args", "env"}, and so is an answer, {"id", "code", "out", "err"}. The client is imported once, and every request runs in a fork of its own.
"""
import io
import json
import os
import sys
import threading

sys.argv = ['openstack']  # what the tool calls itself, found out when it is imported
from openstackclient import shell
import openstackclient.common.clientmanager  # noqa: imported late by the shell
import openstackclient.compute.client  # noqa
import openstackclient.identity.client  # noqa
import openstackclient.image.client  # noqa
import openstackclient.network.client  # noqa
import openstackclient.volume.client  # noqa


def child(request, out, err):
    """Runs a request in the forked process, and never returns."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, 'wb', closefd=False), encoding='utf-8', write_through=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, 'wb', closefd=False), encoding='utf-8', write_through=True)
        os.environ.clear()
        os.environ.update(request['env'])
        code = shell.main(request['args'])
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else int(e.code is not None)
    except BaseException:
        import traceback
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def drain(fd, into):
    with os.fdopen(fd, 'rb') as f:
        into.append(f.read().decode('utf-8', 'replace'))


def serve(answers):
    lock = threading.Lock()
    for line in sys.stdin:
        request = json.loads(line)
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(request, out_end, err_end)
        os.close(out_end)
        os.close(err_end)
        threading.Thread(target=collect, args=(request['id'], pid, out, err, answers, lock)).start()


def collect(number, pid, out, err, answers, lock):
    wrote, complained = [], []
    aside = threading.Thread(target=drain, args=(err, complained))
    aside.start()
    drain(out, wrote)
    aside.join()
    _, status = os.waitpid(pid, 0)
    answer = {'id': number, 'code': os.waitstatus_to_exitcode(status), 'out': wrote[0], 'err': complained[0]}
    with lock:
        answers.write(json.dumps(answer) + '\n')
        answers.flush()


if __name__ == '__main__':
    serve(os.fdopen(os.dup(1), 'w'))
