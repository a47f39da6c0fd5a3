"""Lets scripts that name no port connect to the broker under test: Python imports this module first."""

import os

from pika.connection import Parameters

Parameters.DEFAULT_PORT = int(os.environ['LEVERET_TEST_PORT'])
