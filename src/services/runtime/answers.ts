import type { Client } from '../../client/amqp-client.ts';
import { encodeText } from '../../client/body-encoding.ts';
import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import { HEADER } from '../wire.ts';
import { headerText } from './header-text.ts';
import { JSON_TYPE } from './outgoing.ts';

/** Answers whoever waits for a reply. Nobody waits for the answer to arrive: who did not get it asks again. */
export class Answers {
  readonly #client: Client;
  readonly #onFailed: (error: Error) => void;

  constructor(client: Client, onFailed: (error: Error) => void) {
    this.#client = client;
    this.#onFailed = onFailed;
  }

  /** `reply` is JSON; undefined when there is nothing to say but that it is done. */
  reply(delivery: IncomingDelivery, reply: string | undefined): void {
    if (delivery.replyTo !== undefined) this.#send(delivery, delivery.replyTo, reply ?? 'null', undefined);
  }

  error(delivery: IncomingDelivery, kind: string, text: string): void {
    if (delivery.replyTo === undefined) return;
    this.#send(delivery, delivery.replyTo, 'null', {
      [HEADER.error]: headerText(text),
      [HEADER.errorKind]: kind,
    });
  }

  #send(
    delivery: IncomingDelivery,
    routingKey: string,
    json: string,
    headers: Readonly<Record<string, string>> | undefined,
  ): void {
    const { correlationId } = delivery;
    this.#client
      .publish({
        routingKey,
        body: encodeText(json),
        contentType: JSON_TYPE,
        persistent: false,
        ...(correlationId !== undefined && { correlationId }),
        ...(headers !== undefined && { headers }),
      })
      .catch(this.#onFailed);
  }
}
