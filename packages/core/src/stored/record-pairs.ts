/**
 * Pairs the records of two stores. Each lists them newest first, but not by the same time: SQLite by the beginning of a call, DynamoDB by
 * the last change of its record. So the second list is read a little ahead of the first one, and what is not found there is asked for.
 */
import type { CallRecord, Store } from '../ports/calls.js';
import { idIn } from './record-ids.js';

/** Records of one request. */
export const PAGE = 100;
/** Records of the second store that are remembered until their pair comes; with bodies they may be large. */
const REMEMBERED = 10_000;
const REMEMBERED_WITH_BODIES = 300;

/** A record, and the one that the second store has of the same call. */
export interface RecordPair {
  record: CallRecord;
  /** The id of the call in the second store. */
  id: string;
  other: CallRecord | undefined;
}

async function* pagesOf({ calls }: Store, partition: string, bodies: boolean): AsyncGenerator<CallRecord[], undefined> {
  let cursor: string | undefined;
  do {
    const page = await calls.list(partition, { bodies, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/**
 * All records of the first store, with their pairs in the second one, whose other records are left out.
 *
 * @param bodies whether arguments and results of the second store are read. Where a record has to be asked for, they are
 * @throws what the stores throw
 */
export async function* recordPairs(
  from: Store,
  to: Store,
  partition: string,
  bodies: boolean,
): AsyncGenerator<RecordPair, undefined> {
  const pages = pagesOf(to, partition, bodies);
  const most = bodies ? REMEMBERED_WITH_BODIES : REMEMBERED;
  const others = new Map<string, CallRecord>();
  let [seen, read, ended, isComplete] = [0, 0, false, true];

  async function readOn(): Promise<void> {
    const { value } = await pages.next();
    ended = value === undefined;
    read += value?.length ?? 0;
    for (const other of value ?? []) others.set(other.mcp_function_call_uuid, other);
    for (const oldest of others.keys()) {
      if (others.size <= most) return;
      others.delete(oldest);
      isComplete = false;
    }
  }

  for await (const records of pagesOf(from, partition, true)) {
    for (const record of records) {
      const id = idIn(to.calls, record);
      while (!ended && read < seen + PAGE) await readOn();
      seen += 1;
      const known = others.get(id);
      others.delete(id);
      // All of the second store was seen, and this one was not there.
      const isMissing = known === undefined && ended && isComplete;
      yield { record, id, other: known ?? (isMissing ? undefined : await to.calls.get(partition, id)) };
    }
  }
}
