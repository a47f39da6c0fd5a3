import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { OptionError } from '../../daemon/option-error.ts';
import { text } from '../../daemon/option-kinds.ts';
import { asyncApiOf } from '../../services/asyncapi/async-api-of.ts';
import { type Command, EXIT_OK } from '../command.ts';
import { type Flag, option } from '../grammar/flags.ts';
import { amountOf } from '../terminal/quantity-texts.ts';
import { loadProject } from './load-project.ts';
import { findProject, packageOf } from './project.ts';
import { serviceCommand } from './service-command.ts';
import { ENTRY_FLAG } from './service-flags.ts';

const FLAGS: {
  readonly out: Flag<string | undefined>;
  readonly title: Flag<string | undefined>;
  readonly apiVersion: Flag<string | undefined>;
  readonly entry: Flag<string | undefined>;
} = {
  out: option(text('file'), 'write it there (standard output)'),
  title: option(text('text'), 'of the system (the name in package.json)'),
  apiVersion: option(text('text'), 'of its contracts (the version in package.json)'),
  entry: ENTRY_FLAG,
};

export const asyncapiCommand: Command = serviceCommand({
  name: 'asyncapi',
  summary: 'Print the AsyncAPI document of the services of a project',
  about: `
Prints the AsyncAPI 3.0 document of the services of a project: their exchanges,
queues and messages, with the JSON schemas of their payloads. Contracts that the
entry module exports and no service handles are described as what is sent.`,
  operands: [],
  flags: FLAGS,
  examples: [['leveret asyncapi --out asyncapi.json', 'into a file']],
  async run({ flags, output }) {
    const project = findProject(process.cwd(), flags.entry);
    const { units, contracts } = await loadProject(project);
    const { name = basename(project.root), version = '0.0.0' } = packageOf(project.root) ?? {};
    const document = asyncApiOf(units, {
      title: flags.title ?? name,
      version: flags.apiVersion ?? version,
      contracts,
    });
    const json = JSON.stringify(document, undefined, 2);
    if (flags.out === undefined) output.lines([json]);
    else {
      write(flags.out, `${json}\n`);
      output.remark(`Wrote ${amountOf(units.length, 'service')} to ${flags.out}.`);
    }
    return EXIT_OK;
  },
});

function write(path: string, json: string): void {
  try {
    writeFileSync(path, json);
  } catch (error) {
    throw new OptionError(`option --out: cannot write ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
