import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startBroker } from '../../../src/daemon/start-broker.ts';
import { topologyOf } from '../../../src/services/runtime/topology-of.ts';
import { checkUnits } from '../../../src/services/runtime/unit-check.ts';
import { command, event, run, service } from '../../../src/services/services.ts';

const place = command('orders.place', z.object({ id: z.string() }), { key: (order) => order.id });
const placed = event('orders.placed', z.object({ id: z.string() }));
const orders = service('orders');
const nothing = (): void => {};

describe('the topology of a unit', () => {
  it('is an exchange for each contract, a queue for the service, and one for its dead letters', () => {
    const topology = topologyOf(orders.with(orders.on(place, nothing), orders.on(placed, nothing)));
    expect(topology.exchanges.map(({ exchange, type }) => [exchange, type])).toEqual([
      ['orders.place', 'topic'],
      ['orders.placed', 'topic'],
    ]);
    expect(topology.queues.map(({ queue }) => queue)).toEqual(['orders.in', 'orders.dead']);
    expect(topology.bindings).toEqual([
      { queue: 'orders.in', exchange: 'orders.place', routingKey: '#' },
      { queue: 'orders.in', exchange: 'orders.placed', routingKey: '#' },
    ]);
  });

  it('is a queue for each partition of an ordered handler, with one active consumer, and all slots among them', () => {
    const topology = topologyOf(orders.with(orders.on(place, nothing, { ordered: true })), {
      queueType: 'quorum',
    });
    const partitions = topology.queues.filter(({ queue }) => queue?.startsWith('orders.orders.place.'));
    expect(partitions).toHaveLength(8);
    expect(partitions[7]).toEqual({
      queue: 'orders.orders.place.7',
      arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true },
    });
    expect(topology.bindings).toHaveLength(65);
    expect(topology.bindings[64]).toEqual({
      queue: 'orders.orders.place.0',
      exchange: 'orders.place',
      routingKey: 'none',
    });
    expect(topology.bindings[9]).toEqual({
      queue: 'orders.orders.place.1',
      exchange: 'orders.place',
      routingKey: 'slot.9',
    });
  });

  it('is a queue of its own for a handler with a rate', () => {
    const topology = topologyOf(orders.with(orders.on(place, nothing, { rate: { perSecond: 1 } })));
    expect(topology.queues[2]).toEqual({ queue: 'orders.orders.place.in', arguments: {} });
    expect(topology.bindings).toEqual([
      { queue: 'orders.orders.place.in', exchange: 'orders.place', routingKey: '#' },
    ]);
  });

  it('leaves nothing of a handler that was not ordered before', async () => {
    const broker = await startBroker({ amqpPort: false });
    const before = await run([orders.with(orders.on(place, nothing))], { broker });
    await before.close();
    const after = await run([orders.with(orders.on(place, nothing, { ordered: true }))], { broker });
    await after.close();
    const sender = await run([], { broker });
    await sender.send(place, { id: 'a' });
    const { queues } = broker.broker.vhosts.get('/') ?? {};
    const waiting = [...(queues?.values() ?? [])].filter(({ readyCount }) => readyCount > 0);
    expect(waiting.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^orders\.orders\.place\.[0-7]$/),
    ]);
    await sender.close();
    await broker.close();
  });

  it('is a queue with one active consumer for recurring jobs, which have no exchange', () => {
    const topology = topologyOf(orders.with(orders.every('report', '0 * * * *', nothing)));
    expect(topology.exchanges).toEqual([]);
    expect(topology.queues[2]).toEqual({
      queue: 'orders.every',
      arguments: { 'x-single-active-consumer': true },
    });
  });
});

describe('units that run together', () => {
  const mails = service('mails');

  it('are refused when a service comes twice', () => {
    const unit = orders.with(orders.on(placed, nothing));
    expect(() => checkUnits([unit, unit])).toThrow("service 'orders' is given twice");
  });

  it('are refused when two of them handle one command', () => {
    const both = [orders.with(orders.on(place, nothing)), mails.with(mails.on(place, nothing))];
    expect(() => checkUnits(both)).toThrow(
      "command 'orders.place' is handled by the services 'orders' and 'mails'; allowed: one",
    );
  });

  it('may both handle an event', () => {
    checkUnits([orders.with(orders.on(placed, nothing)), mails.with(mails.on(placed, nothing))]);
  });
});
