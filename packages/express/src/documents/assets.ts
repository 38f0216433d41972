/** What the pages are made of: files that `build.mjs` has written, of which some are served for good. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DaemonError } from '@mcp-daemon/core';

/** The pages, by name. */
export const PAGES = ['docs', 'redoc'] as const;

/** One of {@link PAGES}. */
export type PageName = (typeof PAGES)[number];

/** One file that pages ask for. */
export interface Asset {
  readonly file: string;
  readonly type: string;
  /** Whether it is compressed where it is. Its name says then what is in it, so that it never changes. */
  readonly gzip: boolean;
}

/** All that is served. */
export interface Assets {
  readonly files: ReadonlyMap<string, Asset>;
  /** HTML. */
  readonly pages: Readonly<Record<PageName, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * Where they are beside this code: where it is bundled, in the folder of the bundle or of its chunks; where it is not, in this
 * package's `dist`, also for those who run its sources.
 */
const PLACES = ['./assets/', '../assets/', '../../dist/assets/'];

const hasPages = (folder: string): boolean => PAGES.every((name) => existsSync(join(folder, `${name}.html`)));

function find(given: string | undefined): string | undefined {
  if (given === undefined) return PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(hasPages);
  if (hasPages(given)) return given;
  throw new DaemonError('usage', `assetsDir has no pages of the API: ${given}`);
}

/**
 * Finds the assets.
 *
 * @param given the folder; undefined: where a build has put them
 * @returns undefined where nothing is given, and they are not there
 * @throws DaemonError `usage` where the folder that is given has none
 */
export function openAssets(given: string | undefined): Assets | undefined {
  const folder = find(given);
  if (folder === undefined) return undefined;
  const files = new Map<string, Asset>();
  for (const file of readdirSync(folder)) {
    const gzip = file.endsWith('.gz');
    const name = gzip ? file.slice(0, -'.gz'.length) : file;
    const type = TYPES[extname(name)];
    if (type !== undefined) files.set(name, { file: join(folder, file), type, gzip });
  }
  const read = (name: PageName): string => readFileSync(join(folder, `${name}.html`), 'utf8');
  return { files, pages: { docs: read('docs'), redoc: read('redoc') } };
}
