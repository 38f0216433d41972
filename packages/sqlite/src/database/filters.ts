/** The filters of a query, as SQL. */
import type { CallQuery } from '@mcp-daemon/core';
import { CALL_STATUSES } from '@mcp-daemon/core';

import type { Value } from '../engine/connection.js';
import { keepable } from '../engine/text.js';

/** A condition with its values. */
export type Condition = [sql: string, ...values: Value[]];

/** The filters of a query: on the calls `c`, and on their contexts `x`. */
export interface Filters {
  call: Condition[];
  context: Condition[];
  /** The status as a number, where the query has one; it is in `call`, too. */
  status: number | undefined;
}

/** From a query to conditions. The partition is not among them. */
export function filtersOf(query: CallQuery): Filters {
  const { mcp_type, updated_at_gt, updated_at_lt } = query;
  const [name, updated_by, revision, client, server] = [
    ...[query.name, query.updated_by, query.revision, query.client, query.server],
  ].map((value) => (value === undefined ? undefined : keepable(value)));
  const status = query.status === undefined ? undefined : CALL_STATUSES.indexOf(query.status);
  const call: Condition[] = [];
  const context: Condition[] = [];
  if (name !== undefined) context.push(['x.name = ?', name]);
  if (mcp_type !== undefined) context.push(['x.mcp_type = ?', mcp_type]);
  if (updated_by !== undefined) context.push(['x.updated_by = ?', updated_by]);
  if (revision !== undefined) context.push(['x.revision = ?', revision]);
  // An empty text means null, which no filter matches.
  if (server !== undefined) context.push([`x.server <> '' AND x.server = ?`, server]);
  if (client !== undefined) {
    const matches = `x.client <> '' AND (x.client = ? OR substr(x.client, 1, length(?) + 1) = ? || '/')`;
    context.push([matches, client, client, client]);
  }
  if (status !== undefined) call.push(['c.status = ?', status]);
  if (updated_at_gt !== undefined) call.push(['c.updated_at > ?', updated_at_gt]);
  if (updated_at_lt !== undefined) call.push(['c.updated_at < ?', updated_at_lt]);
  return { call, context, status };
}

/** The conditions, all of which hold. */
export const sqlOf = (conditions: readonly Condition[]): string => conditions.map(([sql]) => sql).join(' AND ');

/** Their values, in the order of {@link sqlOf}. */
export const valuesOf = (conditions: readonly Condition[]): Value[] => conditions.flatMap(([, ...values]) => values);
