/** Bounds on bundles. */
import { DaemonError } from '@mcp-daemon/core';

/** Bounds on one bundle. */
export interface BundleLimits {
  /** Bytes of the archive. Default 250,000,000. */
  archiveBytes: number;
  /** Bytes of all files, extracted. Default 1,000,000,000. */
  extractedBytes: number;
  /** Bytes of one file, extracted. Default 250,000,000. */
  fileBytes: number;
  /** Entries: files, folders and links. Default 50,000. */
  entries: number;
  /** How many times as large as its compressed form a file of more than 100,000 bytes may be. Default 100. */
  ratio: number;
}

/** The defaults of {@link BundleLimits}. The largest real bundles that were looked at have 32,000 files, none compressed over 55 times. */
export const DEFAULT_BUNDLE_LIMITS: BundleLimits = {
  archiveBytes: 250_000_000,
  extractedBytes: 1_000_000_000,
  fileBytes: 250_000_000,
  entries: 50_000,
  ratio: 100,
};

/** Smaller files may have any ratio: a few thousand equal bytes compress by far more than 100. */
export const RATIO_FROM_BYTES = 100_000;

/** Adds the defaults. @throws DaemonError `usage` if a limit is not a positive whole number */
export function withDefaultLimits(limits: Partial<BundleLimits> = {}): BundleLimits {
  const all: BundleLimits = { ...DEFAULT_BUNDLE_LIMITS, ...limits };
  for (const [name, value] of Object.entries(all) as [string, number][])
    if (!Number.isSafeInteger(value) || value < 1)
      throw new DaemonError('usage', `the limit ${name} of bundles must be a positive whole number, not ${value}`);
  return all;
}
