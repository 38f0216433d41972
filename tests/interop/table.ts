/** Which client does what, as a table for people. */
import { clients } from './clients.js';
import { steps } from './steps.js';

/** What a client of that name will agree on. */
export function versionOf(name: string): { version: string; modern: boolean } {
  const version = /\d{4}-\d\d-\d\d/.exec(name)?.[0] ?? (name === 'SDK v2 auto' ? '2026-07-28' : '2025-11-25');
  return { version, modern: version >= '2026' };
}

/** The table as Markdown, and below it why a client cannot do a step. */
export function table(): string {
  const reasons: string[] = [];
  const cell = (step: (typeof steps)[number], name: string): string => {
    const why = step.cannot?.({ name, ...versionOf(name) });
    if (why === undefined) return 'yes';
    const known = reasons.indexOf(why);
    return `no (${known === -1 ? reasons.push(why) : known + 1})`;
  };
  const rows = steps.map((step) => `| ${step.name} | ${clients.map(({ name }) => cell(step, name)).join(' | ')} |`);
  const head = [`| a client … | ${clients.map(({ name }) => name).join(' | ')} |`, `| --- |${' --- |'.repeat(clients.length)}`];
  return [...head, ...rows, '', ...reasons.map((why, index) => `${index + 1}. ${why}`)].join('\n');
}
