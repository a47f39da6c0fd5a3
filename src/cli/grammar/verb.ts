import { text } from '../../daemon/option-kinds.ts';
import { ApiClient } from '../api/api-client.ts';
import { CONNECTION_FLAGS, type ConnectionValues, targetOf } from '../api/connection-flags.ts';
import { Output } from '../terminal/output.ts';
import { type Flag, type Flags, type FlagValues, option } from './flags.ts';
import { type Operand, readWords } from './read-words.ts';

/** What a verb works with. */
export interface Invocation<F extends Flags> {
  readonly api: ApiClient;
  readonly output: Output;
  readonly flags: FlagValues<F>;
  readonly operands: readonly string[];
  /** `--vhost`, or `/`. */
  readonly vhost: string;
  /** `--vhost`, when it was given. */
  readonly givenVhost: string | undefined;
  readonly json: boolean;
}

/** What one verb of a command does, or a command without verbs. */
export interface VerbDefinition<F extends Flags> {
  /** Empty for a command without verbs. */
  readonly name: string;
  /** One line for the help of the command. */
  readonly summary: string;
  readonly operands?: readonly Operand[];
  readonly flags: F;
  /** `vhost`: it acts in one; `vhosts`: in all unless one is named; `none`: it has nothing to do with them. */
  readonly vhosts: 'vhost' | 'vhosts' | 'none';
  /** Resolves to the exit code. */
  run(invocation: Invocation<F>): Promise<number>;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly Operand[];
  /** Those of its own. */
  readonly flags: Flags;
  /** Those that many commands have. */
  readonly sharedFlags: Flags;
  /** Resolves to the exit code. Throws `OptionError`, `ApiFailure`. */
  invoke(args: readonly string[]): Promise<number>;
}

const VHOST_FLAGS: Readonly<
  Record<VerbDefinition<Flags>['vhosts'], Readonly<Record<string, Flag<string | undefined>>>>
> = {
  vhost: { vhost: vhostFlag('the vhost (/)') },
  vhosts: { vhost: vhostFlag('only this vhost (all)') },
  none: {},
};

export function verb<F extends Flags>(definition: VerbDefinition<F>): Verb {
  const { name, summary, operands = [], flags, vhosts } = definition;
  const sharedFlags = { ...VHOST_FLAGS[vhosts], ...CONNECTION_FLAGS };
  const invoke = async (args: readonly string[]): Promise<number> => {
    const words = readWords(args, { ...sharedFlags, ...flags } as Flags, operands, process.env);
    const values = words.flags as FlagValues<F> & ConnectionValues & { readonly vhost?: string };
    const api = new ApiClient(await targetOf(values));
    const output = new Output(process.stdout, process.stderr);
    const { vhost: givenVhost, json } = values;
    const vhost = givenVhost ?? '/';
    try {
      return await definition.run({
        api,
        output,
        flags: values,
        operands: words.operands,
        vhost,
        givenVhost,
        json,
      });
    } finally {
      api.close();
    }
  };
  return { name, summary, operands, flags, sharedFlags, invoke };
}

function vhostFlag(doc: string): Flag<string | undefined> {
  return { ...option(text('name'), doc), variable: 'LEVERET_VHOST' };
}
