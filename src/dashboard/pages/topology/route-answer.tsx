import type { ReactNode } from 'react';
import type {
  ExplainedBinding,
  ExplainedExchange,
  ExplainedQueue,
  RouteExplanation,
} from '../../data/topology.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Banner } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import { exchangeHref, exchangeLabel } from './node-face.ts';
import styles from './route-answer.module.css';

interface AnswerProps<T> {
  readonly vhost: string;
  readonly answer: T;
}

/** Where the message would go, and why. The reasons are the broker's own words. */
export function RouteAnswer({ vhost, answer }: AnswerProps<RouteExplanation>): ReactNode {
  const { topology } = useTexts();
  return (
    <div className={styles['answer']}>
      <Verdict answer={answer} />
      {answer.queues.length > 0 && (
        <section className={styles['section']}>
          <h3>{topology.ask.queues}</h3>
          <ul className={styles['list']}>
            {answer.queues.map((queue) => (
              <QueueReached key={queue.queue} vhost={vhost} answer={queue} />
            ))}
          </ul>
        </section>
      )}
      {answer.exchanges.map((exchange) => (
        <ExchangePassed key={exchange.exchange} vhost={vhost} answer={exchange} />
      ))}
    </div>
  );
}

function Verdict({ answer }: { readonly answer: RouteExplanation }): ReactNode {
  const { ask } = useTexts().topology;
  const { permission, queues, result } = answer;
  if (!permission.allowed)
    return (
      <Banner tone="bad" title={ask.refused}>
        {permission.why}
      </Banner>
    );
  if (result.startsWith('repeated')) return <Banner tone="warn" title={ask.repeated} />;
  if (queues.length === 0)
    return (
      <Banner tone="warn" title={ask.unroutable}>
        {ask.unroutableWhy}
      </Banner>
    );
  const refusing = queues.filter(({ takes }) => !takes).length;
  return (
    <Banner tone={refusing > 0 ? 'warn' : 'good'} title={ask.routed(queues.length)}>
      {refusing > 0 && ask.refusing(refusing)}
    </Banner>
  );
}

function QueueReached({ vhost, answer }: AnswerProps<ExplainedQueue>): ReactNode {
  const { ask } = useTexts().topology;
  const { queue, by_chance, takes, notes } = answer;
  return (
    <li className={styles['item']}>
      <a href={href(['queues', vhost, queue])}>{queue}</a>
      {by_chance && <Badge tone="accent">{ask.byChance}</Badge>}
      {!takes && <Badge tone="bad">{ask.wouldRefuse}</Badge>}
      {notes.map(({ code, text }) => (
        <p key={code} className={styles['why']}>
          {text}
        </p>
      ))}
    </li>
  );
}

function ExchangePassed({ vhost, answer }: AnswerProps<ExplainedExchange>): ReactNode {
  const { topology } = useTexts();
  const formats = useFormats();
  const { exchange, bindings, bindings_matched, bindings_total, alternate_exchange: alternate } = answer;
  const hidden = bindings_total - bindings.length;
  return (
    <section className={styles['section']}>
      <h3>
        {topology.ask.bindingsOf}{' '}
        <a href={exchangeHref(vhost, exchange)}>{exchangeLabel(exchange, topology)}</a>
      </h3>
      <p className={styles['why']}>
        {topology.ask.matched(formats.count(bindings_matched), formats.count(bindings_total))}
      </p>
      <ul className={styles['list']}>
        {bindings.map((binding, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: bindings differ in arguments only, too
          <BindingTried key={at} binding={binding} />
        ))}
        {alternate !== null && <AlternateTried vhost={vhost} alternate={alternate} />}
      </ul>
      {hidden > 0 && bindings_matched < bindings_total && (
        <p className={styles['why']}>{topology.ask.more(formats.count(hidden))}</p>
      )}
    </section>
  );
}

function BindingTried({ binding }: { readonly binding: ExplainedBinding }): ReactNode {
  const { ask } = useTexts().topology;
  const { destination, matched, why } = binding;
  return (
    <li className={styles['item']}>
      <span className={matched === false ? styles['unmatched'] : styles['name']}>{destination}</span>
      <Badge tone={matched === true ? 'good' : matched === false ? 'plain' : 'accent'}>
        {matched === true ? ask.matches : matched === false ? ask.doesNotMatch : ask.byChance}
      </Badge>
      <p className={styles['why']}>{why}</p>
    </li>
  );
}

function AlternateTried({
  vhost,
  alternate,
}: {
  readonly vhost: string;
  readonly alternate: NonNullable<ExplainedExchange['alternate_exchange']>;
}): ReactNode {
  const { topology } = useTexts();
  const { name, used, why } = alternate;
  return (
    <li className={styles['item']}>
      <span>
        {topology.edgeKinds.alternate} <a href={exchangeHref(vhost, name)}>{exchangeLabel(name, topology)}</a>
      </span>
      <Badge tone={used ? 'good' : 'plain'}>{used ? topology.ask.used : topology.ask.notUsed}</Badge>
      <p className={styles['why']}>{why}</p>
    </li>
  );
}
