/** Compares the answers that clients got with the call records. */
import { createRequire } from 'node:module';

import { path } from '../lib/contenders.mjs';

const MAX_NAMED = 20;

/** Counts every call, by the key in its arguments. */
export class Ledger {
  /** From a key to the status that the record must have; undefined if the client left before the answer. */
  calls = new Map();
  errors = new Map();
  counts = new Map();
  #next = 0;

  /** Adds a new call. @returns its key */
  begin(who) {
    const key = `${who}-${this.#next++}`;
    this.calls.set(key, undefined);
    return key;
  }

  /** Adds the answer of a call. @param message the JSON-RPC response */
  answered(key, tool, message) {
    const text = message.result?.content?.[0]?.text ?? '';
    const failed = message.result?.isError === true;
    const good = tool === 'failing' ? failed && text.includes(key) : !failed && text.split(' ', 1)[0] === key;
    if (!good) this.error(`${tool} answered`, JSON.stringify(message).slice(0, 200));
    this.calls.set(key, tool === 'failing' ? 'failed' : 'completed');
    this.count(`${tool} answered`);
  }

  count(what) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Adds an error: something that must not happen. */
  error(what, detail = '') {
    const known = this.errors.get(what) ?? { times: 0, detail };
    known.times += 1;
    this.errors.set(what, known);
  }

  /**
   * Compares with the record in a file that is no longer written. Differences are errors.
   *
   * @returns the number of records, and the ids of each user's records
   */
  compare(file) {
    // Not every supported Node has node:sqlite.
    const Database = createRequire(path('../../packages/sqlite/package.json'))('libsql');
    const database = new Database(file, { readonly: true });
    const rows = database
      .prepare(
        "SELECT mcp_function_call_uuid AS id, status, updated_by AS user, json_extract(arguments, '$.key') AS key FROM mcp_function_calls",
      )
      .all();
    database.close();
    const byKey = new Map();
    const statuses = new Map();
    const idsOf = new Map();
    for (const { id, status, user, key } of rows) {
      if (!idsOf.has(user)) idsOf.set(user, []);
      idsOf.get(user).push(id);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 'in_process') this.error('a record is still in_process', key);
      if (!this.calls.has(key)) this.error('a record of an unknown call', key);
      if (byKey.has(key)) this.error('two records of one call', key);
      byKey.set(key, status);
    }
    let answered = 0;
    for (const [key, status] of this.calls) {
      if (status === undefined) continue;
      answered += 1;
      const recorded = byKey.get(key);
      if (recorded === undefined) this.error('an answered call without a record', key);
      else if (recorded !== status) this.error(`a call that was answered is recorded as ${recorded}`, key);
    }
    return { records: rows.length, calls: this.calls.size, answered, statuses, idsOf };
  }

  /** The errors, as lines of text. */
  errorLines() {
    return [...this.errors]
      .slice(0, MAX_NAMED)
      .map(([what, { times, detail }]) => `- ${what}: ${times} times, such as ${detail}`);
  }
}
