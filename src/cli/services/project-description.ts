import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ScaleOptions } from '../../services/service.ts';
import type { Project } from './project.ts';
import { ProjectError, type ProjectErrorCode } from './project-error.ts';

export interface DescribedService {
  readonly name: string;
  readonly scale?: ScaleOptions | undefined;
  /** Those that it consumes. */
  readonly queues: readonly string[];
}

/** What a child process says of a project. */
export type ProjectDescription =
  | { readonly type: 'services'; readonly services: readonly DescribedService[] }
  | {
      readonly type: 'failed';
      readonly code: ProjectErrorCode;
      readonly message: string;
      readonly stack?: string | undefined;
    };

/** The services of a project, which is loaded in a process of its own. Throws `ProjectError`. */
export async function describedServices(project: Project): Promise<readonly DescribedService[]> {
  const program = fileURLToPath(new URL('./describe-project.js', import.meta.url));
  const child = fork(program, [project.entry], {
    cwd: project.root,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const description = await new Promise<ProjectDescription>((resolve, reject) => {
    child.once('message', (message) => resolve(message as ProjectDescription));
    child.once('exit', (code) =>
      reject(new ProjectError('PROJECT_FAILED', `${project.entry} ended the process with exit code ${code}`)),
    );
  });
  if (description.type === 'services') return description.services;
  const { code, message, stack } = description;
  throw new ProjectError(code, message, stack === undefined ? {} : { cause: withStack(message, stack) });
}

function withStack(message: string, stack: string): Error {
  const error = new Error(message);
  error.stack = stack;
  return error;
}
