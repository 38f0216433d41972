import { exactJson } from '../../src/base/exact-numbers.js';
import { inspectConfigText, parseConfig } from '../../src/config/config.js';
import type { ConfigDocument } from '../../src/config/document.js';
import type { JsonRpcResponse } from '../../src/index.js';
import { createDaemon } from '../../src/index.js';
import { createMemoryCatalogStore } from '../../src/memory/catalogs.js';
import { encode } from '../../src/protocol/encode.js';
import { applyPlan } from '../../src/stored/apply.js';
import { exportConfig } from '../../src/stored/history.js';
import { planConfig } from '../../src/stored/plan.js';
import { createStoredSource } from '../../src/stored/source.js';
import type { Client } from '../support.js';
import { legacy, modern, textOf } from '../support.js';

const BIG = '9223372036854775807';
const DEFAULT = '1915883588174806058';

const ignore = (): void => undefined;
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A config whose numbers JavaScript cannot represent. `more` is a further property of the schema, as text. */
const configText = (big = BIG, more = ''): string => `{
  // a comment, so that the text is read more than once
  "tools": [{ "name": "tweet", "_meta": { "ids": [1, ${big}] }, "inputSchema": { "type": "object", "properties": {
    "id": { "type": "integer", "maximum": ${big}, "enum": [${DEFAULT}, 5], "default": ${DEFAULT} }${more} } } }],
  "module_links": [{ "name": "tweet", "module_name": "m", "function_name": "f" }],
}`;

/** The list of tools as a transport sends it. */
async function listed(client: Client): Promise<string> {
  const answer = await client.session.receive(client.message('tools/list'));
  return encode(answer as JsonRpcResponse);
}

describe('whole numbers beyond 2^53 in a config file', () => {
  it.each(['legacy', 'modern'] as const)('are listed as they are written (%s)', async (era) => {
    const daemon = createDaemon({ catalog: parseConfig(configText(BIG, ', "any": true')).definition });
    const text = await listed(era === 'legacy' ? await legacy(daemon) : modern(daemon));
    expect(text).toContain(`"maximum":${BIG},"enum":[${DEFAULT},5],"default":${DEFAULT}}`);
    expect(text).toContain(`"_meta":{"ids":[1,${BIG}]}`);
    expect(text).toContain(era === 'legacy' ? '"any":{}' : '"any":true');
  });

  it('are listed as they are written in a schema whose type is added', async () => {
    const text = `{"tools": [{"name": "t", "inputSchema": {"maxProperties": ${BIG}}}],
      "module_links": [{"name": "t", "module_name": "m", "function_name": "f"}]}`;
    const daemon = createDaemon({ catalog: parseConfig(text).definition });
    expect(await listed(modern(daemon))).toContain(`{"type":"object","maxProperties":${BIG}}`);
  });

  it('make another revision where only their text differs', () => {
    const [one, same, other] = [BIG, BIG, '9223372036854775806'].map((big) => parseConfig(configText(big)).definition.revision);
    expect(one).toBe(same);
    expect(other).not.toBe(one);
  });

  it('reach code as the nearest number', async () => {
    const { definition } = parseConfig(configText());
    const functions = definition.functions.map((tool) => ({
      ...tool,
      binding: { kind: 'inline' as const, run: (args: unknown) => JSON.stringify(args) },
    }));
    const client = modern(createDaemon({ catalog: { ...definition, functions } }));
    expect(textOf(await client.call('tweet'))).toBe(`{"id":${Number(DEFAULT)}}`);
  });

  it('are listed as they are written, and exported so, by a partition of the store', async () => {
    const catalogs = createMemoryCatalogStore();
    const documentOf = (big: string): ConfigDocument => {
      const { document } = inspectConfigText(configText(big));
      if (document === undefined) throw new Error('the config has mistakes');
      return document;
    };
    await applyPlan(catalogs, await planConfig(catalogs, 'acme', documentOf(BIG)), { author: 'ada' });
    const exported = await exportConfig(catalogs, 'acme');
    expect(exactJson(exported)).toContain(`"maximum":${BIG}`);
    expect(exactJson(exported, 2)).toContain(`"maximum": ${BIG}`);
    expect((await planConfig(catalogs, 'acme', exported)).unchanged).toBe(true);
    expect((await planConfig(catalogs, 'acme', documentOf('9223372036854775806'))).unchanged).toBe(false);
    const daemon = createDaemon({ catalogs: createStoredSource({ catalogs, logger: SILENT }) });
    const text = await listed(modern(daemon, { identity: { partition: 'acme' } }));
    expect(text).toContain(`"enum":[${DEFAULT},5]`);
    expect(text).toContain(`"_meta":{"ids":[1,${BIG}]}`);
    await daemon.close();
  });
});
