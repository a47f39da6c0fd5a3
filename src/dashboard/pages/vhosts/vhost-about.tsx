import type { ReactNode } from 'react';
import type { VhostRow } from '../../data/vhosts.ts';
import { useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { KeyValues } from '../../parts/key-values.tsx';
import { VhostTags } from './vhost-name.tsx';

export function VhostAbout({ vhost }: { readonly vhost: VhostRow }): ReactNode {
  const { vhosts: texts } = useTexts();
  const { description, tags, default_queue_type: type } = vhost;
  const typeText = type === 'classic' || type === 'quorum' ? texts.queueTypes[type] : type;
  return (
    <Card title={texts.about}>
      <KeyValues
        rows={[
          { key: texts.description, value: description === '' ? texts.none : description },
          { key: texts.tags, value: tags.length === 0 ? texts.none : <VhostTags tags={tags} /> },
          { key: texts.queueType, value: typeText },
        ]}
      />
    </Card>
  );
}
