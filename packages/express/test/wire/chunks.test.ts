import { Chunks } from '../../src/wire/chunks.js';
import { ADMIN, expectServed, lines, LIST, openServer, post, Wire } from '../hostile/support.js';
import { JSON_HEADERS, modern } from '../support.js';

describe('the chunks of a body', () => {
  it('are kept in blocks, however small they are', () => {
    const chunks = new Chunks();
    const large = Buffer.alloc(50_000, 'L');
    const parts = [...Array.from({ length: 900 }, (_, index) => Buffer.from(String(index % 10))), large, Buffer.from('end')];
    for (const part of parts) expect(chunks.add(part)).toBe(true);
    const all = Buffer.concat(parts);
    expect(chunks.bytes).toBe(all.length);
    expect(chunks.take()).toEqual(all);
  });

  it('may be many if they are not tiny', () => {
    const tiny = new Chunks();
    const small = new Chunks();
    const added = (to: Chunks, part: string): boolean =>
      Array.from({ length: 1_001 }, () => to.add(Buffer.from(part))).every((isAllowed) => isAllowed);
    expect(added(small, 'x'.repeat(64))).toBe(true);
    expect(added(tiny, 'x'.repeat(63))).toBe(false);
  });

  it('over HTTP: a body in some pieces is read, one in thousands of single bytes is refused', async () => {
    const { port } = await openServer();
    const chunked = (body: string, size: number): string => {
      const { headers = {} } = modern('tools/list');
      const parts = body.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
      const text = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
      const sent = lines({ ...JSON_HEADERS, ...headers, ...ADMIN, 'transfer-encoding': 'chunked' });
      return `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${sent}\r\n${text}0\r\n\r\n`;
    };
    expect((await new Wire(port).write(chunked(LIST, 1)).answered()).statuses).toEqual([200]);
    const refused = await new Wire(port).write(chunked(LIST + ' '.repeat(5_000), 1)).answered();
    expect(refused.statuses).toEqual([400]);
    expect(refused.received).toContain('too many small chunks');
    await expectServed({ port });
  });
});

describe('a connection', () => {
  it('is closed when it sends hundreds of requests without waiting for a response; thirty are served', async () => {
    const { port } = await openServer();
    const some = new Wire(port).write(post(LIST).repeat(30));
    while (some.statuses.length < 30) await some.answered().then(() => new Promise((resolve) => setImmediate(resolve)));
    expect(new Set(some.statuses)).toEqual(new Set([200]));
    const many = await new Wire(port).write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_000)).ended();
    expect(many.statuses.length).toBeLessThan(1_000);
    await expectServed({ port });
  });
});
