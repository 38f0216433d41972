/** Copies shared state that people made: what they pinned, and accounts that they logged in with. */
import type { StateStore } from '../ports/state.js';
import { DaemonError } from '../protocol/errors.js';
import type { CopiedPartition, CopyOptions } from './copy-report.js';

const PAGE = 100;

/** What {@link copyState} needs besides the stores. */
export interface StateCopy extends Required<Pick<CopyOptions, 'onProgress'>> {
  /** The beginnings of the keys. */
  prefixes: readonly string[];
  signal: AbortSignal | undefined;
}

/**
 * Copies the entries of a partition whose keys begin with one of some texts. An entry that is there already is left as it is, and named
 * if it has another value.
 *
 * @throws DaemonError `store_busy`, `closed`; the signal's reason
 */
export async function copyState(
  from: StateStore,
  to: StateStore,
  report: CopiedPartition,
  { prefixes, signal, onProgress }: StateCopy,
): Promise<void> {
  const { partition, state, differences } = report;
  try {
    for (const prefix of prefixes) {
      let cursor: string | undefined;
      do {
        const page = await from.list(partition, prefix, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
        for (const { key, value, expires_at } of page.items) {
          signal?.throwIfAborted();
          state.found += 1;
          if ((await to.put(partition, key, value, { expected: null, expires_at })) !== undefined) state.written += 1;
          else if ((await to.get(partition, key))?.value !== value) differences.push(`the target has another ${key}`);
        }
        ({ cursor } = page);
      } while (cursor !== undefined);
    }
  } catch (error) {
    // As where the table of shared state is missing: all else can be copied.
    if (!(error instanceof DaemonError) || error.code !== 'store_failed') throw error;
    differences.push(`shared state is not copied: ${error.message}`);
  }
  if (state.found > 0) onProgress({ partition, step: 'state', done: state.found, total: state.found });
}
