/** How a node is called and shown, and where it leads. */
import { exchangeInPath } from '../../data/exchanges.ts';
import type { Formats } from '../../format/formats.ts';
import type { Texts } from '../../language/language.tsx';
import type { IconName } from '../../parts/icon.tsx';
import { href } from '../../route.ts';
import { type ConsumerNode, DEFAULT_EXCHANGE, type QueueNode, type TopologyNode } from './graph.ts';

export type NodeTone = 'good' | 'plain' | 'warn' | 'bad';

export interface NodeFace {
  readonly name: string;
  readonly icon: IconName;
  readonly tone: NodeTone;
  /** What is wrong, in a word or two. */
  readonly mark?: string;
  /** Kind, amounts and rates: short, and whole for who asks. */
  readonly facts: string;
  readonly details: string;
  /** Undefined: it leads nowhere. */
  readonly href: string | undefined;
}

/** What client libraries and brokers make up says nothing to people. */
const GENERATED_TAG = /^amq\.ctag-/;

export function faceOf(
  node: TopologyNode,
  vhost: string,
  texts: Texts['topology'],
  formats: Formats,
): NodeFace {
  switch (node.kind) {
    case 'exchange': {
      const rate = formats.rate(node.inRate ?? 0);
      return {
        name: exchangeLabel(node.name, texts),
        icon: 'exchange',
        tone: (node.inRate ?? 0) > 0 ? 'good' : 'plain',
        facts: joined(node.type, rate),
        details: texts.inOut(rate, formats.rate(node.outRate ?? 0)),
        href: exchangeHref(vhost, node.name),
      };
    }
    case 'queue':
      return queueFace(node, vhost, texts, formats);
    case 'consumer':
      return consumerFace(node, vhost, texts, formats);
    case 'missing':
      return {
        name: node.name,
        icon: 'exchange',
        tone: 'bad',
        mark: texts.states.missing,
        facts: texts.kinds.missing,
        details: texts.missingWhy,
        href: undefined,
      };
  }
}

export function exchangeLabel(name: string, texts: Texts['topology']): string {
  return name === DEFAULT_EXCHANGE ? texts.defaultExchange : name;
}

export function exchangeHref(vhost: string, name: string): string {
  return href(['exchanges', vhost, exchangeInPath(name)]);
}

function queueFace(node: QueueNode, vhost: string, texts: Texts['topology'], formats: Formats): NodeFace {
  const { name, type, state, messageCount, inRate = 0, outRate = 0 } = node;
  const isWrong = state === 'stuck' || state === 'paused';
  return {
    name,
    icon: 'queue',
    tone: isWrong ? 'warn' : state === 'flowing' ? 'good' : 'plain',
    ...(isWrong ? { mark: texts.states[state] } : {}),
    facts: joined(
      type,
      formats.shortCount(messageCount),
      `${formats.number(inRate)} → ${formats.rate(outRate)}`,
    ),
    details: joined(
      texts.states[state],
      formats.count(messageCount),
      texts.inOut(formats.rate(inRate), formats.rate(outRate)),
    ),
    href: href(['queues', vhost, name]),
  };
}

function consumerFace(
  { queue, connection, connectionCount, tags, rate = 0 }: ConsumerNode,
  vhost: string,
  texts: Texts['topology'],
  formats: Formats,
): NodeFace {
  const [tag] = tags;
  const single = tags.length === 1 && tag !== undefined && !GENERATED_TAG.test(tag) ? tag : undefined;
  const isMany = connectionCount > 1;
  return {
    name: single ?? (isMany ? texts.connections(connectionCount) : (connection ?? texts.noConnection)),
    icon: 'consumer',
    tone: rate > 0 ? 'good' : 'plain',
    facts: joined(texts.consumers(tags.length), formats.rate(rate)),
    details: joined(connection ?? '', tags.slice(0, TAGS_SHOWN_MAX).join(', ')),
    href:
      connection === undefined
        ? href(['queues', vhost, queue, 'consumers'])
        : href(['connections', connection]),
  };
}

const TAGS_SHOWN_MAX = 10;

function joined(...facts: readonly string[]): string {
  return facts.filter((fact) => fact !== '').join(' · ');
}
