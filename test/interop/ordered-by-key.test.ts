import { describe } from 'vitest';
import { leveretFooting } from '../client/leveret-footing.ts';
import { rabbitmqFooting } from '../client/rabbitmq-footing.ts';
import { orderedSuite } from '../services/ordered/ordered-suite.ts';
import { describeWith, RABBITMQ } from './debian.ts';

describe('ordered handlers', () => orderedSuite('on Leveret', leveretFooting));

describeWith(RABBITMQ, 'ordered handlers', () => orderedSuite('on RabbitMQ', rabbitmqFooting));
