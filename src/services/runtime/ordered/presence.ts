import type { Client } from '../../../client/amqp-client.ts';
import { Closed } from '../../../client/client-failures.ts';
import type { IncomingDelivery } from '../../../client/incoming-delivery.ts';
import type { Consumer } from '../../../client/queue-consumer.ts';
import type { DeclaredQueue } from '../../../client/topology.ts';
import type { Clock, Timer } from '../../clock.ts';
import { presenceExchange } from '../../wire.ts';
import { Membership } from './membership.ts';

const BEAT_MS = 2_000;
const SILENCE_MS = 6_000;

/** `joined` asks the others to say that they are here. */
type PresenceState = 'joined' | 'here' | 'left';

const STATES: readonly unknown[] = ['joined', 'here', 'left'] satisfies PresenceState[];

/** What an instance says of itself. */
interface PresenceMessage {
  readonly instance: string;
  readonly state: PresenceState;
}

export interface PresenceOptions {
  readonly client: Client;
  readonly service: string;
  /** What the instances share: those that do not handle it do not count. */
  readonly contract: string;
  /** The name of this instance. */
  readonly instance: string;
  readonly clock: Clock;
}

export interface PresenceEvents {
  onMembersChanged(members: readonly string[]): void;
  /** Every two seconds. */
  onBeat(): void;
  onTrouble(error: Error): void;
}

/**
 * Who else is there: each instance tells all others through a fanout exchange, every two seconds and when it comes and goes.
 * Nothing depends on all instances being of the same opinion at the same time.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #events: PresenceEvents;
  readonly #membership: Membership;
  readonly #closing: AbortController = new AbortController();
  #consumer: Consumer | undefined;
  #timer: Timer | undefined;
  #beatMs = 0;
  #isSending = false;

  constructor(options: PresenceOptions, events: PresenceEvents) {
    this.#options = options;
    this.#events = events;
    this.#membership = new Membership(options.instance, SILENCE_MS);
  }

  get members(): readonly string[] {
    return this.#membership.members;
  }

  /** Listens. */
  async start(): Promise<void> {
    const { client, service, clock } = this.#options;
    const exchange = presenceExchange(service);
    const { queues } = await client.declare({
      exchanges: [{ exchange, type: 'fanout' }],
      queues: [{ autoDelete: true }],
    });
    const [queue] = queues as [DeclaredQueue];
    await client.declare({ bindings: [{ queue, exchange }] });
    this.#consumer = await client.consume(queue, (delivery) => this.#onMessage(delivery));
    this.#beatMs = clock.nowMs();
    this.#beatLater();
  }

  /** Says that this instance is in line for the partitions. */
  async announce(): Promise<void> {
    await this.#say('joined');
  }

  /** Says that it goes. */
  async leave(): Promise<void> {
    this.#timer?.cancel();
    this.#closing.abort(new Closed());
    await this.#publish('left', undefined).catch((reason) => this.#onFailed(reason as Error));
    await this.#consumer?.cancel();
  }

  #beatLater(): void {
    this.#timer = this.#options.clock.setTimer(BEAT_MS, () => this.#beat());
  }

  #beat(): void {
    const nowMs = this.#options.clock.nowMs();
    // a process that stood still has not read what the others said meanwhile
    const stoodStill = nowMs - this.#beatMs >= 2 * BEAT_MS;
    this.#beatMs = nowMs;
    void this.#say('here');
    if (!stoodStill && this.#membership.expire(nowMs)) this.#tellChanged();
    this.#events.onBeat();
    this.#beatLater();
  }

  #onMessage(delivery: IncomingDelivery): void {
    const { contract, instance, clock } = this.#options;
    if (delivery.type !== contract) return;
    const message = presenceMessageOf(delivery);
    if (message === undefined || message.instance === instance) return;
    if (message.state === 'left') {
      if (this.#membership.left(message.instance)) this.#tellChanged();
      return;
    }
    if (message.state === 'joined') void this.#say('here');
    if (this.#membership.heard(message.instance, clock.nowMs())) this.#tellChanged();
  }

  #tellChanged(): void {
    if (!this.#closing.signal.aborted) this.#events.onMembersChanged(this.members);
  }

  /** While there is no connection one beat waits, and no second one. */
  async #say(state: PresenceState): Promise<void> {
    if (this.#isSending || this.#closing.signal.aborted) return;
    this.#isSending = true;
    try {
      await this.#publish(state, this.#closing.signal);
    } catch (reason) {
      this.#onFailed(reason as Error);
    } finally {
      this.#isSending = false;
    }
  }

  async #publish(state: PresenceState, signal: AbortSignal | undefined): Promise<void> {
    const { client, service, contract, instance } = this.#options;
    const body: PresenceMessage = { instance, state };
    await client.publish(
      {
        exchange: presenceExchange(service),
        routingKey: '',
        body,
        type: contract,
        appId: service,
        persistent: false,
      },
      signal === undefined ? { timeoutMs: BEAT_MS } : { signal },
    );
  }

  #onFailed(error: Error): void {
    if (!(error instanceof Closed)) this.#events.onTrouble(error);
  }
}

/** Anybody may publish to the exchange. */
function presenceMessageOf(delivery: IncomingDelivery): PresenceMessage | undefined {
  try {
    const message = delivery.json<Partial<PresenceMessage> | null>();
    const { instance, state } = message ?? {};
    return typeof instance === 'string' && STATES.includes(state)
      ? { instance, state: state as PresenceState }
      : undefined;
  } catch {
    return undefined;
  }
}
