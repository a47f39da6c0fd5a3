import type { FastifyInstance } from 'fastify';

/** `OPTIONS` asks for it, and whoever comes with another method is told. */
export const OPTIONS = 'OPTIONS';

interface KnownPath {
  /** Undefined: a parameter, which may be anything. */
  readonly segments: readonly (string | undefined)[];
  readonly methods: Set<string>;
}

/** Which methods each path takes: a router only knows whether there is a route. */
export class AllowedMethods {
  readonly #paths = new Map<string, KnownPath>();

  /** To be called before any route of `app` is registered. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ method, url }) => {
      let known = this.#paths.get(url);
      if (known === undefined) {
        const segments = segmentsOf(url).map((part) => (part.startsWith(':') ? undefined : part));
        known = { segments, methods: new Set() };
        this.#paths.set(url, known);
      }
      for (const each of [method].flat()) known.methods.add(String(each));
    });
  }

  /** As `Allow` lists them; undefined when there is no such path. Only asked for what leads to no route. */
  of(url: string): string | undefined {
    const segments = segmentsOf(url.split('?', 1)[0] ?? '');
    const methods = new Set<string>();
    for (const known of this.#paths.values()) {
      if (matches(known, segments)) for (const method of known.methods) methods.add(method);
    }
    return methods.size === 0 ? undefined : [...methods, OPTIONS].join(', ');
  }
}

function segmentsOf(path: string): readonly string[] {
  return path.replace(/\/$/, '').split('/');
}

function matches({ segments }: KnownPath, asked: readonly string[]): boolean {
  if (segments.length !== asked.length) return false;
  return segments.every((segment, index) => segment === undefined || segment === asked[index]);
}
