import {
  Copy,
  type Dockerfile,
  DockerfileParser,
  Entrypoint,
  Healthcheck,
  type Instruction,
  JSONInstruction,
} from 'dockerfile-ast';
import { deployText } from './deploy-files.ts';

/** A step of the build: `RUN`, `COPY`, `WORKDIR` and so on. */
export interface ImageStep {
  readonly keyword: string;
  /** Without flags, in one line. */
  readonly text: string;
  /** Of `COPY --from=`: the stage whose files are meant. */
  readonly fromStage?: string;
}

/** One `FROM` and what follows it. */
export interface ImageStage {
  readonly name: string;
  readonly steps: readonly ImageStep[];
}

/** What a Dockerfile of `deploy` makes. */
export class DockerImage {
  /** Its name in `deploy`. */
  readonly file: string;
  readonly #dockerfile: Dockerfile;

  constructor(file: string) {
    this.file = file;
    this.#dockerfile = DockerfileParser.parse(deployText(file));
  }

  /** In the order of the file; the last one is the image. */
  get stages(): ImageStage[] {
    const stages: { name: string; steps: ImageStep[] }[] = [];
    for (const instruction of this.#dockerfile.getInstructions()) {
      if (instruction.getKeyword() === 'FROM') {
        const name = / AS (\S+)$/i.exec(instruction.getArgumentsContent() ?? '')?.[1] ?? '';
        stages.push({ name, steps: [] });
      } else stages.at(-1)?.steps.push(stepOf(instruction));
    }
    return stages;
  }

  /** What all instructions of the image with this keyword say. */
  says(keyword: string): string[] {
    const steps = this.stages.at(-1)?.steps ?? [];
    return steps.filter((step) => step.keyword === keyword).map(({ text }) => text);
  }

  /** The variables of `ENV`. */
  get environment(): Record<string, string> {
    const pairs = this.says('ENV').flatMap((text) => text.split(' '));
    return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
  }

  /** The number of the user that the image runs as. */
  get user(): number {
    return Number(/^(\d+):\d+$/.exec(this.says('USER')[0] ?? '')?.[1]);
  }

  /** The words of `ENTRYPOINT`; throws when it is a line for a shell. */
  get entrypoint(): string[] {
    return this.#wordsOf((each) => each instanceof Entrypoint);
  }

  /** The words of `ENTRYPOINT` and `CMD`; throws when one of them is a line for a shell. */
  get command(): string[] {
    return [...this.entrypoint, ...this.#wordsOf((each) => each.getKeyword() === 'CMD')];
  }

  /** The words of `HEALTHCHECK`; throws when it is a line for a shell. */
  get healthCheck(): string[] {
    const found = this.#dockerfile.getInstructions().find((each) => each instanceof Healthcheck);
    const nested = found?.getArgumentsContent()?.replace(/^CMD\s+/, '');
    return JSON.parse(nested ?? '') as string[];
  }

  #wordsOf(isWanted: (instruction: Instruction) => boolean): string[] {
    return this.#dockerfile.getInstructions().filter(isWanted).flatMap(wordsOf);
  }
}

/** The broker. */
export const BROKER_IMAGE: DockerImage = new DockerImage('Dockerfile');
/** The services of a project. */
export const SERVICE_IMAGE: DockerImage = new DockerImage('Dockerfile.service');

function stepOf(instruction: Instruction): ImageStep {
  const keyword = instruction.getKeyword();
  const text = instruction
    .getArguments()
    .map((argument) => argument.getValue())
    .join(' ');
  const stage = instruction instanceof Copy ? instruction.getFromFlag()?.getValue() : undefined;
  return { keyword, text, ...(typeof stage === 'string' ? { fromStage: stage } : {}) };
}

function wordsOf(instruction: Instruction): string[] {
  const words = instruction instanceof JSONInstruction ? instruction.getJSONStrings() : [];
  if (words.length === 0) throw new Error(`${instruction.getKeyword()} is a line for a shell`);
  return words.map((word) => JSON.parse(word.getValue()) as string);
}
