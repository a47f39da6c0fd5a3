"""What applications do with kombu, printed line by line: features.py URL FEATURE."""

import socket
import sys
import time

from kombu import Connection, Consumer, Exchange, Producer, Queue
from kombu.mixins import ConsumerMixin
from kombu.pools import producers

URL = sys.argv[1].replace('amqp://', 'pyamqp://')


def simple_queue():
    with Connection(URL) as connection:
        with connection.SimpleQueue('kombu-simple') as queue:
            for number in range(3):
                queue.put({'number': number}, serializer='json', compression='zlib')
            for _ in range(3):
                message = queue.get(timeout=10)
                print('got', message.payload)
                message.ack()
            try:
                queue.get(block=False)
            except queue.Empty:
                print('empty')
        print('left', connection.default_channel.queue_delete('kombu-simple'))


def work():
    """Publisher confirms, a consumer with a prefetch count, requeue and reject."""
    exchange = Exchange('kombu-tasks', type='direct', durable=True)
    queue = Queue('kombu-tasks', exchange, routing_key='task')
    seen = []

    def on_message(body, message):
        seen.append(body)
        redelivered = message.delivery_info['redelivered']
        if body == 'requeue' and not redelivered:
            message.requeue()
        elif body == 'reject':
            message.reject()
        else:
            message.ack()
        print(body, 'again' if redelivered else 'first')

    with Connection(URL, transport_options={'confirm_publish': True}) as connection:
        with producers[connection].acquire(block=True) as producer:
            for body in ('one', 'requeue', 'reject', 'two'):
                producer.publish(body, exchange=exchange, routing_key='task', declare=[queue], retry=True)
        with Consumer(connection, queue, callbacks=[on_message], prefetch_count=1):
            while len(seen) < 5:
                connection.drain_events(timeout=10)
        print('left', queue(connection).queue_declare(passive=True).message_count)
        queue(connection).delete()
        exchange(connection).delete()


def pubsub():
    exchange = Exchange('kombu-news', type='topic', durable=False, auto_delete=True)
    subscriptions = {
        'all': Queue('', exchange, routing_key='#', exclusive=True),
        'sport': Queue('', exchange, routing_key='news.sport.*', exclusive=True),
    }
    received = []
    with Connection(URL) as connection:
        consumers = []
        for name, queue in subscriptions.items():
            channel = connection.channel()

            def on_message(body, message, name=name):
                received.append((name, message.delivery_info['routing_key'], body))

            consumer = Consumer(channel, queue, callbacks=[on_message], no_ack=True)
            consumer.consume()
            consumers.append(consumer)
        with Connection(URL) as other:
            producer = Producer(other.channel(), exchange)
            producer.publish({'title': 'rain'}, routing_key='news.weather')
            producer.publish({'title': 'goal'}, routing_key='news.sport.football')
        while len(received) < 3:
            connection.drain_events(timeout=10)
    for line in sorted(received, key=str):
        print(*line)


def heartbeats():
    """Twice the interval and more passes with heartbeats in both directions as all traffic."""
    with Connection(URL, heartbeat=2) as connection:
        connection.connect()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            connection.heartbeat_check(rate=2)
            try:
                connection.drain_events(timeout=0.25)
            except socket.timeout:
                continue
        print('heartbeat', connection.get_heartbeat_interval(), 'connected', connection.connected)


class Worker(ConsumerMixin):
    def __init__(self, connection):
        self.connection = connection
        self.connect_max_retries = 100

    def get_consumers(self, consumer, channel):
        return [consumer([Queue('kombu-worker', durable=True)], callbacks=[self.on_task], accept=['text/plain'])]

    def on_consume_ready(self, *_args, **_kwargs):
        print('consuming')

    def on_connection_revived(self):
        print('connected')

    def on_task(self, body, message):
        message.ack()
        print('received', body)
        if body == 'stop':
            self.should_stop = True


def worker():
    with Connection(URL, transport_options={'interval_start': 0, 'interval_step': 0.1}) as connection:
        Worker(connection).run()


globals()[sys.argv[2]]()
