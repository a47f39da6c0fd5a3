import { expect, it } from 'vitest';
import { argumentsOfQueue, NO_ARGUMENTS } from './known-arguments.ts';

it('leaves out what is not set', () => {
  expect(argumentsOfQueue({ ...NO_ARGUMENTS, numbers: { 'x-expires': undefined } }, 'classic')).toEqual({});
});

it('sets what is set, zero included; dead letters reach a queue through the default exchange', () => {
  const known = {
    ...NO_ARGUMENTS,
    numbers: { 'x-message-ttl': 0, 'x-max-priority': 5 },
    overflow: 'reject-publish',
    deadLetters: { to: 'queue', queue: 'dead' },
    singleActiveConsumer: true,
  } as const;
  expect(argumentsOfQueue(known, 'classic')).toEqual({
    'x-message-ttl': 0,
    'x-max-priority': 5,
    'x-overflow': 'reject-publish',
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'dead',
    'x-single-active-consumer': true,
  });
});

it('asks a quorum queue for nothing that it refuses', () => {
  const known = { ...NO_ARGUMENTS, type: 'quorum', numbers: { 'x-max-priority': 5 } } as const;
  expect(argumentsOfQueue(known, 'classic')).toEqual({ 'x-queue-type': 'quorum' });
});

it('says the type where the vhost would give another one', () => {
  expect(argumentsOfQueue(NO_ARGUMENTS, 'quorum')).toEqual({ 'x-queue-type': 'classic' });
  expect(argumentsOfQueue({ ...NO_ARGUMENTS, type: 'quorum' }, 'quorum')).toEqual({});
});

it('leaves dead letters their routing keys', () => {
  const known = {
    ...NO_ARGUMENTS,
    deadLetters: { to: 'exchange', exchange: 'dead', routingKey: '' },
  } as const;
  expect(argumentsOfQueue(known, 'classic')).toEqual({ 'x-dead-letter-exchange': 'dead' });
});
