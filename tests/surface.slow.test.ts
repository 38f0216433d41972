import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type ts from 'typescript';

import type { Surface } from './surface.js';
import { sourceOf, surfacesOf } from './surface.js';
import { packages, root } from './walls.js';

/** What users import, by package. */
const ENTRIES: ReadonlyMap<string, readonly string[]> = new Map(
  packages.map((name) => [
    name,
    ['index.ts', 'contract/index.ts', 'auth/local/index.ts', 'auth/cognito/index.ts', 'library/index.ts', 'library/http.ts']
      .map((file) => `packages/${name}/src/${file}`)
      .filter((path) => existsSync(join(root, path))),
  ]),
);

/** Types that nobody needs to name, with the reason. */
const UNNAMED: Readonly<Record<string, string>> = {
  'packages/core/src/call/context.ts ContextSource': 'contexts are made by the daemon alone',
  'packages/core/src/session/session.ts SessionOptions': 'sessions are made by Daemon.open alone',
  'packages/core/src/session/flight.ts AskingConnection': 'what requests see of their session',
  'packages/core/src/schema/standard.ts InferInput': 'a step of Structured',
  'packages/core/src/schema/standard.ts InferOutput': 'a step of Arguments',
  'packages/core/src/schema/types.ts Flat': 'a step of TypeOf',
  'packages/core/src/schema/types.ts Members': 'a step of TypeOf',
  'packages/core/src/schema/types.ts Named': 'a step of TypeOf',
  'packages/core/src/schema/types.ts Required': 'a step of TypeOf',
  'packages/core/src/config/document.ts Optional': 'short for `| null | undefined`',
};

const keyOf = (symbol: ts.Symbol): string => `${sourceOf(symbol)} ${symbol.name}`;

const surfaces = surfacesOf([...ENTRIES.values()].flat());
const packageOf = (entry: string): string => entry.split('/')[1] ?? '';

/** Entries whose exports a user of `entry` can import: the others of its package, and those of the packages it builds on. */
function reachable(entry: string): Surface[] {
  // Whoever installs `mcp-daemon` has no other package of ours: its entries must give all names themselves.
  const own = packageOf(entry) === 'cli';
  return [...surfaces].filter(([other]) => !own || packageOf(other) === 'cli').map(([, surface]) => surface);
}

describe('what packages export', () => {
  it('has entries to look at', () => {
    expect(surfaces.size).toBeGreaterThanOrEqual(8);
    for (const [, { exported }] of surfaces) expect(exported.size).toBeGreaterThan(0);
    expect([...(surfaces.get('packages/core/src/index.ts')?.named.keys() ?? [])].map(({ name }) => name)).toContain('Daemon');
  });

  it.each([...surfaces.keys()])('%s: every type that an exported signature names can be imported', (entry) => {
    const surface = surfaces.get(entry)!;
    const importable = reachable(entry);
    const missing = [...surface.named]
      .filter(([symbol]) => !(keyOf(symbol) in UNNAMED) && !importable.some(({ symbols }) => symbols.has(symbol)))
      .map(([symbol, user]) => `${symbol.name} (${sourceOf(symbol)}), named by ${user}`);
    expect(missing).toEqual([]);
  });

  it('has no exception that is not needed', () => {
    const named = new Set([...surfaces.values()].flatMap((surface) => [...surface.named.keys()].map(keyOf)));
    expect(Object.keys(UNNAMED).filter((name) => !named.has(name))).toEqual([]);
  });
});
