/** The config that a bundle carries: `mcp_configuration.json`, as the Python engine has it. */
import { readContent } from './contents.js';
import type { GuardedBundle } from './guard.js';
import { decodeUtf8 } from './names.js';
import { BundleRefusal } from './refusal.js';

const CONFIG = 'mcp_configuration.json';
const MAX_BYTES = 10_000_000;

/** A config's text, and where it is. */
export interface BundleConfig {
  path: string;
  text: string;
}

/**
 * Reads the config of a bundle: in its own folder, or in the one folder that holds everything.
 *
 * @returns undefined: it carries none
 * @throws BundleRefusal if it is damaged, too large or not UTF-8
 */
export async function configOf({ bytes, files }: GuardedBundle): Promise<BundleConfig | undefined> {
  const tops = new Set([...files.keys()].map((path) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  const [only = ''] = tops.size === 1 ? tops : [];
  const file = files.get(CONFIG) ?? (only === '' ? undefined : files.get(`${only}/${CONFIG}`));
  if (file === undefined) return undefined;
  if (file.size > MAX_BYTES) throw new BundleRefusal('too_large', `has more than ${MAX_BYTES} bytes`, file.path);
  const text = decodeUtf8(await readContent(bytes, file));
  if (text === undefined) throw new BundleRefusal('content', 'is not UTF-8', file.path);
  return { path: file.path, text };
}

/** What a bundle's code seems to be written in, by its files at the top. Empty: neither. */
export function languagesOf({ files }: GuardedBundle): string[] {
  const shallow = [...files.keys()].filter((path) => path.split('/').length <= 2 && !path.startsWith('node_modules/'));
  const has = (pattern: RegExp): boolean => shallow.some((path) => pattern.test(path));
  return [...(has(/\.[cm]?[jt]s$|(?:^|\/)package\.json$/) ? ['Node'] : []), ...(has(/\.py$/) ? ['Python'] : [])];
}
