import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Command } from '../../contract.ts';
import { jobType } from '../../wire.ts';

/** What says that it is time for a recurring job. */
export interface JobDue {
  /** As `2026-01-31T12:00:00.000Z`. */
  readonly due: string;
}

/** The internal contract of a recurring job. It has no exchange: its messages go to a queue by its name. */
export function jobContract(service: string, job: string): Command<JobDue, JobDue, void> {
  return {
    kind: 'command',
    name: jobType(service, job),
    schema: dueSchema,
    reply: undefined,
    hasKey: false,
  };
}

/** The same in all instances, so that a time has one message, however many announce it. */
export function jobMessageId(service: string, job: string, due: string): string {
  return `${service}.${job}.${due}`;
}

const dueSchema: StandardSchemaV1<JobDue> = {
  '~standard': {
    version: 1,
    vendor: 'leveret',
    validate: (value) =>
      Number.isNaN(Date.parse(Object(value).due))
        ? { issues: [{ message: 'expected a time', path: ['due'] }] }
        : { value: value as JobDue },
  },
};
