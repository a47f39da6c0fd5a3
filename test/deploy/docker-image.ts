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

const dockerfile: Dockerfile = DockerfileParser.parse(deployText('Dockerfile'));

/** In the order of the file; the last one is the image. */
export function imageStages(): ImageStage[] {
  const stages: { name: string; steps: ImageStep[] }[] = [];
  for (const instruction of dockerfile.getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const name = / AS (\S+)$/i.exec(instruction.getArgumentsContent() ?? '')?.[1] ?? '';
      stages.push({ name, steps: [] });
    } else stages.at(-1)?.steps.push(stepOf(instruction));
  }
  return stages;
}

function stepOf(instruction: Instruction): ImageStep {
  const keyword = instruction.getKeyword();
  const text = instruction
    .getArguments()
    .map((argument) => argument.getValue())
    .join(' ');
  const stage = instruction instanceof Copy ? instruction.getFromFlag()?.getValue() : undefined;
  return { keyword, text, ...(typeof stage === 'string' ? { fromStage: stage } : {}) };
}

/** What all instructions of the image with this keyword say. */
export function imageSays(keyword: string): string[] {
  const steps = imageStages().at(-1)?.steps ?? [];
  return steps.filter((step) => step.keyword === keyword).map(({ text }) => text);
}

/** The variables of `ENV`. */
export function imageEnvironment(): Record<string, string> {
  const pairs = imageSays('ENV').flatMap((text) => text.split(' '));
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
}

/** The number of the user that the image runs as. */
export function imageUser(): number {
  return Number(/^(\d+):\d+$/.exec(imageSays('USER')[0] ?? '')?.[1]);
}

/** The words of `ENTRYPOINT` and `CMD`; throws when one of them is a line for a shell. */
export function imageCommand(): string[] {
  return dockerfile
    .getInstructions()
    .filter((each) => each instanceof Entrypoint || each.getKeyword() === 'CMD')
    .flatMap(wordsOf);
}

/** The words of `HEALTHCHECK`; throws when it is a line for a shell. */
export function imageHealthCheck(): string[] {
  const check = dockerfile.getInstructions().find((each) => each instanceof Healthcheck) as Healthcheck;
  const nested = check.getArgumentsContent()?.replace(/^CMD\s+/, '');
  return JSON.parse(nested ?? '') as string[];
}

function wordsOf(instruction: Instruction): string[] {
  const words = instruction instanceof JSONInstruction ? instruction.getJSONStrings() : [];
  if (words.length === 0) throw new Error(`${instruction.getKeyword()} is a line for a shell`);
  return words.map((word) => JSON.parse(word.getValue()) as string);
}
