/** The flags that try a new version on recorded calls before it serves. */
import { UsageError } from '../errors.js';
import { IGNORE_FLAG } from './calls-replay.js';
import { textFlag } from './command.js';

const DEFAULT_DIFF = '0';
const DEFAULT_SLOWDOWN = '3';

/** The flags. {@link promotionOf} reads them. */
export const PROMOTE_FLAGS = {
  'promote-after': textFlag(
    'First run the last N recorded calls of each changed function that only reads on the present version and on the new one',
  ),
  'max-diff': textFlag('With --promote-after: calls that may differ', { defaultDescription: DEFAULT_DIFF }),
  'max-slowdown': textFlag('With --promote-after: how many times as long a function may take', {
    defaultDescription: DEFAULT_SLOWDOWN,
  }),
  ignore: IGNORE_FLAG,
};

/** How a new version is tried. */
export interface Promotion {
  calls: number;
  maxDiff: number;
  maxSlowdown: number;
  ignore: readonly string[];
}

function numberOf(text: string, flag: string, least: number, whole: boolean): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= least && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`--${flag}: must be a ${whole ? 'whole ' : ''}number of ${least} or more, not "${text}"`);
}

/** What the flags say. @returns undefined: nothing is tried @throws UsageError */
export function promotionOf(flags: {
  'promote-after'?: string | undefined;
  'max-diff'?: string | undefined;
  'max-slowdown'?: string | undefined;
  ignore?: readonly string[] | undefined;
}): Promotion | undefined {
  const { 'promote-after': after, 'max-diff': diff, 'max-slowdown': slowdown, ignore = [] } = flags;
  if (after === undefined) {
    if (diff !== undefined || slowdown !== undefined || ignore.length > 0)
      throw new UsageError('--max-diff, --max-slowdown and --ignore need --promote-after');
    return undefined;
  }
  return {
    calls: numberOf(after, 'promote-after', 1, true),
    maxDiff: numberOf(diff ?? DEFAULT_DIFF, 'max-diff', 0, true),
    maxSlowdown: numberOf(slowdown ?? DEFAULT_SLOWDOWN, 'max-slowdown', 1, false),
    ignore,
  };
}
