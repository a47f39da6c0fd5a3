import { rabbitmqStages } from '../services/suite/server-footing.ts';
import { describeServices } from '../services/suite/services-suite.ts';
import { describeWith, RABBITMQ } from './debian.ts';

describeWith(RABBITMQ, 'services', () => describeServices('on RabbitMQ', rabbitmqStages));
