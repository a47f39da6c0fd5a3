import { type ReactNode, useDeferredValue, useEffect, useMemo } from 'react';
import { exchangeFromPath, exchangeInPath } from '../../data/exchanges.ts';
import {
  type RouteQuestion as Question,
  type TopologyAnswers,
  useRouteExplanation,
} from '../../data/topology.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { classNames } from '../../parts/class-names.ts';
import { Banner, Empty } from '../../parts/states.tsx';
import { replaceQuery, useRoute } from '../../route.ts';
import { buildGraph } from './graph.ts';
import { Legend } from './legend.tsx';
import { RouteAnswer } from './route-answer.tsx';
import { routePath } from './route-path.ts';
import { RouteQuestion } from './route-question.tsx';
import {
  chooseNodes,
  type Marked,
  NOTHING_MARKED,
  type ShownGraph,
  type ShownOptions,
  shownGraph,
  structureKey,
} from './shown-graph.ts';
import { TopologyGraph } from './topology-graph.tsx';
import styles from './topology-page.module.css';
import type { TopologyView } from './topology-page.tsx';
import { TopologyTable } from './topology-table.tsx';

/** Beyond it a graph says nothing any more, and takes seconds to lay out. */
const NODES_MAX = 400;

interface TopologyProps {
  readonly vhost: string;
  readonly answers: TopologyAnswers;
  readonly view: TopologyView;
  readonly isAsking: boolean;
}

export function Topology({ vhost, answers, view, isAsking }: TopologyProps): ReactNode {
  const { query } = useRoute();
  const { explanation, asked, ask } = useAsked(vhost, answers);
  const answer = isAsking ? explanation.data : undefined;
  const path = useMemo(() => (answer === undefined ? undefined : routePath(answer)), [answer]);
  const filter = useDeferredValue(query.get('filter') ?? '');
  const withBuiltIn = query.has('builtin');
  const shown = useShownGraph(answers, { filter, withBuiltIn, nodesMax: NODES_MAX }, path ?? NOTHING_MARKED);
  return (
    <>
      <LeftOut shown={shown} />
      <div className={classNames(styles['body'], isAsking && styles['asking'])}>
        <Drawn
          vhost={vhost}
          shown={shown}
          path={path}
          view={view}
          filter={filter}
          viewKey={`${filter}\n${withBuiltIn}\n${isAsking}`}
        />
        {isAsking && (
          <AskCard>
            <RouteQuestion
              asked={asked}
              vhost={vhost}
              exchanges={answers.exchanges.map(({ name }) => name)}
              busy={explanation.isPending}
              error={explanation.error}
              onAsk={ask}
            />
            <div aria-live="polite">
              {answer !== undefined && <RouteAnswer vhost={vhost} answer={answer} />}
            </div>
          </AskCard>
        )}
      </div>
    </>
  );
}

interface Asked {
  readonly explanation: ReturnType<typeof useRouteExplanation>;
  readonly asked: Pick<Question, 'exchange' | 'routingKey'> | undefined;
  readonly ask: (question: Question) => void;
}

/** The question is in the address, so that a link may hold one: it is asked at once, where there is such an exchange. */
function useAsked(vhost: string, { exchanges }: TopologyAnswers): Asked {
  const { query } = useRoute();
  const explanation = useRouteExplanation();
  const { mutate } = explanation;
  const named = query.get('exchange');
  const exchange = named === null ? null : exchangeFromPath(named);
  const isThere = exchanges.some(({ name }) => name === exchange);
  const asked = exchange !== null && isThere ? { exchange, routingKey: query.get('key') ?? '' } : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: who asks later asks with the form
  useEffect(() => {
    if (asked !== undefined) mutate({ ...asked, vhost, headers: {} });
  }, []);
  const ask = (question: Question): void => {
    // what is empty is left out of an address
    replaceQuery({ ask: 1, exchange: exchangeInPath(question.exchange), key: question.routingKey });
    mutate(question);
  };
  return { explanation, asked, ask };
}

function AskCard({ children }: { readonly children: ReactNode }): ReactNode {
  const { topology } = useTexts();
  return (
    <div className={styles['ask']}>
      <Card title={topology.ask.title}>{children}</Card>
    </div>
  );
}

/** Built for every answer, but chosen anew only when something comes or goes. */
function useShownGraph(
  answers: TopologyAnswers,
  { filter, withBuiltIn, nodesMax }: ShownOptions,
  marked: Marked,
): ShownGraph {
  const graph = useMemo(() => buildGraph(answers), [answers]);
  const structure = useMemo(() => structureKey(graph), [graph]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the structure stands for the graph
  const choice = useMemo(
    () => chooseNodes(graph, { withBuiltIn, filter, nodesMax }),
    [structure, withBuiltIn, filter, nodesMax],
  );
  return useMemo(() => shownGraph(graph, choice, withBuiltIn, marked), [graph, choice, withBuiltIn, marked]);
}

function LeftOut({ shown: { nodes, total } }: { readonly shown: ShownGraph }): ReactNode {
  const { topology } = useTexts();
  const formats = useFormats();
  if (nodes.length >= total) return null;
  return (
    <Banner tone="warn" title={topology.leftOut(formats.count(nodes.length), formats.count(total))}>
      {topology.leftOutWhy}
    </Banner>
  );
}

interface DrawnProps {
  readonly vhost: string;
  readonly shown: ShownGraph;
  readonly path: Marked | undefined;
  readonly view: TopologyView;
  readonly filter: string;
  readonly viewKey: string;
}

function Drawn({ vhost, shown, path, view, filter, viewKey }: DrawnProps): ReactNode {
  const { parts, topology } = useTexts();
  if (shown.nodes.length === 0)
    return (
      <Card>
        {filter === '' ? (
          <Empty icon="topology" title={topology.nothing}>
            {topology.nothingWhy}
          </Empty>
        ) : (
          <Empty icon="search" title={parts.nothingMatches(filter)} />
        )}
      </Card>
    );
  if (view === 'table') return <TopologyTable vhost={vhost} shown={shown} />;
  return (
    <Card flush>
      <TopologyGraph vhost={vhost} shown={shown} path={path} viewKey={viewKey} />
      <Legend />
    </Card>
  );
}
