/**
 * Prometheus' text format 0.0.4:
 *
 *     # HELP rabbitmq_queues Queues available
 *     # TYPE rabbitmq_queues gauge
 *     rabbitmq_queues 3
 *     rabbitmq_queue_messages_ready{vhost="/",queue="orders"} 7
 *
 * All samples of a name stand together, behind its two lines.
 */

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

export interface MetricHead {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
}

/** Writes metrics, and hands out what is written so far. */
export class MetricsText {
  #text = '';

  get length(): number {
    return this.#text.length;
  }

  /** What was written since this was asked last. */
  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  head({ name, type, help }: MetricHead): void {
    this.#text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  }

  /** `labels`: as `labelsOf` writes them; '' for none. Runs per line, of which there may be a million. */
  sample(name: string, labels: string, value: number): void {
    this.#text +=
      labels === '' ? `${name} ${valueText(value)}\n` : `${name}{${labels}} ${valueText(value)}\n`;
  }
}

/** `vhost="/",queue="orders"`; undefined values are left out. */
export function labelsOf(labels: { readonly [name: string]: string | undefined }): string {
  const texts: string[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (value !== undefined) texts.push(`${name}="${escapeLabel(value)}"`);
  }
  return texts.join(',');
}

/** Several parts of labels, of which some may be empty. */
export function joinLabels(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(',');
}

function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

/** Names come from strangers: a line break in one must not begin another sample. */
function escapeLabel(value: string): string {
  return ESCAPED.test(value)
    ? value.replace(/[\\"\n]/g, (character) => ESCAPES[character] ?? character)
    : value;
}

const ESCAPED = /[\\"\n]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
