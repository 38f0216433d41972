/** Stores on tables of their own, for the contracts. */
import type { DynamoStore, DynamoStoreOptions } from '../src/index.js';
import { initDynamoStore, openDynamoStore, openS3Blobs } from '../src/index.js';
import type { Engine } from './support.js';
import { LOCAL, startDynalite, startFauxqs } from './support.js';

let s3: Engine;
const engines: Engine[] = [];

beforeAll(async () => {
  s3 = await startFauxqs('payloads');
});

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

afterAll(async () => {
  await s3.stop();
});

/** @returns the engine, which is stopped at the end of the test */
export function untilEnd(engine: Engine): Engine {
  engines.push(engine);
  return engine;
}

/** A store on tables of its own. */
export async function openEmpty(options: DynamoStoreOptions = {}): Promise<{ store: DynamoStore; endpoint: string }> {
  const { endpoint } = untilEnd(await startDynalite());
  await initDynamoStore({ ...LOCAL, endpoint });
  const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
  const store = await openDynamoStore({ ...LOCAL, endpoint, blobs, expireAfterMs: 0, ...options });
  return { store, endpoint };
}
