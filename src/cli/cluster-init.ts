import type { InitOnServersResult } from '../cluster/init-on-servers.ts';
import { OptionError } from '../daemon/option-error.ts';
import type { OptionKind } from '../daemon/option-kinds.ts';
import { byteSize } from '../daemon/option-kinds.ts';
import { OPTIONS } from '../daemon/options.ts';
import { EXIT_FAILURE, EXIT_OK } from './command.ts';
import { reportFailure } from './failure-report.ts';
import { kindOf } from './grammar/flag-kinds.ts';
import { type Flag, option, optionOr, orVariable, toggle } from './grammar/flags.ts';
import { readWords } from './grammar/read-words.ts';
import type { Verb } from './grammar/verb.ts';
import { Output } from './terminal/output.ts';

const REPLICAS_DEFAULT = 3;
const replicaCount = kindOf('number', '3 or 5; 1 where losing everything is allowed', (text) =>
  ['1', '3', '5'].includes(text) ? Number(text) : undefined,
);

/** As `leveret serve` takes them. */
const FLAGS = {
  nats: servers(OPTIONS.nats.kind, OPTIONS.nats.default),
  natsCredentials: orVariable(
    option(OPTIONS.natsCredentials.kind, 'a credentials file (.creds) to log in with'),
    'LEVERET_NATS_CREDENTIALS',
  ),
  natsCa: orVariable(
    option(OPTIONS.natsCa.kind, 'the certificates to check those of the servers against, in PEM'),
    'LEVERET_NATS_CA',
  ),
  clusterName: orVariable(
    optionOr(OPTIONS.clusterName.kind, OPTIONS.clusterName.default, 'the name of the cluster'),
    'LEVERET_CLUSTER_NAME',
  ),
  replicas: optionOr(replicaCount, REPLICAS_DEFAULT, 'on how many servers each stream is'),
  maxBytes: option(
    byteSize(2 ** 20, 2 ** 50),
    'what each of the two parts of the log may take on a server (no limit but the disk)',
  ),
} as const;

const OUTPUT_FLAGS = { json: toggle('print JSON') };

/** It speaks to the servers of NATS: there is no node yet that could be asked. */
export const initVerb: Verb = {
  name: 'init',
  summary: 'make what a cluster needs on the NATS servers, where it is missing',
  operands: [],
  flags: FLAGS,
  sharedFlags: OUTPUT_FLAGS,
  async invoke(args) {
    const { flags } = readWords(args, { ...FLAGS, ...OUTPUT_FLAGS }, [], process.env);
    const output = new Output(process.stdout, process.stderr);
    const { initOnServers } = await import('../cluster/init-on-servers.ts');
    const result = await initOnServers({
      servers: flags.nats,
      cluster: flags.clusterName,
      replicas: flags.replicas,
      ...(flags.natsCredentials && { credentials: flags.natsCredentials }),
      ...(flags.natsCa && { ca: flags.natsCa }),
      ...(flags.maxBytes !== undefined && { maxBytes: flags.maxBytes }),
      onEvent: ({ text }) => output.remark(text),
    });
    return report(result, output, flags.json);
  },
};

function report(result: InitOnServersResult, output: Output, json: boolean): number {
  if (result.kind === 'refused') return reportFailure('leveret cluster', result, EXIT_FAILURE);
  if (json) output.json(result.streams);
  else {
    output.lines(
      result.streams.map(({ what, isNew }) =>
        isNew ? `Made ${what}.` : `There is ${what} already, as it must be.`,
      ),
    );
  }
  return EXIT_OK;
}

/** Users and passwords may be in the URLs: they are not repeated in messages. */
function servers(kind: OptionKind<readonly string[]>, initial: readonly string[]): Flag<readonly string[]> {
  return {
    placeholder: kind.placeholder,
    doc: 'the servers, with commas between them',
    initial,
    initialText: initial.join(','),
    variable: 'LEVERET_NATS',
    read: (source, text) => {
      const found = kind.fromText(text);
      if (found !== undefined) return found;
      throw new OptionError(`${source}: one of the servers has no name; allowed: ${kind.allowed}`);
    },
  };
}
