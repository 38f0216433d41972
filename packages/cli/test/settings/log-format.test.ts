/** `LOG_FORMAT` and `--log-format`, for serving and for commands, on a terminal and elsewhere. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { BIN, TempFolder, toolsConfig } from '../support.js';

const TEXT = /^\[\d\d:\d\d:\d\d[^\]]*\] (ERROR|INFO)/m;

describe('the format of the log', () => {
  const temp = new TempFolder();
  beforeAll(() => temp.write('mcp.json', toolsConfig('missing', 'title')));
  afterAll(() => temp.remove());

  /** The log of a command whose tool cannot be loaded, on a terminal. */
  async function onTerminal(env: Record<string, string>): Promise<string> {
    const words = [process.execPath, BIN, 'call', 'title', '--config', temp.at('mcp.json')].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', words, '/dev/null'], { env: temp.env(env), stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    for await (const chunk of child.stdout) text += String(chunk);
    child.stdin.end();
    return text;
  }

  /** The messages of a log of JSON lines. */
  const messagesOf = (log: string): string[] =>
    log
      .split('\n')
      .filter((line) => line.startsWith('{"level":'))
      .map((line) => (JSON.parse(line) as { msg: string }).msg);

  it('is JSON lines for a program that runs a command, and text if it wants text', async () => {
    const json = await temp.run(['call', 'title']);
    expect(messagesOf(json.stderr)).toContainEqual(expect.stringContaining('"title" cannot be run: '));
    const text = await temp.run(['call', 'title'], { env: { LOG_FORMAT: 'pretty' } });
    expect(text.stderr).toMatch(TEXT);
    expect(text.stderr).not.toContain('{"level":');
    expect(text.stderr).not.toContain('\u001b['); // no colours in a file
  });

  it('is text on a terminal, and JSON lines if the user wants JSON', async () => {
    expect(messagesOf(await onTerminal({}))).toEqual([]);
    expect(messagesOf(await onTerminal({ MCP_LOG_FORMAT: 'json' }))).toContainEqual(
      expect.stringContaining('"title" cannot be run: '),
    );
  });

  it('is that of the flag where there is a flag, for a server over HTTP too', async () => {
    const server = temp.start(['--transport', 'http', '--port', '0', '--auth-provider', 'none', '--log-format', 'text'], {
      env: { LOG_FORMAT: 'json', MCP_TRANSPORT: undefined },
    });
    let log = '';
    for await (const chunk of server.stderr) {
      log += String(chunk);
      if (log.includes('listening on')) break;
    }
    server.kill();
    await once(server, 'close');
    expect(log).toMatch(TEXT);
    expect(log).not.toContain('{"level":');
  });

  it('is that of the variable for a server on stdin and stdout', async () => {
    const sidecar = await temp.sidecar([], { env: { LOG_FORMAT: 'text' } });
    await sidecar.request('tools/call', { name: 'title', arguments: {} });
    sidecar.child.stdin.end();
    await sidecar.exited;
    expect(sidecar.stderr).toMatch(TEXT);
    expect(sidecar.stderr).not.toContain('{"level":');
  });

  it('is not what other programs say in the variable', async () => {
    for (const LOG_FORMAT of ['%(asctime)s %(levelname)s %(message)s', 'combined']) {
      const { code, stderr } = await temp.run(['call', 'title'], { env: { LOG_FORMAT } });
      expect(code).toBe(1);
      expect(messagesOf(stderr)).toContainEqual(expect.stringContaining('"title" cannot be run: '));
    }
    expect(await temp.run(['list'], { env: { MCP_LOG_FORMAT: 'combined' } })).toMatchObject({ code: 2 });
  });

  it('must be one that there is', async () => {
    const message = 'mcp-daemon: LOG_FORMAT in the environment says "xml": must be auto, text or json, not "xml"';
    expect(await temp.run([], { env: { LOG_FORMAT: 'xml' } })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message) as string,
    });
    expect(await temp.run(['list'], { env: { LOG_FORMAT: 'xml' } })).toMatchObject({ code: 2 });
  });
});
