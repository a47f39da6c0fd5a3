import { join, resolve } from 'node:path';
import type { BrokerEvent, TokenVerifier } from '../core/environment.ts';
import type { MessageTracer } from '../core/message/message-tracer.ts';
import type { BrokerSettings } from '../core/settings.ts';
import type { AuditEntry } from '../management/audit-log.ts';
import type { ClusterHost, ManagementHost, NodeFacts } from '../management/management-host.ts';
import type { StorageError } from '../storage/file/storage-error.ts';
import { AuditFile } from './audit-file.ts';
import { brokerSettings } from './broker-settings.ts';
import type { Doors } from './doors.ts';
import type { HostedBroker } from './hosted-broker.ts';
import { memorySize } from './memory-size.ts';
import { NodeFactsSource } from './node-facts.ts';
import { openMessageTracer, type SpanTracer } from './open-telemetry.ts';
import { openTokens } from './open-tokens.ts';
import type { OptionValues } from './options.ts';

/** The build puts the page there; this file is two folders below the root as source and as output. */
const DASHBOARD_DIRECTORY = join(import.meta.dirname, '../../dist/dashboard');

/** Who hears of a node. */
export interface NodeListeners {
  onEvent(event: BrokerEvent): void;
  onFailure(reason: StorageError): void;
  readonly tracer?: SpanTracer;
}

/** What a node has whatever broker runs in it: who may log in with a token, the audit file, facts of the process. */
export class NodeContext {
  readonly values: OptionValues;
  readonly settings: BrokerSettings;
  readonly listeners: NodeListeners;
  readonly tokens: TokenVerifier | undefined;
  readonly messageTracer: MessageTracer | undefined;
  readonly #facts: NodeFactsSource = new NodeFactsSource();
  #auditFile: AuditFile | undefined;

  static async open(values: OptionValues, listeners: NodeListeners): Promise<NodeContext> {
    const tokens = await openTokens(values, listeners.onEvent);
    const { tracer, onEvent } = listeners;
    const isTraced = tracer !== undefined || values.openTelemetry === 'on';
    const messageTracer = isTraced ? await openMessageTracer(tracer, onEvent) : undefined;
    return new NodeContext(values, listeners, tokens, messageTracer);
  }

  private constructor(
    values: OptionValues,
    listeners: NodeListeners,
    tokens: TokenVerifier | undefined,
    messageTracer: MessageTracer | undefined,
  ) {
    this.values = values;
    this.settings = brokerSettings(values);
    this.listeners = listeners;
    this.tokens = tokens;
    this.messageTracer = messageTracer;
  }

  openAuditFile(): void {
    const { auditLog } = this.values;
    if (auditLog !== '') this.#auditFile = new AuditFile(resolve(auditLog), this.listeners.onEvent);
  }

  async close(): Promise<void> {
    await this.#auditFile?.close();
  }

  /** What the HTTP API of `hosted` needs of the process. */
  managementHost(hosted: HostedBroker, doors: Doors, cluster?: ClusterHost): ManagementHost {
    return {
      broker: hosted.broker,
      node: () => this.#nodeFacts(hosted),
      storage: () => ({ liveBytes: hosted.liveBytes }),
      metricsAreAnonymous: this.values.metricsAnonymous === 'on',
      listeners: () => doors.listeners,
      certificates: () => doors.serverCertificates(),
      hostNames: this.values.httpHostNames.map((name) => name.toLowerCase()),
      dashboardDirectory: DASHBOARD_DIRECTORY,
      onAudit: (entry) => this.#onAudit(entry),
      ...(cluster && { cluster }),
    };
  }

  #onAudit(entry: AuditEntry): void {
    const { username, remoteAddress, operation, object, result, detail } = entry;
    this.#auditFile?.add(entry);
    this.listeners.onEvent({
      level: result === 'done' ? 'info' : 'warn',
      text: `audit: user '${username}' from ${remoteAddress} over HTTP: ${operation} (${object}) ${result} ${detail}`,
    });
  }

  #nodeFacts(hosted: HostedBroker): NodeFacts {
    const { storage, dataDir, diskFreeLimit, memoryHighWatermark } = this.values;
    return this.#facts.facts({
      memoryLimitBytes: memorySize(memoryHighWatermark),
      diskFreeBytes: hosted.diskFreeBytes,
      diskFreeLimitBytes: diskFreeLimit,
      storedBytes: hosted.storedBytes,
      connectionsMax: this.settings.connectionsMax,
      dataDir: storage === 'memory' ? undefined : resolve(dataDir),
    });
  }
}
