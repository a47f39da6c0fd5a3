"""Logs in with a client certificate, and with nothing else. Arguments: port, authority, certificate, key."""
import ssl
import sys

import pika

port, authority, certificate, key = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.load_cert_chain(certificate, key)
connection = pika.BlockingConnection(
    pika.ConnectionParameters(
        host='localhost',
        port=int(port),
        ssl_options=pika.SSLOptions(context, 'localhost'),
        credentials=pika.credentials.ExternalCredentials(),
    )
)
channel = connection.channel()
channel.confirm_delivery()
channel.queue_declare(queue='encrypted')
body = b'x' * 1_000_000
channel.basic_publish(exchange='', routing_key='encrypted', body=body)
method, properties, got = channel.basic_get(queue='encrypted', auto_ack=True)
print('the same' if got == body else 'another one')
connection.close()
