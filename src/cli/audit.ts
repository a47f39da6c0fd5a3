import { wholeNumber } from '../daemon/option-kinds.ts';
import { listAt, textAt } from './api/json-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { optionOr } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { fieldColumn, type ListColumn, printList } from './list-verb.ts';
import { visible } from './terminal/text-width.ts';

const COLUMNS: readonly ListColumn[] = [
  { ...fieldColumn('at', 'at'), isWhole: true },
  fieldColumn('user', 'username'),
  fieldColumn('from', 'remote_address', 2),
  fieldColumn('operation', 'operation'),
  fieldColumn('object', 'object'),
  {
    title: 'result',
    align: 'left',
    cell: (entry) => {
      const result = textAt(entry, 'result') ?? '';
      return { text: visible(result), style: result === 'done' ? 'plain' : 'yellow' };
    },
  },
  fieldColumn('detail', 'detail', 1),
];

export const auditCommand: Command = apiCommand({
  name: 'audit',
  summary: 'Say who changed what over HTTP',
  about: `
Lists the latest changes and log-ins over HTTP, the newest first. For users with
the tag administrator.`,
  verbs: [
    verb({
      name: '',
      summary: 'Say who changed what over HTTP',
      flags: { limit: optionOr(wholeNumber(1, 1000), 20, 'how many of them') },
      vhosts: 'none',
      async run(invocation) {
        const { api, flags } = invocation;
        const answer = await api.get(`/v1/audit?limit=${flags.limit}`);
        printList(invocation, { columns: COLUMNS, plural: 'changes yet' }, listAt(answer, 'entries'));
        return EXIT_OK;
      },
    }),
  ],
  examples: [['leveret audit --limit 5', 'the latest five']],
});
