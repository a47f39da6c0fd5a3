import { NOT_FOUND } from '../codec/reply-codes.ts';
import { AccessControlError } from './access/access-control.ts';
import { PatternError } from './access/pattern-error.ts';
import { PolicyError } from './access/policies.ts';
import { type Definition, type DefinitionKind, definitionText } from './definitions/definition.ts';
import type { DefinitionSet } from './definitions/definition-set.ts';
import { ChannelError, ConnectionError } from './errors.ts';

/** Each needs only what comes before it. Policies come before what they apply to, so that each queue takes its own at once. */
const ORDER: readonly DefinitionKind[] = [
  'vhost',
  'user',
  'permission',
  'topic-permission',
  'global-parameter',
  'parameter',
  'policy',
  'operator-policy',
  'exchange',
  'queue',
  'binding',
];

/** Without one of these messages would be lost. */
const ESSENTIAL: readonly DefinitionKind[] = ['vhost', 'exchange', 'queue'];

/** A definition that cannot be made again. */
export interface LeftOutDefinition {
  readonly definition: Definition;
  /** What and why, for people to read. */
  readonly text: string;
  /** What it is about is gone: another one of the same name must not get it. */
  readonly isDangling: boolean;
}

/** An operating error: this version cannot make again what messages are in or go through, so it does not start and leaves it be. */
export class RestoreError extends Error {
  constructor(problem: string) {
    super(
      `cannot restore what was stored: ${problem}. No message and no definition was changed. Start the version of Leveret that wrote the data ` +
        'directory, or a newer one',
    );
    this.name = 'RestoreError';
  }
}

/**
 * Makes everything again that is defined. What cannot be made (a binding to a queue that did not survive, a policy that this
 * version refuses) is told to `onLeftOut` and left out: it must not keep the rest from coming back. But without its vhost, its
 * exchange or its queue a message would be lost, and nobody knows what an unreadable definition was: RestoreError.
 */
export function restoreDefinitions(
  definitions: DefinitionSet,
  restore: (definition: Definition) => void,
  onLeftOut: (leftOut: LeftOutDefinition) => void,
): void {
  const [unreadable] = definitions.problems;
  if (unreadable !== undefined) throw new RestoreError(`a definition cannot be read: ${unreadable}`);
  for (const kind of ORDER) {
    for (const definition of definitions) {
      if (definition.kind === kind) restoreOne(definition, restore, onLeftOut);
    }
  }
}

function restoreOne(
  definition: Definition,
  restore: (definition: Definition) => void,
  onLeftOut: (leftOut: LeftOutDefinition) => void,
): void {
  try {
    restore(definition);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (ESSENTIAL.includes(definition.kind))
      throw new RestoreError(`${definitionText(definition)}: ${error.message}`);
    const text = `${definitionText(definition)} is left out: ${error.message}`;
    onLeftOut({ definition, text, isDangling: isNotFound(error) });
  }
}

function isNotFound(error: Error): boolean {
  if (error instanceof AccessControlError) return error.code === 'user-not-found';
  return error instanceof ChannelError && error.replyCode === NOT_FOUND;
}

/** What says that something cannot be. Anything else that is thrown is a defect of the broker. */
function isRefusal(error: unknown): error is Error {
  return (
    error instanceof ChannelError ||
    error instanceof ConnectionError ||
    error instanceof AccessControlError ||
    error instanceof PatternError ||
    error instanceof PolicyError
  );
}
