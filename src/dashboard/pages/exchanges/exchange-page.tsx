import { type ReactNode, useState } from 'react';
import {
  bindingsFromPath,
  bindingsToPath,
  type ExchangeName,
  type ExchangeRow,
  exchangeInPath,
  exchangePath,
  isPredeclared,
} from '../../data/exchanges.ts';
import { useLive } from '../../data/live-data.tsx';
import { LAST_MINUTE } from '../../data/rate-curve.ts';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button, LinkButton } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Grid, Page } from '../../parts/page.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import { PublishDialog } from '../messages/publish-dialog.tsx';
import styles from '../queues/marks.module.css';
import { BindingsCard } from './bindings-card.tsx';
import { DeleteExchangeDialog } from './delete-exchange-dialog.tsx';
import { ExchangeFlow } from './exchange-flow.tsx';
import { ExchangeMarks } from './exchange-marks.tsx';
import { ExchangeSettings } from './exchange-settings.tsx';

export function ExchangePage({ vhost, name }: ExchangeName): ReactNode {
  const { exchanges } = useTexts();
  const answer = useLive<ExchangeRow>(exchangePath({ vhost, name }, LAST_MINUTE));
  const { data: exchange, error } = answer;
  const isThere = exchange !== undefined && error === null;
  return (
    <Page
      title={name === '' ? exchanges.defaultName : name}
      lead={
        <>
          <a href={href(['exchanges'])}>{exchanges.title}</a> {exchanges.inVhost(vhost)}
        </>
      }
      marks={
        isThere && (
          <>
            <Badge tone="accent">{exchange.type}</Badge>
            <ExchangeMarks exchange={exchange} />
          </>
        )
      }
      actions={isThere && <ExchangeActions exchange={exchange} />}
    >
      {error?.status === 404 ? (
        <Missing vhost={vhost} name={name} />
      ) : (
        <Answer of={answer} lines={8}>
          {(shown) => <ExchangeParts exchange={shown} />}
        </Answer>
      )}
    </Page>
  );
}

interface ExchangeProps {
  readonly exchange: ExchangeRow;
}

function ExchangeParts({ exchange }: ExchangeProps): ReactNode {
  const { exchanges } = useTexts();
  const { vhost, name } = exchange;
  const texts = exchanges.binding;
  return (
    <>
      {name !== '' && <ExchangeFlow exchange={exchange} />}
      {Object.keys(exchange.arguments).length > 0 && <ExchangeSettings exchange={exchange} />}
      <Grid min="wide">
        <BindingsCard
          title={texts.from}
          lead={name === '' ? exchanges.defaultLead : texts.fromLead}
          path={bindingsFromPath({ vhost, name })}
          at={{ vhost, end: 'from-exchange', name }}
          none={texts.noneFrom}
          noneWhy={texts.noneFromWhy}
        />
        {name !== '' && (
          <BindingsCard
            title={texts.to}
            lead={texts.toLead}
            path={bindingsToPath({ vhost, name })}
            at={{ vhost, end: 'to-exchange', name }}
            none={texts.noneTo}
          />
        )}
      </Grid>
    </>
  );
}

function ExchangeActions({ exchange }: ExchangeProps): ReactNode {
  const { exchanges } = useTexts();
  const session = useSession();
  const [dialog, setDialog] = useState<'publish' | 'delete'>();
  const { vhost, name, internal } = exchange;
  const close = (): void => setDialog(undefined);
  return (
    <>
      {!internal && session.may('write', vhost, exchangeInPath(name)) && (
        <Button kind="primary" icon="upload" onClick={() => setDialog('publish')}>
          {exchanges.publish}
        </Button>
      )}
      {!isPredeclared(name) && session.may('configure', vhost, name) && (
        <Button icon="remove" onClick={() => setDialog('delete')}>
          {exchanges.delete}
        </Button>
      )}
      {dialog === 'publish' && <PublishDialog vhost={vhost} exchange={name} onClose={close} />}
      {dialog === 'delete' && <DeleteExchangeDialog exchange={exchange} onClose={close} />}
    </>
  );
}

function Missing({ vhost, name }: ExchangeName): ReactNode {
  const { exchanges } = useTexts();
  return (
    <Card>
      <Empty title={exchanges.missing(name)} icon="exchange">
        <div className={styles['missing']}>
          <p>{exchanges.missingWhy(vhost)}</p>
          <LinkButton href={href(['exchanges'])}>{exchanges.toList}</LinkButton>
        </div>
      </Empty>
    </Card>
  );
}
