import { showBytes } from './option-kinds.ts';
import {
  environmentVariable,
  fileKey,
  flagOf,
  OPTION_GROUPS,
  OPTION_NAMES,
  OPTIONS,
  type OptionGroup,
  type OptionName,
  optionDefinition,
} from './options.ts';

const HELP_COLUMNS = 80;
const HELP_INDENT = 6;

/** The options part of `leveret serve --help`, in groups, at most 80 columns wide. */
export function optionsHelp(): string {
  return OPTION_GROUPS.map((group) => `${group}:\n${namesIn(group).map(helpOf).join('\n')}`).join('\n\n');
}

function helpOf(name: OptionName): string {
  const { kind, doc } = optionDefinition(name);
  const text = wrap(`${doc} Default: ${showDefault(name)}.`, HELP_COLUMNS - HELP_INDENT);
  return `  ${flagOf(name)} <${kind.placeholder}>\n${indent(text)}`;
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => ' '.repeat(HELP_INDENT) + line).join('\n');
}

/** Breaks a text into lines of at most `columns` characters. */
export function wrap(paragraph: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

/** docs/configuration.md, whole. A test keeps the file equal to it. */
export function optionsPage(): string {
  const groups = OPTION_GROUPS.map((group) => `## ${group}\n\n${namesIn(group).map(sectionOf).join('\n\n')}`);
  return `${PAGE_START}\n\n${groups.join('\n\n')}\n`;
}

function sectionOf(name: OptionName): string {
  const { kind, doc, embedded, embeddedDefaultText } = optionDefinition(name);
  const exception = embeddedDefaultText === undefined ? '' : `; of \`startBroker\`: ${embeddedDefaultText}`;
  return [
    `### \`${flagOf(name)}\``,
    '',
    doc,
    '',
    `| default | allowed | environment | file key | \`startBroker\` |`,
    '|---|---|---|---|---|',
    `| ${[
      `${showDefault(name)}${exception}`,
      kind.allowed,
      `\`${environmentVariable(name)}\``,
      `\`${fileKey(name)}\``,
      `\`${embedded ?? name}\``,
    ].join(' | ')} |`,
  ].join('\n');
}

function namesIn(group: OptionGroup): OptionName[] {
  return OPTION_NAMES.filter((name) => optionDefinition(name).group === group);
}

function showDefault(name: OptionName): string {
  const definition = optionDefinition(name);
  if (definition.defaultText) return definition.defaultText;
  const value = OPTIONS[name].default;
  if (definition.kind.placeholder === 'size') return showBytes(Number(value));
  return `${value}${definition.unit ? ` ${definition.unit}` : ''}`;
}

const PAGE_START = `# Configuration

Every option can be set in four places. The first one that sets it wins:

1. a flag: \`leveret serve --amqp-port 5673\`, or from a clone of the project \`npm start -- --amqp-port 5673\`;
2. an environment variable: \`LEVERET_AMQP_PORT=5673\`;
3. a configuration file in JSON, named by \`--config leveret.json\` or \`LEVERET_CONFIG\`: \`{"amqp-port": 5673}\`;
4. the default.

A broker inside your own program takes the same options in camelCase, from its own code only:
\`startBroker({ amqpPort: 5673 })\`; see [embedding](embedding.md).

An option that is not known, or a value that is not allowed, stops the start with one line, \`leveret: BAD_OPTION: ...\`, that
names the option, the value and what is allowed, and exit code 2. Unknown environment variables are ignored, and an empty one counts as unset
(except \`LEVERET_LOOPBACK_USERS\`, where it means that there are no such users). Kubernetes sets variables for each
service in a namespace, so for a service called \`leveret-amqp\` it sets \`LEVERET_AMQP_PORT\` to a URL: give such a service
another name, or set \`enableServiceLinks: false\` in the pod.

Sizes are in bytes, or have a unit: KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024), in capitals or
not. A letter alone, as in 32M, is refused: programs differ in what it means. Shares of the memory are numbers like 0.4, or
in percent: 40%.

A relative path, of \`--config\` or of \`--data-dir\`, starts at the working directory of the process, also when it stands in
the configuration file: give a service absolute ones. \`leveret serve\` prints the absolute path of the data directory. A
path with \`~\` in front is expanded by shells only, and by most of them only where a word begins with it:
\`--data-dir ~/data\` works, but \`--data-dir=~/data\` is refused, and so is the same in a file.

This page is made from the table in \`src/daemon/options.ts\`.`;
