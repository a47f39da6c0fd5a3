import { type ReactNode, useState } from 'react';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Grid, Page } from '../../parts/page.tsx';
import { AdministratorsOnly } from '../users/administrators-only.tsx';
import { useVhostNames } from '../vhosts/use-vhost-names.ts';
import { ExportCard } from './export-card.tsx';
import { ImportCard } from './import-card.tsx';
import { ImportPreview } from './import-preview.tsx';
import type { ReadFile } from './read-file.ts';

export function DefinitionsPage(): ReactNode {
  const { shell, definitions: texts } = useTexts();
  const { isAdministrator } = useSession();
  return (
    <Page title={shell.definitions} lead={texts.lead}>
      {isAdministrator ? <Definitions /> : <AdministratorsOnly />}
    </Page>
  );
}

function Definitions(): ReactNode {
  const vhosts = useVhostNames();
  const [file, setFile] = useState<ReadFile>();
  const [into, setInto] = useState<string>();
  return (
    <>
      <Grid min="card">
        <ExportCard vhosts={vhosts} />
        <ImportCard
          vhosts={vhosts}
          into={into}
          onInto={setInto}
          onFile={(read) => {
            setFile(read);
            // a file of one vhost does not say where its queues go
            if (read?.vhost !== undefined && vhosts.includes(read.vhost)) setInto(read.vhost);
          }}
        />
      </Grid>
      {file !== undefined && <ImportPreview file={file} into={into} onDone={() => setFile(undefined)} />}
    </>
  );
}
