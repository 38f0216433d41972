/** The thread that makes and sends batches of call records, without the SDK. `sender.ts` is the other side. */
import { parentPort, workerData } from 'node:worker_threads';

import { DaemonError } from '@mcp-daemon/core';

import type { Identity } from '../base/sigv4.js';
import { createCallEncoder } from './call-text.js';
import { textOf } from './codec.js';
import type { Answer, Batch, ThreadData } from './sender-messages.js';
import { toSent, unpack } from './sender-messages.js';
import { TABLE } from './table-names.js';
import type { DynamoCounts } from './wire.js';
import { createWire } from './wire.js';
import { writeBatch } from './write-batch.js';

const { address, limits, countUnits, expireAfterMs } = workerData as ThreadData;
const NOTHING: Readonly<DynamoCounts> = { requests: 0, retries: 0, throttled: 0, readUnits: 0, writeUnits: 0 };
const counts = { ...NOTHING };
const encode = createCallEncoder(expireAfterMs);

/** Those of the newest batch. */
let identity: Identity | undefined;

async function credentials(): Promise<Identity> {
  if (identity === undefined) throw new DaemonError('store_failed', 'There are no credentials.');
  return identity;
}

const wire = createWire({ ...limits, address, countUnits, counts, credentials });

async function write(batch: Batch): Promise<Pick<Answer, 'left' | 'error'>> {
  ({ identity } = batch);
  try {
    const records = unpack(batch);
    const requests = await writeBatch(
      wire,
      TABLE.calls,
      records.map((row) => encode(row, row.partition_key)),
    );
    const left = requests.map(({ PutRequest: request }) => {
      const { partition_key: key, mcp_function_call_uuid: uuid } = request?.Item ?? {};
      return records.findIndex((row) => row.partition_key === textOf(key) && row.mcp_function_call_uuid === textOf(uuid));
    });
    return { left, error: undefined };
  } catch (error) {
    return { left: [], error: toSent(error) };
  }
}

parentPort?.on('message', (batch: Batch) => {
  void write(batch).then((outcome) => {
    const answer: Answer = { id: batch.id, ...outcome, counts: { ...counts } };
    Object.assign(counts, NOTHING);
    parentPort?.postMessage(answer);
  });
});
