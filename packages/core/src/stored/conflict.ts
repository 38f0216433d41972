/** The error of a change that was planned on a revision that is no longer served: it says who changed the partition. */
import { truncate } from '../base/truncate.js';
import type { CatalogStore, HistoryEntry } from '../ports/catalog-store.js';
import { DaemonError } from '../protocol/errors.js';

/** Entries of the history that are read: with more than these the error names the newest, and counts no further. */
const MAX_ENTRIES = 100;
/** Characters of a note. */
const MAX_NOTE = 200;
/** Digits of a revision, as `config history` shows it. */
const SHORT = 12;

/** The entries that came after one, newest first. @param base the id of that one; null: the partition had none */
async function entriesSince(catalogs: CatalogStore, partition: string, base: string | null): Promise<HistoryEntry[]> {
  try {
    const { items } = await catalogs.history(partition, { limit: MAX_ENTRIES });
    const at = items.findIndex(({ id }) => id === base);
    return at === -1 ? items : items.slice(0, at);
  } catch {
    return []; // the conflict is what counts
  }
}

function sentence({ revision, action, author, created_at, source, note }: HistoryEntry, others: number): string {
  const when = new Date(created_at).toISOString().replace(/\.\d+Z$/, 'Z');
  const from = source === null ? '' : ` from ${source}`;
  const about = note === null ? '' : ` (${JSON.stringify(truncate(note, MAX_NOTE))})`;
  const more = others === 0 ? '' : `, and ${others} more ${others === 1 ? 'was' : 'were'} made before it`;
  return ` Revision ${revision.slice(0, SHORT)} was made by ${author} at ${when}, by ${action}${from}${about}${more}.`;
}

/**
 * Makes the error of a change that lost against another one.
 *
 * @param base the entry of the history that the change was planned on; null: there was none
 * @returns DaemonError `conflict`: its message names the newest revision, its author, time, source and note; its `data` are the entries of
 *   the history that came since, newest first
 * @example if (plan.base !== base) throw await conflictOf(store.catalogs, 'acme', base);
 */
export async function conflictOf(catalogs: CatalogStore, partition: string, base: string | null): Promise<DaemonError> {
  const since = await entriesSince(catalogs, partition, base);
  const [newest] = since;
  const who = newest === undefined ? '' : sentence(newest, since.length - 1);
  return new DaemonError('conflict', `The partition "${partition}" was changed since this was planned: plan again.${who}`, {
    ...(newest === undefined ? {} : { data: since }),
  });
}
