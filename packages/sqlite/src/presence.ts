/**
 * Lets other processes know that this one lives, and finds out which of them do not: only the end of its process makes an open
 * record an interrupted one.
 *
 * A process announces itself together with its first open record, and while it has open ones it renews that now and then. The
 * renewal is for who cannot see its pid; a process without open records writes nothing.
 */
import type { CallRecord } from '@mcp-daemon/core';

import type { Connection, Row, Statement } from './connection.js';
import type { ProcessIdentity } from './liveness.js';
import { isAlive, thisProcess } from './liveness.js';
import { inTransaction } from './transaction.js';

const RENEW_MS = 15_000;
/** Without a sign of life for so long a process that cannot be looked at counts as ended. */
const SILENT_MS = 60_000;

/** The presence of this process. */
export interface Presence {
  /** Whether {@link announce} must go along with these rows. */
  isDue(rows: readonly CallRecord[]): boolean;
  /** Writes this process's sign of life, inside the caller's transaction. */
  announce(): void;
  /** To be called when the rows are committed. */
  written(rows: readonly CallRecord[], announced: boolean): void;
  /** Takes back what was announced, and ends the timer. */
  end(): void;
}

/** Creates the presence of `owner`; it writes nothing yet. */
export function createPresence(connection: Connection, owner: string): Presence {
  const open = new Set<string>();
  let announcedAt = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let identity: ProcessIdentity | undefined;
  let statement: Statement | undefined;

  function announce(): void {
    identity ??= thisProcess();
    const sql = 'INSERT OR REPLACE INTO owners (owner, pid, host, started, heartbeat) VALUES (?, ?, ?, ?, ?)';
    statement ??= connection.prepare(sql);
    statement.run([owner, identity.pid, identity.host, identity.started, Date.now()]);
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function renew(): void {
    if (open.size === 0) return stop();
    try {
      announce();
      announcedAt = Date.now();
    } catch {
      // The next turn tries again; three may fail before anyone takes this process for dead.
    }
  }

  const isOpen = (row: CallRecord): boolean => row.status === 'in_process' && row.owner === owner;

  return {
    isDue: (rows) => rows.some(isOpen) && Date.now() - announcedAt >= RENEW_MS,
    announce,
    written(rows, announced) {
      if (announced) announcedAt = Date.now();
      for (const row of rows) {
        if (isOpen(row)) open.add(row.mcp_function_call_uuid);
        else if (open.size > 0) open.delete(row.mcp_function_call_uuid);
      }
      if (open.size > 0) timer ??= setInterval(renew, RENEW_MS).unref();
    },
    end() {
      stop();
      if (announcedAt === -Infinity) return;
      try {
        connection.prepare('DELETE FROM owners WHERE owner = ?').run([owner]);
      } catch {
        // Then this process is found ended when it is.
      }
    },
  };
}

function hasEnded({ pid, host, started, heartbeat }: Row, now: number): boolean {
  const identity = { pid: Number(pid), host: String(host), started: started === null ? null : String(started) };
  return !(isAlive(identity) ?? now - Number(heartbeat) < SILENT_MS);
}

/**
 * Marks what ended processes left open `interrupted`; returns how many records. Where nothing is to do nothing is written.
 * Throws what the engine throws.
 */
export function interruptEnded(connection: Connection, self: string): number {
  const others = 'SELECT owner, pid, host, started, heartbeat FROM owners WHERE owner <> ?';
  // Whoever wrote a record and is not among the owners has closed its store, or was no daemon.
  const unknown = `SELECT 1 AS found FROM mcp_function_calls WHERE status = 'in_process' AND owner NOT IN (SELECT owner FROM owners)
    AND owner <> ? AND updated_at < ? LIMIT 1`;
  const now = Date.now();
  const listEnded = (): Row[] =>
    connection
      .prepare(others)
      .all([self])
      .filter((row) => hasEnded(row, now));
  if (listEnded().length === 0 && connection.prepare(unknown).all([self, now - SILENT_MS]).length === 0) return 0;

  const set = `UPDATE mcp_function_calls SET status = 'interrupted', notes = 'the process ended before the call did', updated_at = ?
    WHERE status = 'in_process'`;
  return inTransaction(connection, () => {
    let count = 0;
    // Read again: who was silent a moment ago may have spoken since.
    for (const { owner = null } of listEnded()) {
      count += connection.prepare(`${set} AND owner = ?`).run([now, owner]);
      connection.prepare('DELETE FROM owners WHERE owner = ?').run([owner]);
    }
    const orphans = `${set} AND owner NOT IN (SELECT owner FROM owners) AND owner <> ? AND updated_at < ?`;
    return count + connection.prepare(orphans).run([now, self, now - SILENT_MS]);
  });
}
