"""What applications do with pika, printed line by line: features.py URL FEATURE."""

import sys
import threading

import pika
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker, NackError, UnroutableError

URL = sys.argv[1]


def connect(url=URL):
    return pika.BlockingConnection(pika.URLParameters(url))


def confirms():
    connection = connect()
    channel = connection.channel()
    channel.confirm_delivery()
    queue = channel.queue_declare('', exclusive=True, arguments={'x-max-length': 2, 'x-overflow': 'reject-publish'})
    name = queue.method.queue
    for body in ('one', 'two', 'three'):
        try:
            channel.basic_publish('', name, body, pika.BasicProperties(delivery_mode=2))
            print(body, 'confirmed')
        except NackError:
            print(body, 'nacked')
    print('messages', channel.queue_declare(name, passive=True).method.message_count)
    connection.close()


def unroutable():
    connection = connect()
    channel = connection.channel()
    channel.confirm_delivery()
    try:
        channel.basic_publish('', 'pika-nowhere', 'lost', mandatory=True)
    except UnroutableError as error:
        returned = error.messages[0]
        print('returned', returned.method.reply_code, returned.method.reply_text, returned.body)
    channel.basic_publish('', 'pika-nowhere', 'lost')
    print('not mandatory: confirmed')
    connection.close()


def prefetch():
    connection = connect()
    channel = connection.channel()
    name = channel.queue_declare('', exclusive=True).method.queue
    for number in range(10):
        channel.basic_publish('', name, str(number))
    channel.basic_qos(prefetch_count=3)
    seen = []
    channel.basic_consume(name, lambda _channel, method, _properties, body: seen.append((method, body)))
    while len(seen) < 3:
        connection.process_data_events(time_limit=1)
    channel.queue_declare(name, passive=True)
    print('unacked', [body.decode() for _, body in seen])
    channel.basic_ack(seen[2][0].delivery_tag, multiple=True)
    while len(seen) < 6:
        connection.process_data_events(time_limit=1)
    channel.basic_nack(seen[5][0].delivery_tag, multiple=True, requeue=True)
    while len(seen) < 9:
        connection.process_data_events(time_limit=1)
    print('again', [(body.decode(), method.redelivered) for method, body in seen[6:]])
    connection.close()


def generator():
    connection = connect()
    channel = connection.channel()
    name = channel.queue_declare('', exclusive=True).method.queue
    for number in range(5):
        channel.basic_publish('', name, str(number))
    for method, _properties, body in channel.consume(name, inactivity_timeout=10):
        print('consumed', body.decode())
        channel.basic_ack(method.delivery_tag)
        if method.delivery_tag == 3:
            break
    channel.cancel()
    print('left', channel.queue_declare(name, passive=True).method.message_count)
    connection.close()


def rpc():
    """Direct reply-to, with the server in a thread and a connection of its own."""
    ready = threading.Event()

    def serve():
        connection = connect()
        channel = connection.channel()
        channel.queue_declare('pika-rpc', auto_delete=True)

        def answer(_channel, method, properties, body):
            channel.basic_publish(
                '',
                properties.reply_to,
                str(int(body) ** 2),
                pika.BasicProperties(correlation_id=properties.correlation_id),
            )
            channel.basic_ack(method.delivery_tag)
            if properties.correlation_id == '3':
                channel.stop_consuming()

        channel.basic_consume('pika-rpc', answer)
        ready.set()
        channel.start_consuming()
        connection.close()

    server = threading.Thread(target=serve)
    server.start()
    ready.wait(10)
    connection = connect()
    channel = connection.channel()
    replies = []
    channel.basic_consume(
        'amq.rabbitmq.reply-to',
        lambda _channel, _method, properties, body: replies.append((properties.correlation_id, body.decode())),
        auto_ack=True,
    )
    for number in (1, 2, 3):
        properties = pika.BasicProperties(reply_to='amq.rabbitmq.reply-to', correlation_id=str(number))
        channel.basic_publish('', 'pika-rpc', str(number), properties)
    while len(replies) < 3:
        connection.process_data_events(time_limit=1)
    print('replies', replies)
    server.join()
    connection.close()


def transactions():
    connection = connect()
    channel = connection.channel()
    name = channel.queue_declare('', exclusive=True).method.queue
    channel.tx_select()
    channel.basic_publish('', name, 'rolled back')
    channel.tx_rollback()
    channel.basic_publish('', name, 'committed')
    print('before commit', channel.queue_declare(name, passive=True).method.message_count)
    channel.tx_commit()
    print('after commit', channel.queue_declare(name, passive=True).method.message_count)
    method, _properties, body = channel.basic_get(name)
    channel.basic_ack(method.delivery_tag)
    channel.tx_rollback()
    channel.basic_ack(method.delivery_tag)
    channel.tx_commit()
    print(body.decode(), 'acked; left', channel.queue_declare(name, passive=True).method.message_count)
    connection.close()


def exchanges():
    connection = connect()
    channel = connection.channel()
    channel.confirm_delivery()
    cases = [
        ('direct', 'error', None, [('error', None), ('warning', None)]),
        ('fanout', '', None, [('error', None), ('warning', None)]),
        ('topic', '*.critical.#', None, [('kernel.critical', None), ('kernel.critical.disk', None), ('kernel', None)]),
        (
            'headers',
            '',
            {'x-match': 'all', 'format': 'pdf', 'pages': 3},
            [('', {'format': 'pdf', 'pages': 3}), ('', {'format': 'pdf'})],
        ),
    ]
    for kind, binding_key, arguments, published in cases:
        exchange = 'pika-' + kind
        channel.exchange_declare(exchange, exchange_type=kind)
        name = channel.queue_declare('', exclusive=True).method.queue
        channel.queue_bind(name, exchange, binding_key, arguments)
        for key, headers in published:
            channel.basic_publish(exchange, key, key or str(headers), pika.BasicProperties(headers=headers))
        bodies = []
        while True:
            method, _properties, body = channel.basic_get(name, auto_ack=True)
            if method is None:
                break
            bodies.append(body.decode())
        print(kind, bodies)
        channel.queue_unbind(name, exchange, binding_key, arguments)
        channel.exchange_delete(exchange, if_unused=True)
    connection.close()


def priorities():
    connection = connect()
    channel = connection.channel()
    channel.confirm_delivery()
    name = channel.queue_declare('', exclusive=True, arguments={'x-max-priority': 10}).method.queue
    for priority in (1, 9, None, 5, 9, 200):
        properties = pika.BasicProperties(priority=priority)
        channel.basic_publish('', name, str(priority), properties)
    bodies = [channel.basic_get(name, auto_ack=True)[2].decode() for _ in range(6)]
    print('order', bodies)
    connection.close()


def dead_letters():
    connection = connect()
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare('pika-dead', 'fanout', auto_delete=True)
    dead = channel.queue_declare('', exclusive=True).method.queue
    channel.queue_bind(dead, 'pika-dead')
    arguments = {'x-message-ttl': 50, 'x-dead-letter-exchange': 'pika-dead', 'x-dead-letter-routing-key': 'late'}
    channel.queue_declare('pika-short-lived', exclusive=True, arguments=arguments)
    channel.basic_publish('', 'pika-short-lived', 'expired', pika.BasicProperties(headers={'mine': 1}))
    for method, properties, body in channel.consume(dead, auto_ack=True, inactivity_timeout=10):
        death = properties.headers['x-death'][0]
        print(body.decode(), method.routing_key, properties.headers['mine'])
        print(death['count'], death['reason'], death['queue'], death['exchange'], death['routing-keys'])
        break
    connection.close()


def errors():
    connection = connect()
    connection.channel().queue_declare('pika-exclusive', exclusive=True)
    other = connect()
    attempts = [
        lambda channel: channel.queue_declare('pika-absent', passive=True),
        lambda channel: channel.queue_declare('pika-exclusive', passive=True),
        lambda channel: channel.queue_declare('amq.mine'),
        lambda channel: channel.queue_declare('pika-bad', arguments={'x-message-ttl': -1}),
        lambda channel: channel.basic_publish('pika-absent', '', '') or channel.queue_declare('pika-late'),
        lambda channel: channel.basic_ack(7) or channel.queue_declare('pika-late'),
    ]
    for attempt in attempts:
        try:
            attempt(other.channel())
            print('no error')
        except ChannelClosedByBroker as error:
            print(error.reply_code, error.reply_text)
    other.close()
    print('connection', 'open' if connection.is_open else 'closed')
    connection.close()


def refused():
    from pika.exceptions import ProbableAccessDeniedError, ProbableAuthenticationError

    for url in (URL.replace('guest:guest', 'guest:wrong'), URL + '/no-such-vhost'):
        try:
            connect(url).close()
            print('no error')
        except (ProbableAccessDeniedError, ProbableAuthenticationError, ConnectionClosedByBroker) as error:
            print(type(error).__name__)


def cancelled():
    connection = connect()
    channel = connection.channel()
    channel.queue_declare('pika-deleted')
    channel.add_on_cancel_callback(lambda frame: print('cancelled', frame.method.consumer_tag))
    channel.basic_consume('pika-deleted', lambda *_: None, consumer_tag='my-consumer')
    other = connect()
    other.channel().queue_delete('pika-deleted')
    other.close()
    connection.process_data_events(time_limit=1)
    connection.close()


def reconnects():
    """Consumes until the line `stop` arrives, over as many connections as that takes."""
    while True:
        try:
            connection = connect()
            channel = connection.channel()
            channel.queue_declare('pika-reconnects', durable=True)
            print('consuming')
            for method, _properties, body in channel.consume('pika-reconnects'):
                channel.basic_ack(method.delivery_tag)
                print('received', body.decode())
                if body == b'stop':
                    connection.close()
                    return
        except ConnectionClosedByBroker as error:
            print('closed by the broker', error.reply_code)
        except pika.exceptions.AMQPConnectionError:
            threading.Event().wait(0.1)


globals()[sys.argv[2]]()
