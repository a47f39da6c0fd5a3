import { startLeveret } from './leveret.ts';
import { startRabbitmq } from './rabbitmq.ts';
import type { Server } from './server.ts';

/** True when the suites are to be proven on RabbitMQ itself: `LEVERET_TEST_REFERENCE=1`. */
export const TEST_REFERENCE: boolean = process.env['LEVERET_TEST_REFERENCE'] === '1';

/** Starts the broker that the interop suites test: Leveret, or RabbitMQ with `LEVERET_TEST_REFERENCE=1`. */
export function startBrokerUnderTest(): Promise<Server> {
  return TEST_REFERENCE ? startRabbitmq() : startLeveret();
}
