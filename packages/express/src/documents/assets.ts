/** The files of the API pages, written by `build.mjs`. Some have a digest in their names and never change. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DaemonError } from '@mcp-daemon/core';

/** The names of the pages, which are also rows of the table of paths. */
export const PAGES = ['docs', 'redoc'] as const;

/** One of {@link PAGES}. */
export type PageName = (typeof PAGES)[number];

/** One file that a page loads. */
export interface Asset {
  readonly file: string;
  readonly type: string;
  /** Whether the file is compressed on disk. The name of such a file contains a digest of its content, so it never changes. */
  readonly gzip: boolean;
}

/** All files and pages. */
export interface Assets {
  readonly files: ReadonlyMap<string, Asset>;
  /** The HTML of each page. */
  readonly pages: Readonly<Record<PageName, string>>;
  /** The HTML of GraphiQL, which is not at a path of its own. */
  readonly graphiql: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * Where the files may be, relative to this module: beside a bundle, beside the folder of its chunks, or in `dist` of this package
 * (also when its sources are run).
 */
const PLACES = ['./assets/', '../assets/', '../../dist/assets/'];

const hasPages = (folder: string): boolean => [...PAGES, 'graphiql'].every((name) => existsSync(join(folder, `${name}.html`)));

function find(given: string | undefined): string | undefined {
  if (given === undefined) return PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(hasPages);
  if (hasPages(given)) return given;
  throw new DaemonError('usage', `assetsDir does not contain the API pages: ${given}`);
}

/**
 * Finds the assets.
 *
 * @param given the folder; undefined: look where a build puts them
 * @returns undefined where no folder is given and the files are not found
 * @throws DaemonError `usage` where the given folder does not contain the pages
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
  const read = (name: PageName | 'graphiql'): string => readFileSync(join(folder, `${name}.html`), 'utf8');
  return { files, pages: { docs: read('docs'), redoc: read('redoc') }, graphiql: read('graphiql') };
}
