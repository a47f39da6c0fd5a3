import { text } from '../daemon/option-kinds.ts';
import { handOver } from './cluster-handover.ts';
import { initVerb } from './cluster-init.ts';
import { clusterLines, isServed, readCluster } from './cluster-status.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { option } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { spanText } from './terminal/quantity-texts.ts';
import { visible } from './terminal/text-width.ts';

export const clusterCommand: Command = apiCommand({
  name: 'cluster',
  summary: 'Look after nodes that share a log: status, handover, init',
  about: `
Nodes that share a replicated log are a cluster: one of them owns the log and
works, the others stand by and pass clients on. status shows them, and the
streams that the log is kept in; handover gives the log to another node; init
makes the streams on the NATS servers, once, before the first node starts.`,
  verbs: [
    verb({
      name: 'status',
      summary: 'show who owns the log, the nodes and the streams; exit code 1 when clients are not served',
      flags: {},
      vhosts: 'none',
      async run({ api, output, json }) {
        const view = await readCluster(api);
        if (json) output.json(view);
        else output.lines(clusterLines(output, view));
        return isServed(view) ? EXIT_OK : EXIT_FAILURE;
      },
    }),
    verb({
      name: 'handover',
      summary: 'give the log to another node, and wait until that serves clients',
      flags: { to: option(text('node'), 'the node that is to own the log (whichever is there)') },
      vhosts: 'none',
      async run({ api, output, flags, json }) {
        const result = await handOver(api, flags.to);
        const took = spanText(result.unservedMs / 1000);
        if (json) output.json(result);
        else {
          output.lines([
            visible(
              `Node '${result.from}' gave the log to node '${result.to}': nobody was served for ${took}.`,
            ),
          ]);
        }
        return EXIT_OK;
      },
    }),
    initVerb,
  ],
  examples: [
    ['leveret cluster', 'who owns the log, and is everything in step?'],
    ['leveret cluster handover --to b', 'before work on the machine of the owner'],
    ['leveret cluster init --nats nats://n1,nats://n2,nats://n3', 'make what a cluster needs, once'],
  ],
});
