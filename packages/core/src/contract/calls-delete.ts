/** What any store must do to remove single records, if it does. A part of `calls.ts`. */
import assert from 'node:assert/strict';

import { uuidv7 } from '../base/uuid.js';
import type { ContractCheck } from './calls-support.js';
import { check, exampleRecord, same } from './calls-support.js';

/** The checks of `delete`. */
export const deleteChecks: readonly ContractCheck[] = [
  check('delete removes one record of one partition, open or settled, if the store supports it', async ({ calls }) => {
    if (calls.delete === undefined) return;
    const rows = [exampleRecord(), exampleRecord({ status: 'in_process', content: null, time_spent: null }), exampleRecord()];
    const [first, open, last] = rows.map((row) => row.mcp_function_call_uuid) as [string, string, string];
    await calls.write([...rows, exampleRecord({ mcp_function_call_uuid: first, partition_key: 'other' })]);
    assert.equal(await calls.delete('default', first), true);
    assert.equal(await calls.delete('default', first), false);
    assert.equal(await calls.delete('default', open), true);
    for (const uuid of [uuidv7(), 'no uuid', '']) assert.equal(await calls.delete('default', uuid), false);
    assert.equal(await calls.delete('nobody', last), false);
    const { items } = await calls.list('default', {});
    same(items, rows.slice(2));
    assert.equal(await calls.get('default', first), undefined);
    assert.notEqual(await calls.get('other', first), undefined);
    assert.equal(await calls.count('default', {}), 1);
  }),
];
