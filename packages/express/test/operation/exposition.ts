/**
 * A strict parser of the Prometheus text format. It refuses what Prometheus would refuse or misunderstand.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

/** One line. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric. */
export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/;

function labelsIn(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const [whole, name, value] = LABEL.exec(rest) ?? [];
    if (whole === undefined || name === undefined || value === undefined) throw new Error(`bad labels: ${line}`);
    if (name in labels) throw new Error(`label ${name} twice: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function valueIn(text: string, line: string): number {
  if (!/^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|NaN)$/i.test(text)) throw new Error(`bad value: ${line}`);
  return Number(text.replace('Inf', 'Infinity'));
}

/** Checks that bucket counts increase and that the last bucket is infinite and equals the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _le, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('Inf', 'Infinity')));
    const counts = buckets.map(({ value }) => value);
    const sorted = (values: number[]): boolean => values.every((value, index) => index === 0 || value >= values[index - 1]!);
    const count = group.find((sample) => sample.name === `${name}_count`);
    if (!sorted(bounds) || !sorted(counts) || bounds.at(-1) !== Infinity) throw new Error(`bad buckets: ${name} ${key}`);
    if (count === undefined || counts.at(-1) !== count.value) throw new Error(`count is not the last bucket: ${name} ${key}`);
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`no sum: ${name} ${key}`);
  }
}

/** Parses a whole text. @throws Error for the first mistake in it */
export function readExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, about, said] = COMMENT.exec(line) ?? [];
    if (about !== undefined && said !== undefined) {
      if (families.has(about)) throw new Error(`${about} occurs twice: ${line}`);
      if (kind === 'HELP') helps.set(about, said);
      else families.set(about, { type: said, help: helps.get(about) ?? '', samples: [] });
      current = about;
      continue;
    }
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
    const family = families.get(current);
    const own = family?.type === 'histogram' ? [`${current}_bucket`, `${current}_sum`, `${current}_count`] : [current];
    if (family === undefined || !own.includes(name)) throw new Error(`not in its family: ${line}`);
    const sample: Sample = { name, labels: labelsIn(labels, line), value: valueIn(value, line) };
    const key = JSON.stringify([name, Object.entries(sample.labels).sort()]);
    if (seen.has(key)) throw new Error(`twice: ${line}`);
    seen.add(key);
    family.samples.push(sample);
  }
  for (const [name, { type, samples, help }] of families) {
    if (help === '') throw new Error(`${name} has no help`);
    if (type === 'histogram') checkHistogram(name, samples);
    if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} counts down`);
  }
  return families;
}

/** The value of one sample; undefined: there is no such sample. */
export function valueOf(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | undefined {
  const family = families.get(name.replace(/_(bucket|sum|count)$/, '')) ?? families.get(name);
  return family?.samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value;
}
