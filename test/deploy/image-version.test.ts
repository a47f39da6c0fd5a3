import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deployText, ROOT } from './deploy-files.ts';

it.each([
  ['README.md', /leveret[:-](\d+\.\d\S*?)(?:\.tgz|\s)/g],
  ['Dockerfile', /leveret:(\d\S*)/g],
  ['compose.yaml', /leveret:(\d\S*)/g],
  ['compose.services.yaml', /leveret:(\d\S*)/g],
  ['compose.cluster.yaml', /leveret:(\d\S*)/g],
  ['kubernetes/broker/kustomization.yaml', /newTag: (\S+)/g],
  ['kubernetes/cluster/kustomization.yaml', /newName: \S+\/leveret\n +newTag: (\S+)/g],
  ['kubernetes/worker/kustomization.yaml', /newTag: (\S+)/g],
])('deploy/%s names the version of the package', (file, version) => {
  const found = [...deployText(file).matchAll(version)].map((match) => match[1]);
  const packaged = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;
  expect(new Set(found)).toEqual(new Set([packaged]));
});
