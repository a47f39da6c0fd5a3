import { clientSuite } from '../client/client-suite.ts';
import { rabbitmqFooting } from '../client/rabbitmq-footing.ts';
import { describeWith, RABBITMQ } from './debian.ts';

describeWith(RABBITMQ, 'the client', () => clientSuite('on RabbitMQ', rabbitmqFooting));
