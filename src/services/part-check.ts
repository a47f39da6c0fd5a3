import type { Part } from './part.ts';
import type { SagaDefinition } from './saga.ts';
import { jobType, timerType } from './wire.ts';

/** Throws `TypeError` for parts that cannot be one service. */
export function checkParts(service: string, parts: readonly Part[]): void {
  const handledBy = new Map<string, string>();
  for (const part of parts) {
    checkOwner(service, part);
    if (part.part === 'saga') checkSaga(service, part.definition);
    checkName(service, part, parts);
    for (const contract of contractsOf(part)) {
      const other = handledBy.get(contract);
      if (other !== undefined) throw handledTwice(service, contract, other, textOf(part));
      handledBy.set(contract, textOf(part));
    }
  }
}

/** Those of the toolkit among them: a contract of the same name would be taken for one of its messages. */
function contractsOf(part: Part): readonly string[] {
  if (part.part === 'recurring') return [jobType(part.service, part.name)];
  if (part.part !== 'saga') return [part.contract.name];
  const contracts = part.definition.transitions.map(({ contract }) => contract.name);
  return [...contracts, timerType(part.service, part.name)];
}

function textOf(part: Part): string {
  if (part.part === 'recurring') return `the recurring job '${part.name}'`;
  if (part.part === 'saga') return `the saga '${part.name}'`;
  return `the ${part.part === 'batch' ? 'batch handler' : 'handler'} of '${part.name}'`;
}

/** It expects the database and the cache of the service that made it. */
function checkOwner(service: string, part: Part): void {
  if (part.service === service) return;
  throw new TypeError(
    `service '${service}' got ${textOf(part)}, which was made by service '${part.service}'; allowed: parts of its own; give it to '${part.service}'.with(...), or make it with service '${service}'`,
  );
}

function checkSaga(service: string, { name, transitions, timers, timeouts }: SagaDefinition): void {
  const saga = `saga '${name}' of service '${service}'`;
  if (!transitions.some(({ starts }) => starts)) {
    throw new TypeError(`${saga} never begins: found no message that starts it; add .starts(contract, ...)`);
  }
  const lost = timers.find((timer) => !timeouts.has(timer));
  if (lost !== undefined) {
    throw new TypeError(
      `${saga} has the timer '${lost}', and nothing happens when it is over; add .timeout('${lost}', ...), or leave it out of 'timers'`,
    );
  }
}

function handledTwice(service: string, contract: string, one: string, other: string): TypeError {
  const who = one === other ? `${one} twice` : `${one} and ${other}`;
  return new TypeError(
    `service '${service}': '${contract}' is handled by ${who}; allowed: one part; put both into one handler, or one of them into another service`,
  );
}

/** A handler has the name of its contract. */
function checkName(service: string, part: Part, parts: readonly Part[]): void {
  if (part.part !== 'saga' && part.part !== 'recurring') return;
  const same = parts.find((each) => each !== part && each.name === part.name);
  if (same === undefined) return;
  const [one, other] = [textOf(same), textOf(part)];
  const who = one === other ? `${one} comes twice` : `${one} and ${other} have the same name`;
  throw new TypeError(`service '${service}': ${who}; allowed: a name of its own for each part; rename one`);
}
