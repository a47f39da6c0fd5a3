import type { FastifyInstance } from 'fastify';

export interface Route {
  readonly method: string;
  /** `/api/queues/:vhost/:queue` */
  readonly url: string;
}

/** Every route that an application has, but for HEAD, which is GET without the body. */
export function routesOf(app: FastifyInstance): readonly Route[] {
  const routes: Route[] = [];
  const path: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indentation, part = '', methods = ''] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    if (indentation === undefined) continue;
    path.splice(indentation.length / 4);
    // one place in a path may have another name for each method
    path.push(part.replaceAll(/(:\w+)(\|:\w+)+/g, '$1'));
    for (const method of methods.split(', ')) {
      if (method !== '' && method !== 'HEAD') routes.push({ method, url: path.join('') });
    }
  }
  return routes;
}
