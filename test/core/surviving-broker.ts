import type { DirectChannel } from '../../src/client/direct-channel.ts';
import { openDirectConnection } from '../../src/client/direct-connection.ts';
import { Broker } from '../../src/core/broker.ts';
import { BrokerImage } from '../../src/core/recovery/broker-image.ts';
import type { VirtualHost } from '../../src/core/vhost/virtual-host.ts';
import { MessageLog, type MessageLogOptions } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualScheduler } from '../../src/testing/virtual-scheduler.ts';
import { SurvivingEngine } from '../storage/surviving-engine.ts';

/** A broker, with the engines that the next one goes on with. */
export class SurvivingBroker {
  readonly broker: Broker;
  readonly main: SurvivingEngine;
  readonly cold: SurvivingEngine;
  readonly log: MessageLog;
  readonly #options: MessageLogOptions;
  readonly #scheduler: VirtualScheduler;

  private constructor(
    main: SurvivingEngine,
    cold: SurvivingEngine,
    log: MessageLog,
    image: BrokerImage,
    options: MessageLogOptions,
  ) {
    this.main = main;
    this.cold = cold;
    this.log = log;
    this.#options = options;
    this.#scheduler = new VirtualScheduler(() => this.broker.turn());
    const environment = {
      clock: new VirtualClock(Date.UTC(2026, 0, 1)),
      random: new SeededRandom(1),
      scheduler: this.#scheduler,
      store: log,
      credentials: {
        hash: (password: string) => password,
        verify: (password: string, hash: string | undefined, done: (matches: boolean) => void) =>
          done(password === hash),
      },
      onEvent: () => {},
    };
    this.broker = new Broker(environment, { heartbeatSeconds: 0 }, image);
  }

  static async start(
    options: MessageLogOptions = {},
    main = new SurvivingEngine(),
    cold = new SurvivingEngine(),
  ): Promise<SurvivingBroker> {
    const log = new MessageLog(main, { ...options, cold });
    const image = new BrokerImage(log);
    await log.recover(image);
    return new SurvivingBroker(main, cold, log, image, options);
  }

  get vhost(): VirtualHost {
    return this.broker.vhosts.get('/') as VirtualHost;
  }

  async channel(): Promise<DirectChannel> {
    return (await openDirectConnection(this.broker)).createChannel();
  }

  /** Without a word to anybody. */
  crash(): Promise<SurvivingBroker> {
    this.#scheduler.stop();
    return SurvivingBroker.start(this.#options, this.main.reopened(), this.cold.reopened());
  }

  async stop(): Promise<SurvivingBroker> {
    await new Promise<void>((resolve) => this.broker.shutdown(resolve));
    return this.crash();
  }
}
