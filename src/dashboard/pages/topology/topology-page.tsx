import { type ReactNode, useState, useSyncExternalStore } from 'react';
import { useOnce } from '../../data/live-data.tsx';
import { useTopology } from '../../data/topology.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { CheckField, SearchField, SelectField } from '../../parts/fields.tsx';
import { Page } from '../../parts/page.tsx';
import { Failed, Loading } from '../../parts/states.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { href, replaceQuery, useRoute } from '../../route.ts';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { Topology } from './topology.tsx';
import styles from './topology-page.module.css';

/** `#/topology?vhost=/&view=table&filter=orders&builtin=1&ask=1&exchange=shop&key=order.paid` */
export function TopologyPage(): ReactNode {
  const { shell, topology } = useTexts();
  const { query } = useRoute();
  const { vhost, others } = useVhosts();
  const view = useView();
  const isAsking = query.has('ask') || query.has('exchange');
  return (
    <Page
      title={shell.topology}
      lead={vhost !== undefined && topology.lead(vhost)}
      actions={
        <Button
          icon="search"
          aria-expanded={isAsking}
          onClick={() =>
            replaceQuery(isAsking ? { ask: undefined, exchange: undefined, key: undefined } : { ask: 1 })
          }
        >
          {topology.ask.title}
        </Button>
      }
    >
      <Tools view={view} vhost={vhost} vhosts={others} />
      {vhost === undefined ? (
        <Loading lines={6} />
      ) : (
        <LoadedTopology key={vhost} vhost={vhost} view={view} isAsking={isAsking} />
      )}
    </Page>
  );
}

export type TopologyView = 'graph' | 'table';

interface ToolsProps {
  readonly view: TopologyView;
  readonly vhost: string | undefined;
  /** To choose from. */
  readonly vhosts: readonly string[];
}

function Tools({ view, vhost, vhosts }: ToolsProps): ReactNode {
  const { shell, topology } = useTexts();
  const { query } = useRoute();
  const [filter, setFilter] = useState(query.get('filter') ?? '');
  const to = (wanted: TopologyView): string =>
    href(['topology'], { ...Object.fromEntries(query), view: wanted });
  return (
    <div className={styles['tools']}>
      <Tabs
        label={topology.view}
        tabs={(['graph', 'table'] as const).map((each) => ({
          label: topology[each],
          href: to(each),
          current: each === view,
        }))}
      />
      <div className={styles['choices']}>
        {vhosts.length > 0 && (
          <span className={styles['vhost']}>
            <SelectField
              label={shell.vhost}
              hideLabel
              choices={vhosts.map((name) => ({ value: name, label: name }))}
              value={vhost ?? ''}
              onChange={(name) => replaceQuery({ vhost: name, exchange: undefined, key: undefined })}
            />
          </span>
        )}
        <SearchField
          label={topology.filter}
          value={filter}
          onChange={(text) => {
            setFilter(text);
            replaceQuery({ filter: text });
          }}
        />
        <CheckField
          label={topology.builtIn}
          value={query.has('builtin')}
          onChange={(on) => replaceQuery({ builtin: on ? 1 : undefined })}
        />
      </div>
    </div>
  );
}

function LoadedTopology({
  vhost,
  view,
  isAsking,
}: {
  readonly vhost: string;
  readonly view: TopologyView;
  readonly isAsking: boolean;
}): ReactNode {
  const { answers, error, retry } = useTopology(vhost);
  if (error !== null) return <Failed error={error} onRetry={retry} />;
  if (answers === undefined) return <Loading lines={8} />;
  return <Topology vhost={vhost} answers={answers} view={view} isAsking={isAsking} />;
}

interface Vhosts {
  /** A graph is of one vhost: when all are chosen, of the one in the address, `/`, or the first. Undefined: not known yet. */
  readonly vhost: string | undefined;
  /** Those to choose from here; none when one is chosen for all pages. */
  readonly others: readonly string[];
}

function useVhosts(): Vhosts {
  const { query } = useRoute();
  const chosen = useVhost();
  const { data } = useOnce<readonly { readonly name: string }[]>('/api/vhosts?columns=name');
  if (chosen !== undefined || data === undefined) return { vhost: chosen, others: [] };
  const names = data.map(({ name }) => name);
  const vhost = [query.get('vhost'), '/'].find((name) => name !== null && names.includes(name));
  return { vhost: vhost ?? names[0] ?? '/', others: names.length > 1 ? names : [] };
}

const narrow = window.matchMedia('(max-width: 720px)');

/** A table where there is no room for a graph, unless it is asked for. */
function useView(): TopologyView {
  const { query } = useRoute();
  const isNarrow = useSyncExternalStore(onNarrow, () => narrow.matches);
  const asked = query.get('view');
  if (asked === 'graph' || asked === 'table') return asked;
  return isNarrow ? 'table' : 'graph';
}

function onNarrow(listener: () => void): () => void {
  narrow.addEventListener('change', listener);
  return () => narrow.removeEventListener('change', listener);
}
