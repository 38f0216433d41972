/** Compares what callers of the soak of processes got with the call records. */
import { createRequire } from 'node:module';

import { path } from '../lib/contenders.mjs';

const MAX_NAMED = 20;

/** All calls by their keys, and what was wrong. */
export class CallLedger {
  /** From a key to what its record must say; undefined: there was no answer. */
  calls = new Map();
  counts = new Map();
  #errors = new Map();

  begin(key) {
    this.calls.set(key, undefined);
  }

  /** Adds the judgement of an answer. */
  answered({ key, bundle, mode }, { problem, status, version, text, slow }, answer) {
    const kind = bundle.startsWith('good') ? 'good' : 'bad';
    if (problem !== undefined) this.error(problem, `${bundle} ${mode}: ${text ?? JSON.stringify(answer).slice(0, 300)}`);
    else this.calls.set(key, { status, version, bundle, failure: status === 'completed' ? undefined : text });
    this.count(`${kind} calls: ${status ?? 'wrong'}`);
    if (slow) this.count(`${kind} calls in a harmless mode that reached their time limit`);
  }

  count(what) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  error(what, detail = '') {
    const known = this.#errors.get(what) ?? { times: 0, details: [] };
    known.times += 1;
    if (known.details.length < 3) known.details.push(detail);
    this.#errors.set(what, known);
  }

  get failed() {
    return this.#errors.size > 0;
  }

  /**
   * Compares with the records in a file that is no longer written. Differences are errors.
   *
   * @param pushed from a digest to the bundle and the version that have it
   * @returns the number of records by status
   */
  compare(file, pushed) {
    // Not every supported Node has node:sqlite.
    const Database = createRequire(path('../../packages/sqlite/package.json'))('libsql');
    const database = new Database(file, { readonly: true });
    const rows = database
      .prepare(
        "SELECT name, status, bundle_digest AS digest, content, json_extract(arguments, '$.key') AS key FROM mcp_function_calls",
      )
      .all();
    database.close();
    const seen = new Set();
    const statuses = new Map();
    for (const { name, status, digest, content, key } of rows) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (!this.calls.has(key)) this.error('a record of an unknown call', key);
      if (seen.has(key)) this.error('two records of one call', key);
      seen.add(key);
      const call = this.calls.get(key);
      if (call === undefined) continue;
      if (status !== call.status) this.error(`a call that was answered as ${call.status} is recorded as ${status}`, key);
      if (name !== call.bundle) this.error('a record of another function', key);
      const ran = pushed.get(digest);
      // A call that ended before its code was loaded has no digest.
      if (digest === null && status !== 'completed') continue;
      if (ran?.name !== call.bundle) this.error('a record with the digest of another bundle', `${key} ${digest}`);
      else if (call.version !== undefined && ran.version !== call.version)
        this.error('a record with the digest of another version', `${key}: answered by ${call.version}, recorded ${ran.version}`);
      if (call.failure !== undefined && !String(content).includes(JSON.stringify(call.failure).slice(1, -1)))
        this.error('a record with another reason than the answer', `${key}: ${call.failure} / ${String(content).slice(0, 300)}`);
    }
    for (const key of this.calls.keys()) if (!seen.has(key)) this.error('a call without a record', key);
    return statuses;
  }

  /** The errors, as lines of text. */
  errorLines() {
    return [...this.#errors]
      .slice(0, MAX_NAMED)
      .map(([what, { times, details }]) => `- ${what}: ${times} times, such as ${details.join(' | ')}`);
  }
}
