/** Stores for tests of commands that work on stored catalogs: SQLite, and DynamoDB on dynalite. */
import { initDynamoStore, openDynamoStore } from '@mcp-daemon/aws';
import type { CatalogStore, Store } from '@mcp-daemon/core';
import { openSqliteStore } from '@mcp-daemon/sqlite';

import type { Engine } from '../../../aws/test/support.js';
import { LOCAL, startDynalite } from '../../../aws/test/support.js';
import type { Result } from '../support.js';
import { TempFolder } from '../support.js';

/** A store, and a folder to run commands in. */
export interface StoredFolder {
  readonly folder: TempFolder;
  readonly env: Record<string, string>;
  /** Runs a command on the store. */
  run(args: readonly string[], input?: string): Promise<Result>;
  /** Opens the store beside the commands. The caller closes it. */
  open(): Promise<Store & { catalogs: CatalogStore }>;
  stop(): Promise<void>;
}

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'TESTKEY', AWS_SECRET_ACCESS_KEY: 'TESTSECRET', REGION_NAME: 'eu-central-1' };

/** The environment of commands that use DynamoDB. */
export const dynamoEnv = ({ endpoint }: Engine): Record<string, string> => ({
  MCP_STORE: 'dynamodb',
  DYNAMODB_ENDPOINT: endpoint,
  ...CREDENTIALS,
});

/** A folder with an empty store. */
export async function storedFolder(kind: 'sqlite' | 'dynamodb'): Promise<StoredFolder> {
  const folder = new TempFolder();
  if (kind === 'sqlite') {
    const env = { MCP_DATA_DIR: folder.at('data') };
    return {
      folder,
      env,
      run: (args, input) => folder.run(args, { env, ...(input === undefined ? {} : { input }) }),
      open: () => openSqliteStore({ file: folder.at('data', 'mcp-daemon.db') }) as Promise<Store & { catalogs: CatalogStore }>,
      stop: () => Promise.resolve(folder.remove()),
    };
  }
  const engine = await startDynalite();
  await initDynamoStore({ ...LOCAL, endpoint: engine.endpoint });
  const env = dynamoEnv(engine);
  return {
    folder,
    env,
    run: (args, input) => folder.run(args, { env, ...(input === undefined ? {} : { input }) }),
    open: () => openDynamoStore({ ...LOCAL, endpoint: engine.endpoint }),
    async stop() {
      folder.remove();
      await engine.stop();
    },
  };
}

/** A config of tools of one class with a secret setting. */
export const classConfig = (...names: string[]): object => ({
  name: 'demo',
  tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })),
  module_links: names.map((name) => ({ name, module_name: 'demo', class_name: 'Demo', function_name: 'run' })),
  modules: [{ package_name: 'demo', module_name: 'demo', class_name: 'Demo', setting: { key: 'TOPSECRET', unit: 'C' } }],
});

/** The code of {@link classConfig}. */
export const CLASS_MODULE = `
export class Demo {
  constructor({ setting }) { this.setting = setting; }
  run() { return 'key ' + this.setting.key; }
}
`;
