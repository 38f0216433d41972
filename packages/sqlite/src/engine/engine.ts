/** Chooses the SQLite engine. Only this file knows which one is used. */
import { DaemonError } from '@mcp-daemon/core';

import type { Connect } from './connection.js';
import { openLibsql } from './libsql-driver.js';
import { findNodeSqlite, openNodeSqlite } from './node-driver.js';

/**
 * The engine for this Node version: the built-in one if there is one (since 22.13), else libsql, which is loaded now.
 *
 * @throws DaemonError `store_failed` if libsql has no binary for this platform
 */
export function chooseEngine(): Connect {
  const builtin = findNodeSqlite();
  if (builtin !== undefined) return (file, readonly, immutable) => openNodeSqlite(builtin, file, readonly, immutable);
  try {
    return openLibsql();
  } catch (cause) {
    const what = 'The embedded store needs Node 22.13 or newer, or the package libsql with its binary for this platform.';
    throw new DaemonError('store_failed', `${what} Without either, keep records in memory (--store memory).`, { cause });
  }
}
