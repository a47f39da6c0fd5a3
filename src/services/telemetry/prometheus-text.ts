/** Metrics in Prometheus' text format 0.0.4: two lines for a name, and behind them all its samples. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = readonly (readonly [name: string, value: string])[];

export interface MetricHead {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

export class PrometheusText {
  readonly #lines: string[] = [];

  head({ name, type, help }: MetricHead): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  sample(name: string, labels: Labels, value: number): void {
    const text = labels.map(([label, labelled]) => `${label}="${escaped(labelled)}"`).join(',');
    this.#lines.push(`${name}{${text}} ${value}`);
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
