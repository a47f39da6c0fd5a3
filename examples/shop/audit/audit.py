#!/usr/bin/env python3
"""Keeps the books of the shop, as a program that knows nothing of Leveret: any AMQP client can join.

It binds a queue of its own to the events that it wants, writes each as a line of JSON, and acknowledges what is on the disk.
A message that comes again after a crash has the same message id, and is written once. On SIGTERM it prints what it counted.

    audit.py amqp://guest:guest@localhost:5672/%2f tally.jsonl
"""

import json
import os
import signal
import sys

import pika

QUEUE = "audit.in"
EVENTS = ["orders.changed", "payments.taken", "payments.cancelled"]


class Tally:
    """The lines that were written, and what they add up to."""

    def __init__(self, path):
        self.seen = set()
        self.statuses = {}
        self.taken_cents = 0
        self.refunded_cents = 0
        self.file = open(path, "a+", encoding="utf-8")
        self.file.seek(0)
        for line in self.file:
            if line.endswith("\n"):
                self.count(json.loads(line))
            else:
                # a crash cut it, before its message was acknowledged
                os.truncate(path, os.path.getsize(path) - len(line.encode()))

    def write(self, entry):
        if entry["messageId"] in self.seen:
            return
        self.file.write(json.dumps(entry) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.count(entry)

    def count(self, entry):
        self.seen.add(entry["messageId"])
        payload = entry["payload"]
        if entry["type"] == "orders.changed":
            self.statuses[payload["status"]] = self.statuses.get(payload["status"], 0) + 1
        elif entry["type"] == "payments.taken":
            self.taken_cents += payload["amountCents"]
        elif entry["type"] == "payments.cancelled":
            self.refunded_cents += payload["refundedCents"]

    def summary(self):
        return {
            "messages": len(self.seen),
            "statuses": self.statuses,
            "takenCents": self.taken_cents,
            "refundedCents": self.refunded_cents,
        }


def main(url, path):
    tally = Tally(path)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    for name in EVENTS:
        # the publisher declares it the same way: whoever comes first makes it
        channel.exchange_declare(name, exchange_type="topic", durable=True)
        channel.queue_bind(QUEUE, name, routing_key="#")

    def on_message(channel, method, properties, body):
        tally.write(
            {"messageId": properties.message_id, "type": properties.type, "payload": json.loads(body)}
        )
        channel.basic_ack(method.delivery_tag)

    def stop(_signal, _frame):
        connection.add_callback_threadsafe(channel.stop_consuming)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.basic_qos(prefetch_count=100)
    channel.basic_consume(QUEUE, on_message)
    print(json.dumps({"ready": QUEUE}), flush=True)
    channel.start_consuming()
    connection.close()
    print(json.dumps(tally.summary()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
