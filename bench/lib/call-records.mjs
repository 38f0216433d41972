/**
 * Call records to fill a store with: many functions, callers and revisions, and a few of each kind that are rare, all among the oldest.
 */
const BEGAN = 1_790_000_000_000;
const STEP_MS = 50;
/** Of each rare kind. */
const RARE = 120;

/** Numbers from 0 to 1, the same in each run. */
function createRandom() {
  let seed = 1;
  return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Creates what makes the records of a file with `count` of them, by their place. */
export function createRecords(count) {
  const random = createRandom();
  const early = Math.floor(count / 10);
  const every = Math.max(4, Math.floor(early / RARE));
  return (index) => {
    const time = BEGAN + index * STEP_MS;
    const digits = time.toString(16).padStart(12, '0');
    const end = Math.floor(random() * 2 ** 48);
    const rare = index < early ? index % every : -1;
    const status = index % 50 === 0 ? 'failed' : 'completed';
    return {
      partition_key: 'default',
      mcp_function_call_uuid: `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${end.toString(16).padStart(12, '0')}`,
      name: rare === 1 ? 'rare' : `function_${index % 20}`,
      mcp_type: 'tool',
      arguments: '{"name":"Ada","number":12345}',
      content: '{"content":[{"type":"text","text":"Hello, Ada! 12345"}]}',
      content_in_s3: false,
      status: rare === 2 ? 'timed_out' : status,
      notes: null,
      time_spent: 1.25,
      updated_by: rare === 3 ? 'guest' : `user_${Math.floor(random() * 5)}`,
      created_at: time,
      updated_at: time + 2,
      fault: null,
      revision: `revision_${Math.floor((index / count) * 10)}`,
      bundle_digest: null,
      owner: 'bench',
      traceparent: null,
      server: 'bench',
      client: 'bench/1.0.0',
    };
  };
}

/** Fills a store, in groups as calls make them. @returns microseconds of CPU per record, until all are imported */
export async function fill(store, count) {
  const record = createRecords(count);
  const before = process.cpuUsage();
  for (let index = 0; index < count;) {
    const rows = [];
    for (const end = Math.min(count, index + 64); index < end; index += 1) rows.push(record(index));
    await store.calls.write(rows);
    // The import needs turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await store.calls.list('default', { limit: 1 });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
