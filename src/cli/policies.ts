import { OptionError } from '../daemon/option-error.ts';
import { oneOf } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { numberAt, textAt } from './api/json-fields.ts';
import { readList } from './api/read-list.ts';
import { change } from './change.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { jsonObject, kindOf, objectOf, pair } from './grammar/flag-kinds.ts';
import { type Flag, list, option, optionOr, toggle } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import {
  fieldColumn,
  type ListColumn,
  listVerb,
  numberColumn,
  printList,
  textColumn,
  VHOST_COLUMN,
} from './list-verb.ts';
import { pairsText } from './terminal/name-texts.ts';
import { numberText } from './terminal/quantity-texts.ts';

const COLUMNS: readonly ListColumn[] = [
  VHOST_COLUMN,
  fieldColumn('name', 'name'),
  fieldColumn('pattern', 'pattern'),
  fieldColumn('applies to', 'apply-to', 1),
  numberColumn('priority', (policy) => numberAt(policy, 'priority'), numberText),
  textColumn('definition', (policy) => pairsText(policy, 'definition')),
];

const OPERATOR_FLAG: { readonly operator: Flag<boolean> } = {
  operator: toggle('operator policies: they limit what policies and arguments say'),
};

const integer = kindOf('number', 'a whole number', (found) =>
  /^-?\d{1,9}$/.test(found) ? Number(found) : undefined,
);

export const policiesCommand: Command = apiCommand({
  name: 'policies',
  summary: 'List, set and delete policies',
  about: `
Lists policies: what they define holds for all queues or exchanges whose names
match the pattern, which is a regular expression. Of several that match, the one
with the highest priority counts.`,
  verbs: [
    listVerb({
      path: 'policies',
      plural: 'policies',
      summary: 'list policies',
      columns: COLUMNS,
      nameOf: (policy) => textAt(policy, 'name'),
    }),
    verb({
      name: 'operator',
      summary: 'list operator policies',
      flags: {},
      vhosts: 'vhosts',
      async run(invocation) {
        const { api, givenVhost } = invocation;
        const scope = givenVhost === undefined ? '' : `/${segment(givenVhost)}`;
        const found = await readList(api, `/api/operator-policies${scope}`);
        printList(invocation, { columns: COLUMNS, plural: 'operator policies' }, found);
        return EXIT_OK;
      },
    }),
    verb({
      name: 'set',
      summary: 'make a policy, or change it',
      operands: [{ name: 'POLICY' }, { name: 'PATTERN' }],
      flags: {
        define: list(pair('name=value'), 'what it defines, like max-length=1000; can be repeated'),
        definition: option(jsonObject('json'), 'all that it defines as JSON'),
        applyTo: optionOr(
          oneOf(['queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges', 'all'], 'kind'),
          'all',
          'queues, classic_queues, quorum_queues, streams, exchanges or all',
        ),
        priority: optionOr(integer, 0, 'of several that match, the highest counts'),
        ...OPERATOR_FLAG,
      },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags,
          operands: [name = '', pattern = ''],
        } = invocation;
        const definition = { ...flags.definition, ...objectOf(flags.define) };
        if (Object.keys(definition).length === 0) {
          throw new OptionError('the policy defines nothing: say what, as in --define max-length=1000');
        }
        const body = { pattern, definition, priority: flags.priority, 'apply-to': flags.applyTo };
        const path = policyPath(flags.operator, vhost, name);
        const done = `Set ${policyText(flags.operator, vhost, name)}.`;
        return change(invocation, { method: 'PUT', path, body, about: `vhost '${vhost}'` }, done);
      },
    }),
    verb({
      name: 'delete',
      summary: 'delete a policy',
      operands: [{ name: 'POLICY' }],
      flags: OPERATOR_FLAG,
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags,
          operands: [name = ''],
        } = invocation;
        const about = policyText(flags.operator, vhost, name);
        const path = policyPath(flags.operator, vhost, name);
        return change(invocation, { method: 'DELETE', path, about }, `Deleted ${about}.`);
      },
    }),
  ],
  examples: [
    [
      "leveret policies set short '^mail' --define max-length=1000 --define overflow=reject-publish",
      'a limit',
    ],
    ["leveret policies set keep '' --define outcome-ttl=86400000", 'keep all outcomes for a day'],
  ],
});

function policyPath(isOperator: boolean, vhost: string, name: string): string {
  return `/api/${isOperator ? 'operator-' : ''}policies/${segment(vhost)}/${segment(name)}`;
}

function policyText(isOperator: boolean, vhost: string, name: string): string {
  return `${isOperator ? 'operator ' : ''}policy '${name}' in vhost '${vhost}'`;
}
