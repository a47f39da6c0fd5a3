import type { ServiceEvent } from '../../services/runtime/service-event.ts';
import { spanText } from '../terminal/quantity-texts.ts';

/** A line of a log. */
export interface LogLine {
  readonly level: 'error' | 'warn' | 'info';
  readonly text: string;
}

/** What an operator reads of an event. */
export function eventLine(event: ServiceEvent): LogLine {
  const { service } = event;
  switch (event.type) {
    case 'started':
      return info(`${service}: started`);
    case 'connected':
      return info(`${service}: connected to ${event.product}`);
    case 'disconnected':
      return warn(`${service}: lost its connection, and connects again: ${event.reason.message}`);
    case 'failed':
      return warn(
        `${service}: ${event.part} failed at message ${event.messageId}, attempt ${event.attempt}; again in ${delayText(event.retryMs)}: ${causeText(event.error)}`,
      );
    case 'dead-letter':
      return error(
        `${service}: ${event.part} gave up message ${event.messageId} after ${attemptsText(event.attempts)}: ${causeText(event.error)}; see leveret dead show ${service}.dead`,
      );
    case 'undeliverable':
      return warn(
        `${service}: nobody takes ${event.contract} (message ${event.messageId}); it is kept, and sent again in ${delayText(event.retryMs)}`,
      );
    case 'probing':
      return warn(`${service}: ${event.part} fails again and again: it gets one message at a time`);
    case 'recovered':
      return info(`${service}: ${event.part} works again`);
    case 'trouble':
      return error(`${service}: ${event.text}: ${causeText(event.error)}`);
    case 'stopped':
      return info(`${service}: stopped`);
  }
}

function delayText(ms: number): string {
  return spanText(ms / 1000);
}

function attemptsText(attempts: number): string {
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`;
}

/** The first line of its own code in the stack says where to look. */
function causeText(reason: Error): string {
  const place = (reason.stack ?? '')
    .split('\n')
    .find((line) => /^\s+at /.test(line) && !/node:|\/node_modules\//.test(line));
  if (place === undefined) return reason.message;
  // a handler has no name of its own: V8 takes one from the options beside it, as Object.orders.on.retry.now
  const named = place.replace(/^\s+at (async )?/, '').replace(/^Object\.\S+ \((.*)\)$/, '$1');
  return `${reason.message} (${named})`;
}

function info(text: string): LogLine {
  return { level: 'info', text };
}

function warn(text: string): LogLine {
  return { level: 'warn', text };
}

function error(text: string): LogLine {
  return { level: 'error', text };
}
