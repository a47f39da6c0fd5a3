/**
 * The publishing side of a channel: puts basic.publish, content header and body frames together and sends the message on
 * its way.
 *
 *     idle --basic.publish--> header --content header--> body --last body frame--> idle
 *                                \-------- body size 0 ------------------------/
 */

import { encodeShortstr, readU16, readU64 } from '../../codec/bytes.ts';
import { BASIC_CLASS_ID } from '../../codec/methods.ts';
import {
  CONTENT_HEADER_BODY_SIZE_AT,
  CONTENT_HEADER_PROPERTIES_AT,
  PROPERTY_FLAG,
} from '../../codec/properties.ts';
import { NO_ROUTE } from '../../codec/reply-codes.ts';
import { frameError, notImplemented, preconditionFailed, syntaxError, unexpectedFrame } from '../failures.ts';
import { partsOf } from '../message/message-parts.ts';
import { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import type { Exchange } from '../vhost/exchange.ts';
import { withoutBlindCopies } from '../vhost/route-finder.ts';
import type { PublishOutcome } from '../vhost/virtual-host.ts';
import type { ChannelContext } from './channel-context.ts';
import { Confirms } from './confirms.ts';
import { writeReturn } from './delivery-frames.ts';
import { givenResultOf, RESULT_ROUTING_KEY } from './held-results.ts';
import { DIRECT_REPLY_TO } from './reply-consumers.ts';
import { traceOriginOf } from './trace-origin.ts';
import type { Transaction } from './transaction.ts';

const MANDATORY = 1;
const IMMEDIATE = 2;
const NO_ROUTE_TEXT = encodeShortstr('NO_ROUTE');
const NOTHING: Uint8Array = new Uint8Array(0);
/** Properties that have to be looked at before a message is routed. */
const CHECKED_PROPERTIES = PROPERTY_FLAG.REPLY_TO | PROPERTY_FLAG.USER_ID;

type Stage = 'idle' | 'header' | 'body';

export class Publisher {
  readonly confirms: Confirms = new Confirms();
  readonly #channel: ChannelContext;
  readonly #publication = new Publication();
  #stage: Stage = 'idle';
  #mandatory = false;
  /** The exchange of the last basic.publish, and the queues that its address leads to while nothing changes. */
  #exchange: Exchange | undefined;
  #route: Queue[] = [];
  #routeIsKept = false;
  #routeVersion = -1;
  /** A body that comes in several frames: `#body[0, #bodyBytes)` is there, the whole will have `#bodySize`. */
  #body: Uint8Array = NOTHING;
  #bodyBytes = 0;
  #bodySize = 0;

  constructor(channel: ChannelContext) {
    this.#channel = channel;
  }

  /** basic.publish, its arguments in `bytes[start, end)`. Runs per message. */
  onBasicPublish(bytes: Uint8Array, start: number, end: number): void {
    if (this.#stage !== 'idle')
      throw unexpectedFrame(`basic.publish where a content ${this.#stage} was expected`);
    const bits = bytes[end - 1] as number;
    // amqp basic.publish "immediate": RabbitMQ answers 540 since 3.0
    if ((bits & IMMEDIATE) !== 0) throw notImplemented('immediate=true');
    const addressStart = start + 2;
    if (
      this.#routeVersion !== this.#channel.runtime.topologyVersion ||
      !this.#publication.hasAddress(bytes, addressStart, end - 1)
    ) {
      this.#resolve(bytes, addressStart, end - 1);
    }
    this.#mandatory = (bits & MANDATORY) !== 0;
    this.#stage = 'header';
    // An alarm must not keep a consumer from settling what it has.
    const { connection } = this.#channel;
    if (!connection.isPublisher && !isResult(this.#publication)) connection.becomePublisher();
  }

  /** A content header frame with the payload `bytes[start, end)`. Runs per message. */
  onHeader(bytes: Uint8Array, start: number, end: number): void {
    if (this.#stage !== 'header')
      throw unexpectedFrame(`content header where ${this.#expected} was expected`);
    if (end - start < CONTENT_HEADER_PROPERTIES_AT + 2)
      throw syntaxError(`content header of ${end - start} bytes`);
    const classId = readU16(bytes, start);
    if (classId !== BASIC_CLASS_ID)
      throw unexpectedFrame(`content header of class ${classId}, expected ${BASIC_CLASS_ID}`);
    const bodySize = readU64(bytes, start + CONTENT_HEADER_BODY_SIZE_AT);
    this.#checkBodySize(bodySize);
    this.#publication.setProperties(bytes, start + CONTENT_HEADER_PROPERTIES_AT, end);
    this.#bodySize = bodySize;
    this.#bodyBytes = 0;
    this.#stage = 'body';
    if (bodySize === 0) this.#complete(NOTHING, 0, 0);
  }

  /** A body frame with the payload `bytes[start, end)`. Runs per message. */
  onBody(bytes: Uint8Array, start: number, end: number): void {
    if (this.#stage !== 'body') throw unexpectedFrame(`content body where ${this.#expected} was expected`);
    const total = this.#bodyBytes + end - start;
    if (total > this.#bodySize)
      throw frameError(`body of ${total} bytes where its header announced ${this.#bodySize}`);
    if (end - start === this.#bodySize) this.#complete(bytes, start, end);
    else this.#assemble(bytes, start, end);
  }

  /** 505 when a method comes in the middle of a message. */
  assertIdle(methodKey: number): void {
    if (this.#stage === 'idle') return;
    throw unexpectedFrame(
      `method ${methodKey >>> 16}.${methodKey & 0xffff} where ${this.#expected} was expected`,
    );
  }

  /**
   * The exchange, as it is now, of a message that a transaction kept: 404 when it is gone, 403 or 406 when it does not take
   * the message.
   */
  exchangeOf(publication: Publication): Exchange {
    const { session } = this.#channel;
    const exchange = session.exchangeToPublish(publication.exchange, publication.routingKey);
    this.#channel.session.authorizeCopies(exchange, publication);
    session.vhost.assertPublishable(exchange, publication);
    return exchange;
  }

  /** Publishes what a transaction kept. */
  publishNow(exchange: Exchange, publication: Publication, mandatory: boolean): void {
    this.#channel.counters.publish++;
    const outcome = this.#isReply(exchange, publication)
      ? this.#reply(exchange, publication)
      : this.#publishThrough(exchange, publication);
    if (outcome === 'unroutable') this.#onUnroutable(publication, mandatory);
  }

  get #expected(): string {
    return this.#stage === 'idle' ? 'a method' : `a content ${this.#stage}`;
  }

  #assemble(bytes: Uint8Array, start: number, end: number): void {
    // Grows with what has come: a header alone must not be able to take 128 MiB.
    const needed = this.#bodyBytes + end - start;
    if (needed > this.#body.length) {
      const larger = new Uint8Array(Math.min(this.#bodySize, Math.max(needed, this.#body.length * 2)));
      larger.set(this.#body.subarray(0, this.#bodyBytes));
      this.#body = larger;
    }
    this.#body.set(bytes.subarray(start, end), this.#bodyBytes);
    this.#bodyBytes = needed;
    if (needed < this.#bodySize) return;
    const body = this.#body;
    this.#body = NOTHING;
    this.#complete(body, 0, needed);
  }

  #checkBodySize(bodySize: number): void {
    const { messageBytesMax } = this.#channel.connection.settings;
    if (bodySize <= messageBytesMax) return;
    throw preconditionFailed(
      `message size ${bodySize} is larger than configured max size ${messageBytesMax}`,
    );
  }

  /** The message is whole: publishes it. Runs per message. */
  #complete(body: Uint8Array, start: number, end: number): void {
    this.#stage = 'idle';
    const publication = this.#publication;
    publication.setBody(body, start, end);
    if ((publication.propertyFlags & CHECKED_PROPERTIES) !== 0) this.#checkProperties();
    const { transaction, runtime } = this.#channel;
    runtime.received.add(end - start);
    // Since its basic.publish, queues and exchanges may have come and gone: another connection's frames were in between.
    if (this.#routeVersion !== runtime.topologyVersion) this.#findExchange();
    if (publication.mayBeRedirected)
      this.#channel.session.authorizeCopies(this.#exchange as Exchange, publication);
    if (transaction !== undefined) {
      this.#keep(transaction);
      return;
    }
    this.#channel.counters.publish++;
    const outcome = this.#publish();
    if (outcome === 'unroutable') this.#onUnroutable(publication, this.#mandatory);
    const { confirms } = this;
    if (!confirms.isSelected) return;
    const survives = publication.persistent && outcome === 'routed';
    const tag = survives ? confirms.addDurable() : confirms.add();
    if (outcome === 'refused') confirms.refuse(tag);
    this.#channel.awaitDurable();
  }

  /** Runs per message. */
  #publish(): PublishOutcome {
    const publication = this.#publication;
    const { vhost } = this.#channel.session;
    const exchange = this.#exchange as Exchange;
    if (this.#routeIsKept && !publication.mayBeRedirected) {
      vhost.countPublished(exchange);
      return vhost.deliverPublished(exchange, this.#route, publication);
    }
    if (this.#isReply(exchange, publication)) return this.#reply(exchange, publication);
    if (isResult(publication)) return this.#holdResult(publication);
    if (publication.mayBeRedirected || exchange.needsCare || vhost.tracer !== undefined)
      return this.#publishThrough(exchange, publication);
    this.#route.length = 0;
    this.#routeIsKept = vhost.route(exchange, publication, this.#route);
    vhost.countPublished(exchange);
    return vhost.deliverPublished(exchange, this.#route, publication);
  }

  #publishThrough(exchange: Exchange, publication: Publication): PublishOutcome {
    const { vhost } = this.#channel.session;
    if (vhost.tracer === undefined) return vhost.publish(exchange, publication);
    return vhost.publish(exchange, publication, [], traceOriginOf(this.#channel));
  }

  #reply(exchange: Exchange, publication: Publication): PublishOutcome {
    this.#channel.session.vhost.countPublished(exchange);
    return this.#channel.replyConsumers.deliver(publication) ? 'routed' : 'unroutable';
  }

  /** Not routed, and no permission is asked for: it is of a delivery that the client has got. */
  #holdResult(publication: Publication): PublishOutcome {
    this.#channel.holdResult(givenResultOf(publication));
    return 'routed';
  }

  #isReply(exchange: Exchange, publication: Publication): boolean {
    return exchange.name === '' && this.#channel.replyConsumers.isReplyAddress(publication.routingKey);
  }

  #keep(transaction: Transaction): void {
    if (isResult(this.#publication)) {
      this.#holdResult(this.#publication);
      return;
    }
    // What is malformed is refused now and not by the commit.
    this.#channel.session.vhost.assertPublishable(this.#exchange as Exchange, this.#publication);
    transaction.addPublication(this.#publication.copy(), this.#mandatory);
  }

  #onUnroutable(publication: Publication, mandatory: boolean): void {
    const { counters, session } = this.#channel;
    const { answers } = session.vhost;
    if (mandatory) {
      counters.returnUnroutable++;
      answers.returnUnroutable++;
      this.#return(publication);
    } else {
      counters.dropUnroutable++;
      answers.dropUnroutable++;
    }
  }

  #return(publication: Publication): void {
    const { connection, number } = this.#channel;
    writeReturn(
      connection.output.writer(),
      number,
      NO_ROUTE,
      NO_ROUTE_TEXT,
      partsOf(withoutBlindCopies(publication)),
      connection.frameMax,
    );
    connection.output.sentContents++;
  }

  // ---- the address ----

  #resolve(bytes: Uint8Array, start: number, end: number): void {
    this.#routeVersion = -1;
    checkAddress(bytes, start, end);
    this.#publication.setAddress(bytes, start, end);
    this.#findExchange();
  }

  /** Looks up the exchange of a new address, and whether the user may publish there. */
  #findExchange(): void {
    const publication = this.#publication;
    this.#routeIsKept = false;
    this.#routeVersion = -1;
    const { session, runtime } = this.#channel;
    this.#exchange = isResult(publication)
      ? session.vhost.exchange('')
      : session.exchangeToPublish(publication.exchange, publication.routingKey);
    this.#routeVersion = runtime.topologyVersion;
  }

  // ---- properties that need a look ----

  #checkProperties(): void {
    const publication = this.#publication;
    if (publication.has(PROPERTY_FLAG.USER_ID))
      this.#channel.session.assertUserId(publication.properties().userId);
    if (publication.has(PROPERTY_FLAG.REPLY_TO)) this.#resolveReplyTo();
  }

  /** reply-to: amq.rabbitmq.reply-to stands for this channel's reply consumer. */
  #resolveReplyTo(): void {
    const properties = this.#publication.properties();
    if (properties.replyTo !== DIRECT_REPLY_TO) return;
    const replyTo = this.#channel.replyAddress;
    if (replyTo === undefined) throw preconditionFailed('fast reply consumer does not exist');
    this.#publication.replaceProperties({ ...properties, replyTo });
  }
}

function isResult(publication: Publication): boolean {
  return publication.exchange === '' && publication.routingKey === RESULT_ROUTING_KEY;
}

/** 502 unless `bytes[start, end)` is two shortstr. */
function checkAddress(bytes: Uint8Array, start: number, end: number): void {
  const exchangeEnd = start + 1 + (bytes[start] ?? 0);
  const keyEnd = exchangeEnd + 1 + (bytes[exchangeEnd] ?? 0);
  if (start < end && exchangeEnd < end && keyEnd === end) return;
  throw syntaxError(`basic.publish whose exchange and routing key do not fill its ${end - start} bytes`);
}
