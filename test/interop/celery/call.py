"""Calls the tasks and prints their results line by line: call.py all, or call.py one."""

import sys
import time
from datetime import datetime, timedelta, timezone

from celery import chain, group
from tasks import add, app, fail, succeed_on_third_try

TIMEOUT = 20

if sys.argv[1] == 'one':
    print('add', add.delay(20, 22).get(timeout=TIMEOUT))
    sys.exit(0)

print('add', add.delay(2, 3).get(timeout=TIMEOUT))
print('ping', [list(reply.values())[0] for reply in app.control.ping(timeout=3)])
print('retries', succeed_on_third_try.delay().get(timeout=TIMEOUT))
try:
    fail.delay().get(timeout=TIMEOUT)
except ValueError as error:
    print('fail', error)
started = time.monotonic()
eta = datetime.now(timezone.utc) + timedelta(seconds=1)
result = add.apply_async((1, 1), eta=eta).get(timeout=TIMEOUT)
print('eta', result, 'not early' if time.monotonic() - started >= 0.9 else 'early')
print('chain', chain(add.s(1, 2), add.s(3), add.s(4))().get(timeout=TIMEOUT))
print('group', group(add.s(i, i) for i in range(20))().get(timeout=TIMEOUT))
print('expired', add.apply_async((1, 1), expires=60).get(timeout=TIMEOUT))
