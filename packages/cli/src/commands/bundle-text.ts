/** What the commands for bundles print. */
import type { GuardedBundle } from '@mcp-daemon/modules/bundle';

import type { SettingName } from '../settings/settings.js';
import type { Progress } from '../terminal/progress.js';

/** The settings with bounds on bundles. */
export const BOUND_FLAGS = [
  'bundleMaxBytes',
  'bundleMaxExtractedBytes',
  'bundleMaxEntries',
  'bundleMaxRatio',
] as const satisfies SettingName[];

/** The settings of commands that use a folder or a bucket of bundles. */
export const PLACE_FLAGS = ['zipPath', 'bucket', 's3Endpoint', 'region'] as const satisfies SettingName[];

/** A number with commas. */
export const amount = (number: number): string => number.toLocaleString('en-US');

/** A number with the word for what it counts. */
export const counted = (number: number, word: string): string => `${amount(number)} ${word}${number === 1 ? '' : 's'}`;

/** A bundle as commands show it. */
export interface BundleReport {
  name: string;
  /** SHA-256 of the archive. */
  sha256: string;
  /** Bytes of the archive. */
  bytes: number;
  files: number;
  links: number;
  /** Bytes of all files. */
  extracted: number;
  languages: string[];
  /** The path of the config that it carries. */
  config: string | null;
  notes: readonly string[];
}

/** Collects what is shown of a bundle. @throws BundleRefusal if its config is damaged */
export async function reportOn(name: string, bundle: GuardedBundle): Promise<BundleReport> {
  const { configOf, digestOf, languagesOf } = await import('@mcp-daemon/modules/bundle');
  return {
    name,
    sha256: await digestOf(bundle.bytes),
    bytes: bundle.bytes.length,
    files: bundle.files.size,
    links: bundle.links.length,
    extracted: bundle.size,
    languages: languagesOf(bundle),
    config: (await configOf(bundle))?.path ?? null,
    notes: bundle.notes,
  };
}

/** A report as lines. */
export function reportLines({ bytes, files, links, extracted, languages, config, sha256 }: BundleReport): string[] {
  const parts = [
    counted(bytes, 'byte'),
    `${counted(files, 'file')} of ${counted(extracted, 'byte')}`,
    ...(links === 0 ? [] : [counted(links, 'link')]),
    ...languages,
    ...(config === null ? [] : [`config in ${config}`]),
  ];
  return [parts.join(', '), `sha256 ${sha256}`];
}

/** The name of a bundle for a file: `weather` for `dist/weather.zip`. */
export const nameOfFile = (file: string): string => file.replace(/^.*[\\/]/, '').replace(/\.zip$/i, '');

/** From so many bytes on, the progress of a push is shown. */
const LARGE_BYTES = 1_000_000;

/** Shows how much of a bundle is stored, if that may take long. */
export function showBytes(progress: Progress, done: number, total: number): void {
  if (total >= LARGE_BYTES) progress.update('bytes', done, total);
}
