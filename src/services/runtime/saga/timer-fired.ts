import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Command } from '../../contract.ts';
import { timerType } from '../../wire.ts';

/** What a timer sends to its own service when its time is over. */
export interface TimerFired {
  readonly saga: string;
  readonly key: string;
  readonly timer: string;
  /** Of the timer as it was started: one that was stopped or started again since has another. */
  readonly token: string;
}

const MEMBERS = ['saga', 'key', 'timer', 'token'] as const;

/** The internal contract of the timers of a saga. It has no exchange: its messages go to the queue of the service by its name. */
export function timerContract(service: string, saga: string): Command<TimerFired, TimerFired, void> {
  return {
    kind: 'command',
    name: timerType(service, saga),
    schema: timerSchema,
    reply: undefined,
    hasKey: false,
  };
}

const timerSchema: StandardSchemaV1<TimerFired> = {
  '~standard': {
    version: 1,
    vendor: 'leveret',
    validate: (value) => {
      const issues = MEMBERS.filter((name) => typeof Object(value)[name] !== 'string').map((name) => ({
        message: 'expected a string',
        path: [name],
      }));
      return issues.length === 0 ? { value: value as TimerFired } : { issues };
    },
  },
};
