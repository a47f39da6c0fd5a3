import type { ReactNode } from 'react';
import type { Message } from '../../data/messages.ts';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { type KeyValue, KeyValues } from '../../parts/key-values.tsx';
import { ExchangeLink } from '../exchanges/exchange-link.tsx';

interface MessagePropertiesProps {
  readonly vhost: string;
  readonly message: Message;
}

export function MessageProperties({ vhost, message }: MessagePropertiesProps): ReactNode {
  const { messages, parts } = useTexts();
  const formats = useFormats();
  const { exchange, routing_key, persistent, ttl_ms, arrived_at, redelivered, return_count } = message;
  const rows: KeyValue[] = [
    { key: messages.exchange, value: <ExchangeLink vhost={vhost} name={exchange} /> },
    { key: messages.routingKey, value: <code>{routing_key}</code> },
    ...propertyRows(message, messages, formats),
    { key: messages.persistent, value: persistent ? parts.yes : parts.no },
    ...(ttl_ms === undefined ? [] : [{ key: messages.expires, value: formats.duration(ttl_ms) }]),
    { key: messages.arrived, value: formats.time(arrived_at) },
    ...(redelivered ? [{ key: messages.redelivered, value: parts.yes }] : []),
    ...(return_count > 0
      ? [{ key: messages.returns, value: messages.times(formats.count(return_count)) }]
      : []),
  ];
  return <KeyValues rows={rows} />;
}

function propertyRows(
  { properties }: Message,
  { propertyNames }: Texts['messages'],
  formats: Formats,
): KeyValue[] {
  const names = Object.keys(propertyNames) as (keyof typeof propertyNames)[];
  return names.flatMap((name) => {
    const value = properties[name];
    if (value === undefined) return [];
    const text = name === 'timestamp' ? `${formats.time(Number(value) * 1000)} (${value})` : value;
    return [{ key: propertyNames[name], value: text }];
  });
}
