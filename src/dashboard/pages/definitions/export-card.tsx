import { type ReactNode, useState } from 'react';
import { definitionsPath, fileNameOf } from '../../data/definitions.ts';
import { requestText } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import styles from './definitions.module.css';
import { VhostOrAll } from './vhost-or-all.tsx';

export function ExportCard({ vhosts }: { readonly vhosts: readonly string[] }): ReactNode {
  const { definitions: texts } = useTexts();
  const [vhost, setVhost] = useState<string>();
  const download = useAction(
    async () => {
      const name = fileNameOf(vhost, new Date());
      keepAsFile(await requestText(definitionsPath(vhost)), name);
      return name;
    },
    { done: texts.downloaded },
  );
  return (
    <Card title={texts.export}>
      <div className={styles['form']}>
        <VhostOrAll label={texts.what} all={texts.all} vhosts={vhosts} value={vhost} onChange={setVhost} />
        <p className={styles['lead']}>{vhost === undefined ? texts.exportLead : texts.exportVhostLead}</p>
        <div>
          <Button
            kind="primary"
            icon="download"
            busy={download.isPending}
            onClick={() => download.mutate(undefined)}
          >
            {texts.download}
          </Button>
        </div>
      </div>
    </Card>
  );
}

function keepAsFile(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
