export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"\\}]|"(?:[^"\\\n]|\\.)*")*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"/g;
const UNESCAPED: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** What Prometheus would make of a text in format 0.0.4. */
export class ParsedMetrics {
  readonly text: string;
  readonly samples: readonly MetricSample[];
  readonly #types: ReadonlyMap<string, string>;

  constructor(text: string, samples: readonly MetricSample[], types: ReadonlyMap<string, string>) {
    this.text = text;
    this.samples = samples;
    this.#types = types;
  }

  /** With exactly these labels; undefined when there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const wanted = JSON.stringify(Object.entries(labels).sort());
    return this.samples.find(
      (sample) => sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted,
    )?.value;
  }

  /** The names of the metrics, whether they have samples or not. */
  get names(): readonly string[] {
    return [...this.#types.keys()];
  }

  typeOf(name: string): string | undefined {
    return this.#types.get(name) ?? this.#types.get(name.replace(/_(bucket|sum|count)$/, ''));
  }
}

/** Throws for what Prometheus would refuse: a line that is no sample, two samples with equal labels, samples apart from their head. */
export function parseMetrics(text: string): ParsedMetrics {
  const samples: MetricSample[] = [];
  const types = new Map<string, string>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ');
      if (types.has(name)) throw new Error(`two heads of ${name}`);
      types.set(name, type);
      current = name;
      continue;
    }
    const sample = sampleOf(line);
    const family = ['histogram', 'summary'].includes(types.get(current) ?? '')
      ? sample.name.replace(/_(bucket|sum|count)$/, '')
      : sample.name;
    if (family !== current) throw new Error(`a sample of ${sample.name} stands below the head of ${current}`);
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(key)) throw new Error(`two samples of ${key}`);
    seen.add(key);
    samples.push(sample);
  }
  return new ParsedMetrics(text, samples, types);
}

function sampleOf(line: string): MetricSample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`no sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = match;
  const labels: Record<string, string> = {};
  for (const [, label = '', value = ''] of labelText.matchAll(LABEL)) {
    labels[label] = value.replace(/\\(.)/g, (_, character: string) => UNESCAPED[character] ?? character);
  }
  const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
  return { name, labels, value };
}
