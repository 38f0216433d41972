/**
 * The report that is printed at the end.
 */
import { readFileSync } from 'node:fs';

import { machine } from './machine.mjs';
import { table } from './markdown.mjs';
import { hasProc } from './proc.mjs';
import { digits } from './stats.mjs';

const root = new URL('../../', import.meta.url);
const versionAt = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8')).version;

function heading() {
  const versions = [
    `mcp-daemon ${versionAt('packages/cli/package.json')}`,
    ...['sdk', 'server'].map(
      (name) => `@modelcontextprotocol/${name} ${versionAt(`node_modules/@modelcontextprotocol/${name}/package.json`)}`,
    ),
    `zod ${versionAt('node_modules/zod/package.json')}`,
  ];
  return [
    '# Benchmark of mcp-daemon',
    [
      `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. Node ${process.version}. ${machine()}.`,
      `${versions.join(', ')}.`,
      'Every figure is median (least..greatest) over interleaved rounds; ratios are taken within one round, with the floor of the same era.',
      ...(hasProc ? [] : ['CPU and memory are read from /proc, which this system does not have.']),
    ].join('\n'),
  ].join('\n\n');
}

function verdict({ limit = Infinity, atLeast = -Infinity, measured: { median } }) {
  if (!Number.isFinite(median)) return 'not measured';
  return median <= limit && median >= atLeast ? 'met' : 'not met';
}

const spanOf = ({ median, min, max }) => `${digits(median)} (${digits(min)}..${digits(max)})`;

function budgetTable(budgets) {
  const rows = budgets.map((entry) => [entry.what, entry.budget, spanOf(entry.measured), verdict(entry)]);
  return `## Budgets\n\n${table(['what', 'budget', 'measured', 'verdict'], rows)}`;
}

/** The whole report in Markdown, from the results of the suites. */
export function report(suites) {
  const failures = suites.flatMap((suite) => [...suite.failures].map(([{ title }, why]) => `- ${title}: ${why}`));
  return [
    heading(),
    ...suites.map(({ text }) => text),
    budgetTable(suites.flatMap(({ budgets }) => budgets)),
    ...(failures.length === 0 ? [] : [`## Not measured\n\n${failures.join('\n')}`]),
  ].join('\n\n');
}
