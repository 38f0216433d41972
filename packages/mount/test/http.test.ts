import { until } from '../../../tests/until.js';
import { createLightPost } from '../src/http/light-post.js';
import { DISCOVERED, listen, serveByHand, serveV1, serveV2 } from './http-servers.js';
import { closeBenches, openBench, textOf } from './support.js';

afterEach(closeBenches);

describe('a server of SDK v1 over Streamable HTTP', () => {
  it('is mounted with its session', async () => {
    const served = await serveV1();
    const bench = openBench({
      mcpServers: { web: { url: served.url, headers: { Authorization: 'Bearer ${FROM_ENV}' } } },
    });
    const client = await bench.client({ capabilities: { elicitation: { form: {} } } });
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['web_echo', 'web_ask', 'web_progress', 'web_grow']);
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
    expect(bench.mounts.status()[0]).toMatchObject({
      state: 'ready',
      protocol: '2025-11-25',
      server: { name: 'v1', version: '1.0.0' },
    });
    expect(served.headers.every(({ authorization }) => authorization === 'Bearer a secret value')).toBe(true);

    const progress: unknown[] = [];
    const logged: unknown[] = [];
    client.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params.data));
    await client.callTool({ name: 'web_progress', arguments: {} }, { onprogress: (step) => progress.push(step) });
    expect(progress).toEqual([{ progress: 1, total: 2 }]);
    await until(() => logged.length > 0, 'the log line');

    expect(await client.readResource({ uri: 'note://one' })).toMatchObject({ contents: [{ text: 'a note' }] });
    expect(await client.getPrompt({ name: 'web_greet', arguments: { who: 'Ada' } })).toMatchObject({
      messages: [{ content: { text: 'Hello Ada' } }],
    });
    await bench.close();
    await served.close();
  });

  it('asks the caller whose call asks, even if several call', async () => {
    const served = await serveV1();
    const bench = openBench({ mcpServers: { web: { url: served.url } } });
    const names = ['Ada', 'Bob', 'Cleo'];
    const answers = await Promise.all(
      names.map(async (name) => {
        const client = await bench.client({ subject: name, capabilities: { elicitation: { form: {} } } });
        client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name } }));
        return textOf(await client.callTool({ name: 'web_ask', arguments: {} }));
      }),
    );
    expect(answers.map((answer) => (JSON.parse(answer) as { content: { name: string } }).content.name)).toEqual(names);
    await bench.close();
    await served.close();
  });

  it('that forgot the session gets a new one, and the call is made again', async () => {
    const served = await serveV1();
    const bench = openBench({ mcpServers: { web: { url: served.url } } });
    const client = await bench.client();
    await client.listTools();
    served.forget();
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'again' } }))).toBe('again');
    await bench.close();
    await served.close();
  });

  it('tells of changed lists on its stream', async () => {
    const served = await serveV1();
    const bench = openBench({ mcpServers: { web: { url: served.url } } });
    const client = await bench.client();
    await client.callTool({ name: 'web_grow', arguments: {} });
    await until(() => bench.mounts.status()[0]?.functions === 7, 'the new tool');
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('web_grown');
    await bench.close();
    await served.close();
  });
});

describe('a server of SDK v2 over Streamable HTTP', () => {
  it('is mounted in the modern era', async () => {
    const served = await serveV2();
    const bench = openBench({ mcpServers: { web: { url: served.url } } });
    const client = await bench.client({ capabilities: { elicitation: { form: {} } } });
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
    expect(bench.mounts.status()[0]).toMatchObject({ protocol: '2026-07-28', server: { name: 'v2', version: '2.0.0' } });
    // Its question has a state, which goes back to it.
    const [answer, state] = JSON.parse(textOf(await client.callTool({ name: 'web_ask', arguments: {} }))) as unknown[];
    expect(answer).toMatchObject({ action: 'accept', content: { name: 'Ada' } });
    expect(state).toBe('the state');
    expect(await client.readResource({ uri: 'note://one' })).toEqual({ contents: [{ uri: 'note://one', text: 'a note' }] });
    await bench.close();
    await served.close();
  });

  it('asks a client of the modern era by a result', async () => {
    const served = await serveV2();
    const bench = openBench({ mcpServers: { web: { url: served.url } } });
    const client = await bench.client({
      capabilities: { elicitation: { form: {} } },
      versionNegotiation: { mode: 'auto' },
    });
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Eve' } }));
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    expect(textOf(await client.callTool({ name: 'web_ask', arguments: {} }))).toContain('Eve');
    await bench.close();
    await served.close();
  });
});

describe('a server of the modern era', () => {
  it('that refuses the version once, and names it as supported, is asked again', async () => {
    const served = await serveByHand((method, at) => {
      if (at === 1) return { error: { code: -32022, message: 'Unsupported', data: { supported: ['2026-07-28'] } } };
      return method === 'server/discover' ? DISCOVERED : { result: { resultType: 'complete', tools: [] } };
    });
    const bench = openBench({ mcpServers: { web: { url: served.url } } });
    await (await bench.client()).close();
    expect(bench.mounts.status()[0]).toMatchObject({ state: 'ready', protocol: '2026-07-28' });
    expect(served.requests.map(({ method }) => method)).toEqual(['server/discover', 'server/discover', 'tools/list']);
    await bench.close();
    await served.close();
  });

  it('is served without tools whose arguments cannot be in headers', async () => {
    const tool = (name: string, schema: object): object => ({
      name,
      inputSchema: { type: 'object', properties: { value: schema, other: { type: 'string', 'x-mcp-header': 'Other' } } },
    });
    const tools = [
      tool('good', { type: 'string', 'x-mcp-header': 'Region' }),
      tool('empty', { type: 'string', 'x-mcp-header': '' }),
      tool('space', { type: 'string', 'x-mcp-header': 'My Region' }),
      tool('number', { type: 'number', 'x-mcp-header': 'Score' }),
      tool('twice', { type: 'string', 'x-mcp-header': 'other' }),
      tool('deep', { type: 'object', properties: { deeper: { type: 'integer', 'x-mcp-header': 'Deeper' } } }),
      tool('items', { type: 'array', items: { type: 'string', 'x-mcp-header': 'Item' } }),
      tool('data', { type: 'object', default: { 'x-mcp-header': '' } }),
    ];
    const served = await serveByHand((method) =>
      method === 'server/discover' ? DISCOVERED : { result: { resultType: 'complete', tools } },
    );
    const bench = openBench({ mcpServers: { web: { url: served.url, prefix: '' } } });
    const client = await bench.client();
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['good', 'deep', 'data']);
    const { leftOut = [] } = bench.mounts.status()[0] ?? {};
    expect(leftOut.map(({ name }) => name)).toEqual(['empty', 'space', 'number', 'twice', 'items']);
    expect(leftOut[1]?.why).toMatch(/^x-mcp-header must be an HTTP header name/);
    await bench.close();
    await served.close();
  });
});

describe('an address without an MCP server', () => {
  /** Why a server at this address is not mounted. */
  async function failureAt(url: string): Promise<string | undefined> {
    const bench = openBench({ mcpServers: { web: { url } } }, { mounts: { startMs: 20_000 } });
    await (await bench.client()).close();
    const [status] = bench.mounts.status();
    await bench.close();
    return status?.failure;
  }

  it.each([
    ['a page', 200, { 'content-type': 'text/html' }, /answered with something that is not MCP .*text\/html/],
    ['a redirect', 302, { location: 'https://example.com/other' }, /a redirect that is not followed/],
    ['a log-in', 401, { 'www-authenticate': 'Bearer' }, /asks for a log-in: give it headers/],
    ['a refusal', 403, {}, /refused the call \(HTTP 403\)/],
    [
      'a token with too few scopes',
      403,
      { 'www-authenticate': 'Bearer error="insufficient_scope", scope="repo read:org"' },
      /the server "web" refused the call \(HTTP 403\), because .* needs the scopes "repo read:org"\. Use a token/,
    ],
    ['an error', 500, {}, /answered with HTTP 500/],
  ] as const)('is reported: %s', async (_, status, headers, why) => {
    const served = await listen((_req, res) => {
      res.writeHead(status, { ...headers }).end('<html>hello</html>');
    });
    expect(await failureAt(served.url)).toMatch(why);
    await served.close();
  });

  it('is reported: nothing listens', async () => {
    const served = await listen(() => undefined);
    await served.close();
    expect(await failureAt(served.url)).toMatch(/the server "web" cannot be reached: nothing listens there/);
  });
});

it('a JSON answer that is too large is not kept', async () => {
  const served = await listen((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify('x'.repeat(2_000)));
  });
  const small = createLightPost(new URL(served.url), 1_000);
  await expect(small.post('{}', {})).rejects.toMatchObject({ code: 'limit_exceeded', message: /has more than 1000 bytes/ });
  const large = createLightPost(new URL(served.url), 3_000);
  expect(await large.post('{}', {})).toHaveLength(2_002);
  small.close();
  large.close();
  await served.close();
});
