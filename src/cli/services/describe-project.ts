/** A child process: loads the project whose entry is its argument, and tells its parent what is in it. What the module does is not done in the supervisor. */
import { topologyOf } from '../../services/runtime/topology-of.ts';
import { deadQueue } from '../../services/wire.ts';
import { loadProject } from './load-project.ts';
import { findProject } from './project.ts';
import type { ProjectDescription } from './project-description.ts';
import { ProjectError } from './project-error.ts';

async function describe(entry: string): Promise<ProjectDescription> {
  try {
    const { units } = await loadProject(findProject(process.cwd(), entry));
    return {
      type: 'services',
      services: units.map((unit) => ({
        name: unit.name,
        scale: unit.options.scale,
        queues: (topologyOf(unit).queues ?? [])
          .map(({ queue = '' }) => queue)
          .filter((queue) => queue !== deadQueue(unit.name)),
      })),
    };
  } catch (reason) {
    if (!(reason instanceof ProjectError)) throw reason;
    const { cause } = reason;
    const stack = cause instanceof Error ? cause.stack : undefined;
    return { type: 'failed', code: reason.code, message: reason.message, stack };
  }
}

process.send?.(await describe(process.argv[2] ?? ''), () => process.exit());
