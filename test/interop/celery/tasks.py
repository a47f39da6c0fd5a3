"""A Celery application: a few tasks, results over RPC (a reply queue per caller)."""

import os

from celery import Celery

app = Celery('tasks', broker=os.environ['LEVERET_TEST_URL'].replace('amqp://', 'pyamqp://'), backend='rpc://')
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=2,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=100,
    broker_transport_options={'confirm_publish': True},
)


@app.task
def add(x, y):
    return x + y


@app.task(bind=True, max_retries=3)
def succeed_on_third_try(self):
    tries = self.request.retries + 1
    if tries < 3:
        raise self.retry(countdown=0.1)
    return tries


@app.task
def fail():
    raise ValueError('no such luck')
