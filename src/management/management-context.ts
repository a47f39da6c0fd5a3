import type { Broker } from '../core/broker.ts';
import { AuditLog } from './audit-log.ts';
import { KnownCredentials } from './known-credentials.ts';
import type { ManagementHost } from './management-host.ts';
import { SessionTable } from './session-table.ts';

/** What all routes share. */
export interface ManagementContext {
  readonly host: ManagementHost;
  readonly broker: Broker;
  readonly sessions: SessionTable;
  readonly known: KnownCredentials;
  readonly audit: AuditLog;
}

export function makeContext(host: ManagementHost): ManagementContext {
  const { broker } = host;
  return {
    host,
    broker,
    sessions: new SessionTable(broker),
    known: new KnownCredentials(broker),
    audit: new AuditLog((entry) => host.onAudit?.(entry)),
  };
}

/** Resolves once all that happened by now is durable: a change is answered then and not before. */
export function durable({ broker }: ManagementContext): Promise<void> {
  return new Promise((resolve) => broker.whenDurable(resolve));
}
