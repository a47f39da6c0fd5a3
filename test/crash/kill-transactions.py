"""Transactions of the kill test: commits groups of messages over several queues, and keeps a ledger of what was answered.

    kill-transactions.py URL,URL... SEED LEDGER QUEUE...

When a broker does not answer, or the connection breaks, it goes on with the next URL.
"""

import itertools
import os
import random
import signal
import sys
import time

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException

urls, seed, ledger_path, queues = sys.argv[1].split(","), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
HANDSHAKE_SECONDS = 5
dice = random.Random(seed)
ledger = os.open(ledger_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
stopping = False
group_count = 0


def stop(*_):
    global stopping
    stopping = True


def note(*words):
    os.write(ledger, (" ".join(map(str, words)) + "\n").encode())


def body_of(message_id, size):
    return ((message_id + ":") * (size // (len(message_id) + 1) + 1)).encode()


def commit_groups(channel):
    global group_count
    channel.tx_select()
    persistent = pika.BasicProperties(delivery_mode=2)
    while not stopping:
        group_count += 1
        group = f"x{group_count}"
        size = dice.randint(1, 6)
        note("began", group, size)
        for index in range(size):
            queue = queues[(group_count + index) % len(queues)]
            body = body_of(f"{group}.{index}", dice.randint(10, 2000))
            channel.basic_publish("", queue, body, persistent)
        channel.tx_commit()
        note("committed", group)
        time.sleep(0.002)


signal.signal(signal.SIGTERM, stop)
brokers = itertools.cycle(urls)
while not stopping:
    try:
        parameters = pika.URLParameters(next(brokers))
        parameters.stack_timeout = HANDSHAKE_SECONDS
        connection = pika.BlockingConnection(parameters)
        commit_groups(connection.channel())
        connection.close()
    except (pika.exceptions.AMQPError, AMQPConnectorException, OSError):
        time.sleep(0.015)  # the broker is away
