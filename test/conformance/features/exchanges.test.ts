import { expect, test } from 'vitest';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import { type Field, field, tableOf } from '../../../src/codec/field-table.ts';
import { drain, policy, publish, refusal, startScene } from './scene.ts';

test('an exchange bound to an exchange passes on what its own bindings want', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('source', 'topic');
  await channel.exchangeDeclare('destination', 'direct');
  await channel.exchangeBind('destination', 'source', { routingKey: 'stock.*' });
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'destination', { routingKey: 'stock.usd' });
  for (const key of ['stock.usd', 'stock.eur', 'bond.usd'])
    await publish(channel, key, key, { exchange: 'source' });
  expect(await drain(channel, 'q')).toEqual(['stock.usd']);
});

test('exchanges bound in a circle deliver a message once', async () => {
  const { channel } = await startScene();
  for (const name of ['a', 'b', 'c']) await channel.exchangeDeclare(name, 'fanout');
  await channel.exchangeBind('b', 'a');
  await channel.exchangeBind('c', 'b');
  await channel.exchangeBind('a', 'c');
  await channel.queueDeclare('q');
  for (const name of ['a', 'b', 'c']) await channel.queueBind('q', name);
  await publish(channel, '', 'once', { exchange: 'b' });
  expect(await drain(channel, 'q')).toEqual(['once']);
});

test('an exchange can be unbound from an exchange, and unbinding what is not bound is no error', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('a', 'fanout');
  await channel.exchangeDeclare('b', 'fanout');
  await channel.exchangeBind('b', 'a');
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'b');
  await channel.exchangeUnbind('b', 'a');
  await channel.exchangeUnbind('b', 'a');
  await publish(channel, '', 'm', { exchange: 'a' });
  expect(await drain(channel, 'q')).toEqual([]);
});

test('binding to or from an exchange that is not there is refused with 404', async () => {
  const { connection } = await startScene();
  for (const [destination, source] of [
    ['amq.fanout', 'none'],
    ['none', 'amq.fanout'],
  ] as const) {
    const channel = await connection.createChannel();
    expect(await refusal(channel.exchangeBind(destination, source))).toMatchObject({
      level: 'channel',
      code: 404,
    });
  }
});

test('a message that no binding wants goes to the alternate exchange', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('leftover', 'fanout');
  await channel.exchangeDeclare('x', 'direct', { arguments: { 'alternate-exchange': 'leftover' } });
  for (const name of ['wanted', 'unwanted']) await channel.queueDeclare(name);
  await channel.queueBind('wanted', 'x', { routingKey: 'a' });
  await channel.queueBind('unwanted', 'leftover');
  await publish(channel, 'a', 'one', { exchange: 'x' });
  await publish(channel, 'b', 'two', { exchange: 'x', mandatory: true });
  expect([await drain(channel, 'wanted'), await drain(channel, 'unwanted')]).toEqual([['one'], ['two']]);
});

test('alternate exchanges chain, and one that is not there is ignored', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('a', 'direct', { arguments: { 'alternate-exchange': 'b' } });
  await channel.exchangeDeclare('b', 'direct', { arguments: { 'alternate-exchange': 'c' } });
  await publish(channel, 'k', 'lost', { exchange: 'a' });
  await channel.exchangeDeclare('c', 'fanout', { arguments: { 'alternate-exchange': 'a' } });
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'c');
  await publish(channel, 'k', 'found', { exchange: 'a' });
  expect(await drain(channel, 'q')).toEqual(['found']);
});

test('a policy gives an alternate exchange, takes effect at once, and the argument wins over it', async () => {
  const { channel, vhost } = await startScene();
  for (const name of ['by-policy', 'by-argument']) {
    await channel.exchangeDeclare(name, 'fanout');
    await channel.queueDeclare(name);
    await channel.queueBind(name, name);
  }
  await channel.exchangeDeclare('x', 'direct');
  await channel.exchangeDeclare('xa', 'direct', { arguments: { 'alternate-exchange': 'by-argument' } });
  await publish(channel, 'k', 'before', { exchange: 'x' });
  vhost.setPolicy(
    policy('ae', '^x', tableOf({ 'alternate-exchange': 'by-policy' }), { applyTo: 'exchanges' }),
  );
  await publish(channel, 'k', 'with policy', { exchange: 'x' });
  await publish(channel, 'k', 'with argument', { exchange: 'xa' });
  vhost.deletePolicy('ae');
  await publish(channel, 'k', 'after', { exchange: 'x' });
  expect(await drain(channel, 'by-policy')).toEqual(['with policy']);
  expect(await drain(channel, 'by-argument')).toEqual(['with argument']);
});

test('nobody may publish to an internal exchange, but other exchanges pass messages on to it', async () => {
  const { channel, connection } = await startScene();
  await channel.exchangeDeclare('inside', 'fanout', { internal: true });
  await channel.exchangeBind('inside', 'amq.fanout');
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'inside');
  await publish(channel, '', 'through', { exchange: 'amq.fanout' });
  expect(await drain(channel, 'q')).toEqual(['through']);
  const other = await connection.createChannel();
  await other.confirmSelect();
  expect(await refusal(publish(other, '', 'm', { exchange: 'inside' }))).toEqual({
    level: 'channel',
    code: 403,
    text: "ACCESS_REFUSED - cannot publish to internal exchange 'inside' in vhost '/'",
  });
});

test('an auto-delete exchange goes with its last binding, not before it had one', async () => {
  const { channel, vhost } = await startScene();
  await channel.exchangeDeclare('x', 'fanout', { autoDelete: true });
  for (const name of ['a', 'b']) {
    await channel.queueDeclare(name);
    await channel.queueBind(name, 'x');
  }
  await channel.queueUnbind('a', 'x');
  expect(vhost.exchanges.has('x')).toBe(true);
  await channel.queueDelete('b');
  expect(vhost.exchanges.has('x')).toBe(false);
});

test('an auto-delete exchange goes with the last exchange that is bound to it', async () => {
  const { channel, vhost } = await startScene();
  await channel.exchangeDeclare('x', 'fanout', { autoDelete: true });
  await channel.exchangeDeclare('y', 'fanout', { autoDelete: true });
  await channel.exchangeDeclare('z', 'fanout');
  await channel.exchangeBind('y', 'x');
  await channel.exchangeBind('z', 'y');
  await channel.exchangeDelete('z');
  expect([...vhost.exchanges.keys()]).not.toContain('y');
  expect([...vhost.exchanges.keys()]).not.toContain('x');
});

test('deleting an exchange takes its bindings with it', async () => {
  const { channel } = await startScene();
  await channel.queueDeclare('q');
  await channel.exchangeDeclare('x', 'fanout');
  await channel.queueBind('q', 'x');
  await channel.exchangeDelete('x');
  await channel.exchangeDeclare('x', 'fanout');
  await publish(channel, '', 'm', { exchange: 'x' });
  expect(await drain(channel, 'q')).toEqual([]);
});

test('an exchange with bindings is not deleted if-unused', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q');
  await channel.exchangeDeclare('x', 'fanout');
  await channel.queueBind('q', 'x');
  expect(await refusal(channel.exchangeDelete('x', { ifUnused: true }))).toEqual({
    level: 'channel',
    code: 406,
    text: "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use",
  });
  const other = await connection.createChannel();
  await other.queueUnbind('q', 'x');
  await other.exchangeDelete('x', { ifUnused: true });
});

test('deleting an exchange that is not there succeeds', async () => {
  const { channel } = await startScene();
  await channel.exchangeDelete('none');
});

test('declaring an exchange again is allowed when it means the same', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('x', 'direct', {
    durable: true,
    arguments: { 'alternate-exchange': 'y', extra: 1 },
  });
  await channel.exchangeDeclare('x', 'direct', {
    durable: true,
    arguments: { 'alternate-exchange': 'y', extra: 2 },
  });
});

test('declaring an exchange again with other properties is refused with 406 and says what differs', async () => {
  const { channel, connection } = await startScene();
  await channel.exchangeDeclare('x', 'direct', { arguments: { 'alternate-exchange': 'y' } });
  const same = { arguments: { 'alternate-exchange': 'y' } };
  const attempts = [
    [
      'fanout',
      same,
      "inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'",
    ],
    [
      'direct',
      { ...same, durable: true },
      "inequivalent arg 'durable' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      'direct',
      { ...same, autoDelete: true },
      "inequivalent arg 'auto_delete' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      'direct',
      { ...same, internal: true },
      "inequivalent arg 'internal' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      'direct',
      { arguments: { 'alternate-exchange': 'z' } },
      "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received 'z' but current is 'y'",
    ],
    [
      'direct',
      {},
      "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received none but current is the value 'y' of type 'longstr'",
    ],
  ] as const;
  for (const [type, options, text] of attempts) {
    const attempt = (await connection.createChannel()).exchangeDeclare('x', type, options);
    expect(await refusal(attempt)).toEqual({
      level: 'channel',
      code: 406,
      text: `PRECONDITION_FAILED - ${text}`,
    });
  }
});

test('a passive declaration asks whether an exchange exists, and looks at nothing else', async () => {
  const { channel } = await startScene();
  await channel.exchangeDeclare('x', 'direct');
  await channel.exchangeDeclare('x', 'fanout', { passive: true, durable: true });
  expect(await refusal(channel.exchangeDeclare('none', 'direct', { passive: true }))).toEqual({
    level: 'channel',
    code: 404,
    text: "NOT_FOUND - no exchange 'none' in vhost '/'",
  });
});

test('names that begin with amq. are reserved', async () => {
  const { connection } = await startScene();
  const declaring = (await connection.createChannel()).exchangeDeclare('amq.mine', 'direct');
  expect(await refusal(declaring)).toEqual({
    level: 'channel',
    code: 403,
    text: "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
  });
  const deleting = (await connection.createChannel()).exchangeDelete('amq.direct');
  expect(await refusal(deleting)).toMatchObject({ level: 'channel', code: 403 });
});

test('nothing but publishing may be done with the default exchange', async () => {
  const { channel, connection } = await startScene();
  await channel.queueDeclare('q');
  const attempts = [
    async () => (await connection.createChannel()).exchangeDeclare('', 'direct'),
    async () => (await connection.createChannel()).exchangeDelete(''),
    async () => (await connection.createChannel()).queueBind('q', '', { routingKey: 'k' }),
    async () => (await connection.createChannel()).queueUnbind('q', '', { routingKey: 'q' }),
    async () => (await connection.createChannel()).exchangeBind('amq.direct', ''),
    async () => (await connection.createChannel()).exchangeBind('', 'amq.direct'),
  ];
  for (const attempt of attempts) {
    expect(await refusal(attempt())).toEqual({
      level: 'channel',
      code: 403,
      text: 'ACCESS_REFUSED - operation not permitted on the default exchange',
    });
  }
});

test('a chain of auto-delete exchanges of any length goes with the last queue', async () => {
  const { channel, vhost } = await startScene();
  await channel.queueDeclare('q');
  const properties = { type: 'fanout', durable: false, autoDelete: true, internal: false } as const;
  const length = 20_000;
  for (let index = 0; index < length; index++) {
    vhost.declareExchange({ ...properties, name: `x${index}`, arguments: new Map() });
    if (index > 0) vhost.bind(vhost.exchange(`x${index}`), vhost.exchange(`x${index - 1}`), '', new Map());
  }
  const predeclared = vhost.exchanges.size - length;
  await channel.queueBind('q', 'x0');
  await channel.queueDelete('q');
  expect(vhost.exchanges.size).toBe(predeclared);
});

test('two bindings are two, even when the key of one reads like key and arguments of the other', async () => {
  const { channel, vhost } = await startScene();
  await channel.queueDeclare('q');
  const args = new Map([['k', field.string('v:')]]);
  await channel.queueBind('q', 'amq.direct', { routingKey: 'a', arguments: args });
  const encodedArgs = '\0\0\0\u0009\u0001kS\0\0\0\u0002v:';
  await channel.queueBind('q', 'amq.direct', { routingKey: `a:${encodedArgs.slice(0, -1)}` });
  expect(vhost.exchange('amq.direct').bindings.size).toBe(2);
});

test('an alternate exchange, dead-letter exchange or key that is no text is refused with 406', async () => {
  const bytes = { tag: 'S', value: Uint8Array.of(0x78, 0xff) } as const;
  const { connection } = await startScene();
  const attempts: ((channel: DirectChannel) => Promise<unknown>)[] = [
    (channel) =>
      channel.exchangeDeclare('x', 'direct', { arguments: new Map([['alternate-exchange', bytes]]) }),
    (channel) => channel.queueDeclare('q', { arguments: new Map([['x-dead-letter-exchange', bytes]]) }),
    (channel) =>
      channel.queueDeclare('q', {
        arguments: new Map<string, Field>([
          ['x-dead-letter-exchange', field.string('x')],
          ['x-dead-letter-routing-key', bytes],
        ]),
      }),
  ];
  for (const attempt of attempts) {
    expect(await refusal(attempt(await connection.createChannel()))).toMatchObject({
      level: 'channel',
      code: 406,
    });
  }
});
