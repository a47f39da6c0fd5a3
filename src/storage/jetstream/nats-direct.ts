import type { Msg } from '@nats-io/transport-node';
import type { NatsLink } from './nats-connection.ts';

/** Between two messages. */
const SILENCE_MS = 1_000;

/**
 * What a replica of `stream` says to a query of several messages, in its order. It may be behind the leader. Rejects when it does not
 * go on for a second, and when the connection ends.
 */
export function directGet(link: NatsLink, stream: string, query: object): Promise<Msg[]> {
  return new Promise((resolve, reject) => {
    const { connection, packages } = link;
    const messages: Msg[] = [];
    let isDone = false;
    const end = (act: () => void): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      inbox.unsubscribe();
      act();
    };
    const timer = setTimeout(
      () => end(() => reject(new Error(`no answer within ${SILENCE_MS} ms`))),
      SILENCE_MS,
    );
    const inbox = connection.subscribe(packages.transport.createInbox(), {
      callback: (error, message) => {
        if (error !== null) return end(() => reject(error));
        const code = message.headers?.code ?? 0;
        // 204: that was all. 404: there is nothing.
        if (code === 204 || code === 404) return end(() => resolve(messages));
        if (code !== 0) return end(() => reject(new Error(reasonOf(message, code))));
        messages.push(message);
        timer.refresh();
      },
    });
    void inbox.closed.then(() => end(() => reject(new Error('the connection was closed'))));
    connection.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox.getSubject() });
  });
}

function reasonOf(message: Msg, code: number): string {
  if (code === 503) return 'no server that was reached has a replica';
  return `${code} ${message.headers?.description ?? ''}`;
}
